"""Who is on a call, whatever the order and number of deliveries."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plivo_phlo_async.webhooks import (
    ConferenceBridgeEvent,
    MemberWatch,
    MultiPartyCallEvent,
    Present,
    parse,
)

from .samples import MEMBER

EVENTS = ["ConferenceEnter", "ConferenceExit", "Redirect"]


def _event(member: str, event: str = "ConferenceEnter", **other: Any) -> MultiPartyCallEvent:
    params = {"conference_uuid": "c", "member_id": member, "event": event, "from": "1", "to": "2"}
    return parse(MultiPartyCallEvent, {**params, **other})


def _here(watch: MemberWatch, conference: str = "c") -> list[str]:
    return [each.member_id for each in watch.on_call(conference)]


def test_who_enters_is_on_the_call() -> None:
    watch = MemberWatch()
    event = parse(MultiPartyCallEvent, MEMBER)
    changed = watch.see(event)

    assert changed is True
    assert watch.on_call(str(event.conference_uuid)) == (
        Present("1234", "12025550000", "+12025550000", MEMBER["call_uuid"]),
    )


def test_who_leaves_is_not() -> None:
    watch = MemberWatch()
    seen = [
        watch.see(_event("1")),
        watch.see(_event("2")),
        watch.see(_event("1", "ConferenceExit")),
    ]

    assert (seen, _here(watch), watch.calls()) == ([True] * 3, ["2"], ("c",))


def test_by_a_redirect_nobody_comes_or_goes() -> None:
    watch = MemberWatch()
    watch.see(_event("1"))
    seen = [watch.see(_event("1", "Redirect")), watch.see(_event("2", "Redirect"))]

    assert (seen, _here(watch)) == ([False, False], ["1"])


def test_order_and_repeats_do_not_matter() -> None:
    gone = _event("1", "ConferenceExit")
    ends = set()
    for order in permutations([_event("1"), _event("2"), gone, _event("1"), gone]):
        watch = MemberWatch()
        for event in order:
            watch.see(event)
        ends.add(tuple(_here(watch)))

    assert ends == {("2",)}


@given(
    st.lists(st.tuples(st.sampled_from("123"), st.sampled_from(EVENTS))),
    st.randoms(use_true_random=False),
)
def test_the_same_events_give_the_same_people(told: list[tuple[str, str]], random: Any) -> None:
    first, second = MemberWatch(), MemberWatch()
    shuffled = [*told, *told]
    random.shuffle(shuffled)
    for member, event in told:
        first.see(_event(member, event))
    for member, event in shuffled:
        second.see(_event(member, event))

    assert sorted(_here(first)) == sorted(_here(second))


def test_a_repeat_changes_nothing() -> None:
    watch = MemberWatch()
    seen = [watch.see(event) for event in [_event("1")] * 2 + [_event("1", "ConferenceExit")] * 2]

    assert seen == [True, False, True, False]


def test_calls_are_kept_apart() -> None:
    watch = MemberWatch()
    watch.see(_event("1"))
    watch.see(_event("1", conference_uuid="d"))
    watch.see(_event("1", "ConferenceExit"))

    assert (_here(watch), _here(watch, "d"), watch.calls()) == ([], ["1"], ("d",))


def test_when_a_call_ended_nobody_is_on_it_and_nobody_comes_back() -> None:
    watch = MemberWatch()
    watch.see(_event("1"))
    ended = watch.see(_event("", "", state="Completed"))

    assert (ended, watch.see(_event("1")), watch.see(_event("2"))) == (True, False, False)
    assert _here(watch) == []


def test_a_name_may_be_used_again_when_its_call_ended() -> None:
    watch = MemberWatch()
    named = {"conference_uuid": "", "conference_name": "support"}
    watch.see(_event("1", **named))
    watch.see(_event("", "", state="Completed", **named))
    watch.see(_event("1", **named))  # told again: who was on the call that ended stays gone
    watch.see(_event("2", **named))

    assert _here(watch, "support") == ["2"]


@pytest.mark.parametrize(
    ("direction", "address"), [("outbound", "2"), ("inbound", "1"), ("sideways", "1"), ("", "1")]
)
def test_the_address_is_the_one_at_the_members_end(direction: str, address: str) -> None:
    watch = MemberWatch()
    watch.see(_event("1", direction=direction))

    assert watch.on_call("c")[0].address == address


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
def test_what_tells_nothing_changes_nothing(params: dict[str, str]) -> None:
    watch = MemberWatch()

    assert watch.see(parse(MultiPartyCallEvent, params)) is False
    assert watch.calls() == ()


def test_names_stand_in_for_ids_that_were_not_sent() -> None:
    watch = MemberWatch()
    params = {"conference_name": "support", "call_uuid": "u", "event": "ConferenceEnter"}
    watch.see(parse(ConferenceBridgeEvent, params))

    assert _here(watch, "support") == ["u"]


def test_the_call_that_was_quiet_longest_is_forgotten() -> None:
    watch = MemberWatch(most=2)
    for conference in "abac":
        watch.see(_event("1", conference_uuid=conference))

    assert watch.calls() == ("a", "c")
