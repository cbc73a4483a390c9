"""A late retry must not undo a newer action of this client."""

from __future__ import annotations

import pytest

from plivo_phlo_async import Action
from plivo_phlo_async._transport.superseded import SupersededTracker

HOLD = Action.hold("p", "n", "+12025551111")
HANGUP = Action.hangup("p", "n", "12025551111")


@pytest.mark.parametrize(
    ("action", "newer", "is_superseded"),
    [
        (HOLD, Action.unhold("p", "n", "12025551111"), True),
        (HOLD, Action.mute("p", "n", "+12025551111"), True),
        (HOLD, Action.hangup("p", "n", "+12025551111"), True),
        (HOLD, Action.call("p", "n", "12025551111", "3"), True),
        (HOLD, Action.warm_transfer("p", "n", "2", "3"), True),
        (HOLD, Action.resume_call("p", "n", "2"), True),
        (HOLD, Action.abort_transfer("p", "n", "2"), True),
        (HOLD, Action.unhold("p", "n", "2"), False),
        (HOLD, Action.call("p", "n", "2", "3"), False),
        (HOLD, Action.unhold("p", "other", "12025551111"), False),
        (HOLD, Action.unhold("other", "n", "12025551111"), False),
        (HANGUP, Action.call("p", "n", "2", "+12025551111"), True),
        (HANGUP, Action.cold_transfer("p", "n", "2", "12025551111"), True),
        (HANGUP, Action.hold("p", "n", "12025551111"), False),
        (HANGUP, Action.call("p", "n", "12025551111", "3"), False),
        (Action.get_phlo("p"), Action.run("p"), False),
    ],
    ids=lambda value: str(value) if isinstance(value, Action) else "",
)
def test_an_action_is_superseded_by_what_its_retry_would_undo(
    action: Action, newer: Action, is_superseded: bool
) -> None:
    tracker = SupersededTracker()
    ticket = tracker.register(action)
    tracker.register(newer)
    tracker.forget(newer)

    assert tracker.is_superseded(action, ticket) is is_superseded


def test_an_earlier_action_supersedes_nothing() -> None:
    tracker = SupersededTracker()
    tracker.register(HOLD)
    ticket = tracker.register(HOLD)

    assert not tracker.is_superseded(HOLD, ticket)


def test_nothing_is_remembered_once_every_action_has_ended() -> None:
    tracker = SupersededTracker()
    for number in range(1000):
        action = Action.hold("p", "n", str(number))
        tracker.register(action)
        tracker.forget(action)

    assert tracker._latest == {}
    assert tracker._watched == {}
