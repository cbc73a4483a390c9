"""A late repeat must not undo what this client asked since."""

from __future__ import annotations

import pytest

from plivo_phlo_async import Action
from plivo_phlo_async._transport.newest import Asked

HOLD = Action.hold("p", "n", "+12025551111")
HANGUP = Action.hangup("p", "n", "12025551111")


@pytest.mark.parametrize(
    ("action", "newer", "is_newest"),
    [
        (HOLD, Action.unhold("p", "n", "12025551111"), False),
        (HOLD, Action.mute("p", "n", "+12025551111"), False),
        (HOLD, Action.hangup("p", "n", "+12025551111"), False),
        (HOLD, Action.call("p", "n", "12025551111", "3"), False),
        (HOLD, Action.warm_transfer("p", "n", "2", "3"), False),
        (HOLD, Action.resume_call("p", "n", "2"), False),
        (HOLD, Action.abort_transfer("p", "n", "2"), False),
        (HOLD, Action.unhold("p", "n", "2"), True),
        (HOLD, Action.call("p", "n", "2", "3"), True),
        (HOLD, Action.unhold("p", "other", "12025551111"), True),
        (HOLD, Action.unhold("other", "n", "12025551111"), True),
        (HANGUP, Action.call("p", "n", "2", "+12025551111"), False),
        (HANGUP, Action.cold_transfer("p", "n", "2", "12025551111"), False),
        (HANGUP, Action.hold("p", "n", "12025551111"), True),
        (HANGUP, Action.call("p", "n", "12025551111", "3"), True),
        (Action.get_phlo("p"), Action.run("p"), True),
    ],
    ids=lambda value: str(value) if isinstance(value, Action) else "",
)
def test_newer_is_what_a_repeat_would_undo(action: Action, newer: Action, is_newest: bool) -> None:
    asked = Asked()
    ticket = asked.enter(action)
    asked.enter(newer)
    asked.leave(newer)

    assert asked.is_newest(action, ticket) is is_newest


def test_what_was_asked_before_is_not_newer() -> None:
    asked = Asked()
    asked.enter(HOLD)
    ticket = asked.enter(HOLD)

    assert asked.is_newest(HOLD, ticket)


def test_nothing_is_remembered_once_nobody_cares() -> None:
    asked = Asked()
    for number in range(1000):
        action = Action.hold("p", "n", str(number))
        asked.enter(action)
        asked.leave(action)

    assert (asked._latest, asked._watched) == ({}, {})
