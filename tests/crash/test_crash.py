"""A slice of the crash campaign; `nox -s crash` runs the whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .campaign import run

pytestmark = pytest.mark.usefixtures("unmeasured")

_BROKEN = """
from plivo_phlo_async.bulk import journal, sqlite_tables, memory_journal

def fresh(status, earlier, redo):
    return journal.PriorState.FRESH

sqlite_tables.prior_state = fresh
"""


def test_killed_and_resumed_no_number_is_dialled_twice_and_none_is_lost() -> None:
    report = run(kills=3, seed=7, actions=60)

    assert report.kills == 3
    assert report.broken == []


def test_a_journal_that_frees_what_was_begun_breaks_the_promise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(_BROKEN)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    report = run(kills=3, seed=7, actions=60)

    assert any("dialled twice" in line for line in report.broken)
