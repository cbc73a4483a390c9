"""Several calls on one node: each action finds its own, one rule a test."""

from urllib.parse import parse_qs

import pytest

from plivo_phlo_async.emulator import (
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    ApiError,
    Call,
    PhloEmulator,
)

from ..asking import NODE, Heard, ask, say
from ..scenes import states

ANN, CARL, BEN, DORA, EVE, FINN = (f"1202555010{number}" for number in range(1, 7))
LINE = (DEMO_PHLO_ID, DEMO_NODE_ID)


def dial(emulator: PhloEmulator, action: str, source: str, to: str, role: str = "agent") -> Heard:
    content = {"action": action, "trigger_source": source, "to": to, "role": role}
    return ask(emulator, "POST", NODE, content)


def two_calls() -> PhloEmulator:
    """Ann with Carl, and Ben with Dora, on one node."""
    emulator = PhloEmulator(callback="http://127.0.0.1:9/events")
    dial(emulator, "call", ANN, CARL, "customer")
    dial(emulator, "call", BEN, DORA, "customer")
    return emulator


def shown(emulator: PhloEmulator) -> list[dict[str, str]]:
    return [states(call) for call in emulator.calls.values()]


def test_who_calls_and_is_in_no_call_opens_a_new_one() -> None:
    emulator = two_calls()

    assert shown(emulator) == [
        {ANN: "in_call", CARL: "in_call"},
        {BEN: "in_call", DORA: "in_call"},
    ]
    assert [call.node_key for call in emulator.calls.values()] == [LINE, LINE]


def test_who_calls_and_is_in_a_call_adds_to_it() -> None:
    emulator = two_calls()
    dial(emulator, "call", ANN, EVE)

    assert [list(call) for call in shown(emulator)] == [[ANN, CARL, EVE], [BEN, DORA]]


def test_who_has_left_and_calls_again_opens_a_new_call() -> None:
    emulator = two_calls()
    say(emulator, ANN, "hangup")
    again = dial(emulator, "call", ANN, EVE)

    assert again.status == 201
    assert shown(emulator) == [
        {ANN: "left", CARL: "in_call"},
        {BEN: "in_call", DORA: "in_call"},
        {ANN: "in_call", EVE: "in_call"},
    ]


def test_a_warm_transfer_holds_no_member_of_another_call() -> None:
    emulator = two_calls()
    dial(emulator, "warm_transfer", ANN, EVE)

    assert shown(emulator) == [
        {ANN: "consulting", CARL: "on_hold", EVE: "consulting"},
        {BEN: "in_call", DORA: "in_call"},
    ]


def test_each_call_can_have_a_transfer() -> None:
    emulator = two_calls()
    first = dial(emulator, "warm_transfer", ANN, EVE)
    second = dial(emulator, "cold_transfer", BEN, FINN)

    assert (first.status, second.status) == (201, 201)
    assert shown(emulator)[1] == {BEN: "left", DORA: "in_call", FINN: "in_call"}


def test_an_address_in_several_calls_acts_in_the_one_opened_last() -> None:
    emulator = two_calls()
    dial(emulator, "call", BEN, EVE)
    dial(emulator, "call", ANN, EVE)
    say(emulator, EVE, "hold")

    assert [call[EVE] for call in shown(emulator)] == ["in_call", "on_hold"]


def test_a_call_that_has_ended_leaves_the_others() -> None:
    emulator = two_calls()
    for address in (ANN, CARL):
        say(emulator, address, "hangup")

    assert shown(emulator) == [{BEN: "in_call", DORA: "in_call"}]


def test_a_transfer_by_an_address_in_no_call_is_404() -> None:
    emulator = two_calls()

    assert dial(emulator, "warm_transfer", EVE, FINN).status == 404


# Dialling in


def test_a_caller_joins_the_call_opened_last() -> None:
    emulator = two_calls()
    emulator.join(*LINE, EVE)

    assert [EVE in call for call in shown(emulator)] == [False, True]


def test_a_caller_joins_the_call_that_is_named() -> None:
    emulator = two_calls()
    emulator.join(*LINE, EVE, call_id=next(iter(emulator.calls)))

    assert [EVE in call for call in shown(emulator)] == [True, False]


def test_a_caller_can_open_a_call() -> None:
    emulator = two_calls()
    answer = ask(emulator, "POST", f"/_emulator/phones/{EVE}/call", {"new_call": True})

    assert answer.status == 200
    assert shown(emulator)[2] == {EVE: "in_call"}


