"""Who is on a call, whatever the order and number of deliveries."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plivo_phlo_async import InvalidArgumentError
from plivo_phlo_async.webhooks import (
    ConferenceBridgeEvent,
    MemberTracker,
    MultiPartyCallEvent,
    TrackedMember,
    parse,
)

from .samples import MEMBER

EVENTS = ["ConferenceEnter", "ConferenceExit", "Redirect"]


def _event(member: str, event: str = "ConferenceEnter", **other: Any) -> MultiPartyCallEvent:
    params = {"conference_uuid": "c", "member_id": member, "event": event, "from": "1", "to": "2"}
    return parse(MultiPartyCallEvent, {**params, **other})


def _here(tracker: MemberTracker, conference: str = "c") -> list[str]:
    return [each.member_id for each in tracker.members(conference)]


def test_who_enters_is_on_the_call() -> None:
    tracker = MemberTracker()
    event = parse(MultiPartyCallEvent, MEMBER)
    changed = tracker.update(event)

    assert changed is True
    assert tracker.members(str(event.conference_uuid)) == (
        TrackedMember(
            "1234",
            "12025550000",
            "+12025550000",
            MEMBER["call_uuid"],
            call=MEMBER["conference_uuid"],
        ),
    )


def test_who_leaves_is_not() -> None:
    tracker = MemberTracker()
    seen = [
        tracker.update(_event("1")),
        tracker.update(_event("2")),
        tracker.update(_event("1", "ConferenceExit")),
    ]

    assert (seen, _here(tracker), tracker.calls()) == ([True] * 3, ["2"], ("c",))


def test_by_a_redirect_no_member_comes_or_goes() -> None:
    tracker = MemberTracker()
    tracker.update(_event("1"))
    seen = [tracker.update(_event("1", "Redirect")), tracker.update(_event("2", "Redirect"))]

    assert (seen, _here(tracker)) == ([False, False], ["1"])


def test_order_and_repeats_do_not_matter() -> None:
    gone = _event("1", "ConferenceExit")
    ends = set()
    for order in permutations([_event("1"), _event("2"), gone, _event("1"), gone]):
        tracker = MemberTracker()
        for event in order:
            tracker.update(event)
        ends.add(tuple(_here(tracker)))

    assert ends == {("2",)}


@given(
    st.lists(st.tuples(st.sampled_from("123"), st.sampled_from(EVENTS))),
    st.randoms(use_true_random=False),
)
def test_the_same_events_give_the_same_people(events: list[tuple[str, str]], random: Any) -> None:
    first, second = MemberTracker(), MemberTracker()
    shuffled = [*events, *events]
    random.shuffle(shuffled)
    for member, event in events:
        first.update(_event(member, event))
    for member, event in shuffled:
        second.update(_event(member, event))

    assert sorted(_here(first)) == sorted(_here(second))


def test_a_repeat_changes_nothing() -> None:
    tracker = MemberTracker()
    seen = [
        tracker.update(event) for event in [_event("1")] * 2 + [_event("1", "ConferenceExit")] * 2
    ]

    assert seen == [True, False, True, False]


def test_calls_are_kept_apart() -> None:
    tracker = MemberTracker()
    tracker.update(_event("1"))
    tracker.update(_event("1", conference_uuid="d"))
    tracker.update(_event("1", "ConferenceExit"))

    assert (_here(tracker), _here(tracker, "d"), tracker.calls()) == ([], ["1"], ("d",))


def test_when_a_call_ended_no_member_is_on_it_and_none_comes_back() -> None:
    tracker = MemberTracker()
    tracker.update(_event("1"))
    ended = tracker.update(_event("", "", state="Completed"))

    assert ended
    assert not tracker.update(_event("1"))
    assert not tracker.update(_event("2"))
    assert _here(tracker) == []


def test_a_name_may_be_used_again_when_its_call_ended() -> None:
    tracker = MemberTracker()
    named = {"conference_uuid": "", "conference_name": "support"}
    tracker.update(_event("1", **named))
    tracker.update(_event("", "", state="Completed", **named))
    tracker.update(_event("1", **named))  # repeated: a member of the ended call stays out
    tracker.update(_event("2", **named))

    assert _here(tracker, "support") == ["2"]


@pytest.mark.parametrize(
    ("direction", "address"), [("outbound", "2"), ("inbound", "1"), ("sideways", "1"), ("", "1")]
)
def test_the_address_is_the_one_at_the_members_end(direction: str, address: str) -> None:
    tracker = MemberTracker()
    tracker.update(_event("1", direction=direction))

    assert tracker.members("c")[0].address == address


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"event": "ConferenceEnter", "member_id": "1"},
        {"event": "ConferenceEnter", "conference_uuid": "c"},
        {"event": "ConferenceMute", "conference_uuid": "c", "member_id": "1"},
        {"conference_uuid": "c", "member_id": "1"},
    ],
)
def test_what_says_nothing_changes_nothing(params: dict[str, str]) -> None:
    tracker = MemberTracker()

    assert tracker.update(parse(MultiPartyCallEvent, params)) is False
    assert tracker.calls() == ()


def test_names_stand_in_for_ids_that_were_not_sent() -> None:
    tracker = MemberTracker()
    params = {"conference_name": "support", "call_uuid": "u", "event": "ConferenceEnter"}
    tracker.update(parse(ConferenceBridgeEvent, params))

    assert _here(tracker, "support") == ["u"]


def test_the_call_that_was_quiet_longest_is_forgotten() -> None:
    tracker = MemberTracker(max_calls=2)
    for conference in "abac":
        tracker.update(_event("1", conference_uuid=conference))

    assert tracker.calls() == ("a", "c")


def test_a_call_expires_after_its_last_event() -> None:
    now = [0.0]
    tracker = MemberTracker(expire_after=60, clock=lambda: now[0])
    tracker.update(_event("1"))
    now[0] = 50
    tracker.update(_event("2"))
    now[0] = 110
    before = _here(tracker)
    now[0] = 110.1

    assert (before, _here(tracker), tracker.calls()) == (["1", "2"], [], ())


def test_a_forgotten_call_begins_again_with_its_next_event() -> None:
    tracker = MemberTracker()
    tracker.update(_event("1"))
    tracker.forget("c")
    tracker.forget("unknown")
    forgotten = _here(tracker)
    tracker.update(_event("1"))

    assert (forgotten, _here(tracker)) == ([], ["1"])


def test_a_member_is_found_by_any_spelling_of_the_address() -> None:
    tracker = MemberTracker()
    tracker.update(_event("1", to="12025550199", direction="outbound"))

    found = tracker.find("+1 (202) 555-0199")
    assert found is not None
    assert (found.member_id, found.call) == ("1", "c")
    assert tracker.find("12025550198") is None


def test_of_two_calls_with_one_address_the_one_with_the_last_event_is_found() -> None:
    tracker = MemberTracker()
    for call in ("c", "d", "e"):
        tracker.update(_event("1", conference_uuid=call))
    tracker.update(_event("2", conference_uuid="c", **{"from": "other"}))
    tracker.update(_event("1", "ConferenceExit", conference_uuid="e"))

    found = tracker.find("1")
    assert found is not None
    assert found.call == "c"


@given(st.lists(st.tuples(st.sampled_from("123"), st.sampled_from([*EVENTS, "End"]))), st.data())
def test_a_snapshot_in_between_changes_nothing(
    events: list[tuple[str, str]], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(events)))
    whole, first, second = MemberTracker(), MemberTracker(), MemberTracker()
    for position, (member, event) in enumerate(events):
        ends = {"state": "Completed"} if event == "End" else {}
        for tracker in (whole, first if position < cut else second):
            tracker.update(_event(member, event, **ends))
    second.restore(json.loads(json.dumps(first.snapshot())))

    assert sorted(_here(second)) == sorted(_here(whole))


def test_a_restored_call_expires_when_it_would_have() -> None:
    now = [0.0]
    first = MemberTracker(expire_after=60, clock=lambda: now[0])
    first.update(_event("1"))
    now[0] = 40
    second = MemberTracker(expire_after=60, clock=lambda: now[0] + 1000)
    second.restore(first.snapshot())
    now[0] = 60
    before = _here(second)
    now[0] = 61

    assert (before, _here(second)) == (["1"], [])


@pytest.mark.parametrize("snapshot", [{}, {"version": 0, "calls": []}])
def test_a_snapshot_of_another_version_is_refused(snapshot: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^snapshot: "):
        MemberTracker().restore(snapshot)


@pytest.mark.parametrize("arguments", [{"max_calls": 0}, {"expire_after": 0}])
def test_an_invalid_argument_is_named(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match=rf"^{next(iter(arguments))}: "):
        MemberTracker(**arguments)


def test_the_exits_of_a_name_in_use_for_years_are_bounded() -> None:
    tracker = MemberTracker()
    for number in range(1200):
        for event in ("ConferenceEnter", "ConferenceExit"):
            tracker.update(_event(str(number), event))

    (call,) = tracker.snapshot()["calls"]
    assert len(call["exits"]) == 1000
