"""A slice of the campaign: events from one process reach the other, though it is frozen or late."""

from __future__ import annotations

from ..shared_limit.server import needed
from .campaign import run


def test_no_event_is_lost_or_seen_twice_by_another_process() -> None:
    needed()
    figures = run(events=500, rate=500)

    assert figures.lost == 0
    assert figures.twice == 0
    assert figures.same_picture
