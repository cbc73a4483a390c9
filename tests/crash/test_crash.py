"""A slice of the crash campaign; `nox -s crash` runs the whole."""

from __future__ import annotations

from .campaign import run


def test_killed_and_started_again_nobody_is_dialled_twice_and_nothing_is_lost() -> None:
    report = run(kills=6, seed=7)

    assert (report.kills, report.broken) == (6, [])
