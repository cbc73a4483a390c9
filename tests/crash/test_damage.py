"""A slice of the damage campaign; `nox -s crash` runs the whole."""

from __future__ import annotations

import pytest

from plivo_phlo_async.bulk import sqlite_opening

from .damage import KINDS, damage_journals


def test_no_damage_makes_a_begun_action_be_sent_again() -> None:
    report = damage_journals(4 * len(KINDS), seed=7)

    assert report.redials == []
    assert report.changed == []
    assert report.refused.total() > 2 * len(KINDS)


def test_without_the_mark_a_lost_wal_would_be_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_opening, "check_mark", lambda path, summary: None)
    report = damage_journals(4 * len(KINDS), seed=7)

    assert any("older -wal" in line for line in report.redials)
