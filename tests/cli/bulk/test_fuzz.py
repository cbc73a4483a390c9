"""Any list is accepted or refused with text; the campaign is `python -m tests.cli.bulk.fuzz`."""

from __future__ import annotations

from pathlib import Path

from .fuzz import run


def test_random_lists_are_accepted_or_refused_and_nothing_else(tmp_path: Path) -> None:
    results = run(300, 7, tmp_path)

    assert results.total() == 300
    assert all(results[name] > 10 for name in ("accepted", "list refused", "rows refused"))