@pytest.mark.parametrize("call_id", ["unknown", ""])
def test_a_caller_cannot_join_a_call_that_does_not_exist(call_id: str) -> None:
    emulator = two_calls()
    with pytest.raises(ApiError) as caught:
        emulator.join(*LINE, EVE, call_id=call_id)

    assert (caught.value.status, caught.value.error) == (404, "No such call.")


# Phones


def test_a_phone_is_answered_in_one_call_or_wherever_it_rings() -> None:
    emulator = two_calls()
    emulator.set_phone(EVE, "ring")
    for source in (ANN, BEN):
        dial(emulator, "call", source, EVE)
    emulator.answer(EVE, call_id=next(iter(emulator.calls)))
    once = [call[EVE] for call in shown(emulator)]
    emulator.answer(EVE)

    assert once == ["in_call", "ringing"]
    assert [call[EVE] for call in shown(emulator)] == ["in_call", "in_call"]


def test_a_phone_hangs_up_in_every_call_unless_one_is_named() -> None:
    emulator = two_calls()
    for source in (ANN, BEN):
        dial(emulator, "call", source, EVE)
    first = next(iter(emulator.calls))
    ask(emulator, "POST", f"/_emulator/phones/{EVE}/hangup", {"call_id": first})
    once = [call[EVE] for call in shown(emulator)]
    emulator.hang_up(EVE)

    assert once == ["left", "in_call"]
    assert [call[EVE] for call in shown(emulator)] == ["left", "left"]


def test_a_phone_that_rings_in_two_calls_answers_each_in_its_time() -> None:
    now = [0.0]
    emulator = PhloEmulator(clock=lambda: now[0], phones={EVE: "ring"})
    emulator.set_phone(EVE, "answer", after=5)
    dial(emulator, "call", ANN, EVE)
    now[0] = 3
    dial(emulator, "call", BEN, EVE)
    now[0] = 6
    between = [call[EVE] for call in shown(emulator)]
    now[0] = 9

    assert between == ["in_call", "ringing"]
    assert [call[EVE] for call in shown(emulator)] == ["in_call", "in_call"]


# One id


def test_the_state_the_steps_the_log_and_the_webhooks_have_the_same_call_id() -> None:
    emulator = two_calls()
    first, second = emulator.calls
    state = ask(emulator, "GET", "/_emulator/state").json["calls"]
    posted = [parse_qs(one.request.body.decode()) for one in emulator.deliveries]

    assert [call["call_id"] for call in state] == [first, second]
    assert [step.call_id for step in emulator.log] == [first, second]
    assert [entry.call_id for entry in emulator.exchanges()] == [second, first]
    assert [one["conference_uuid"] for one in posted] == [[first], [first], [second], [second]]
    assert [one.call_id for one in emulator.deliveries] == [first, first, second, second]


@pytest.mark.parametrize(
    ("route", "part"),
    [("state", "calls"), ("dashboard", "calls"), ("log", "entries"), ("deliveries", "deliveries")],
)
def test_every_route_has_the_call_ids(route: str, part: str) -> None:
    emulator = two_calls()
    listed = ask(emulator, "GET", f"/_emulator/{route}").json[part]

    assert {one["call_id"] for one in listed} == {*emulator.calls}


def test_the_log_can_be_filtered_by_call_and_by_node() -> None:
    emulator = two_calls()
    first, _ = emulator.calls
    say(emulator, CARL, "hold")
    refused = say(emulator, CARL, "voicemail_drop")
    of_call = ask(emulator, "GET", f"/_emulator/log?call={first}").json
    of_node = ask(emulator, "GET", f"/_emulator/log?call={'/'.join(LINE)}").json

    assert refused.status == 400
    assert [entry["action"] for entry in of_call["entries"]] == ["voicemail_drop", "hold", "call"]
    assert of_node["matching"] == 4


def test_a_request_that_concerns_no_call_has_no_call_id() -> None:
    emulator = two_calls()
    say(emulator, EVE, "hold")

    assert emulator.exchanges()[0].call_id is None


def test_a_call_keeps_its_id_over_a_restart() -> None:
    before = two_calls()
    after = PhloEmulator()
    after.restore(before.snapshot())
    say(after, DORA, "hold")

    assert [*after.calls] == [*before.calls]
    assert shown(after)[1] == {BEN: "in_call", DORA: "on_hold"}


def test_no_two_calls_have_the_same_id() -> None:
    emulator = PhloEmulator(new_id=lambda: "id")
    ids = set()
    for _ in range(3):
        emulator.join(*LINE, ANN)
        ids |= {*emulator.calls}
        emulator.hang_up(ANN)

    assert len(ids) == 3


def test_a_call_that_is_not_open_yet_has_no_members() -> None:
    assert Call(call_id="c").ended
