"""Phones that answer, reject or take a message after a while, in time that the test moves."""

import pytest

from plivo_phlo_async.emulator import (
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    CallMember,
    EmulatedNode,
    EmulatedPhlo,
    MemberRole,
    MemberState,
    NodeType,
    PhloEmulator,
    Phone,
)

from ..asking import DIAL, NODE, WARM, Clock, ask, say


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def emulator(clock: Clock) -> PhloEmulator:
    return PhloEmulator(clock=clock, wall=clock)


def state(emulator: PhloEmulator, address: str = "222") -> str:
    member = emulator.member(address)
    return "gone" if member is None else member.state.value


@pytest.mark.parametrize(
    ("does", "becomes"), [("answer", "in_call"), ("reject", "gone"), ("voicemail", "voicemail")]
)
def test_a_phone_does_what_it_does_after_so_many_seconds(
    emulator: PhloEmulator, clock: Clock, does: str, becomes: str
) -> None:
    emulator.set_phone("+222", does, after=3)
    ask(emulator, "POST", NODE, DIAL)
    states = [state(emulator)]
    for seconds in (2.9, 0.1):
        clock.now += seconds
        states.append(state(emulator))

    assert states == ["ringing", "ringing", becomes]
    assert emulator.dialled == {"222": 1}


def test_a_call_to_an_invalid_number_fails_without_ringing(
    emulator: PhloEmulator, clock: Clock
) -> None:
    emulator.set_phone("222", "invalid", after=3)
    ask(emulator, "POST", NODE, DIAL)

    assert state(emulator) == "gone"
    assert emulator.dialled == {"222": 1}


def test_a_phone_that_was_hung_up_on_does_not_answer_for_its_former_ringing(
    emulator: PhloEmulator, clock: Clock
) -> None:
    emulator.set_phone("222", "answer", after=3)
    ask(emulator, "POST", NODE, DIAL)
    say(emulator, "222", "hangup")
    emulator.set_phone("222", "ring")
    ask(emulator, "POST", NODE, DIAL)
    clock.now += 10

    assert state(emulator) == "ringing"


def test_phones_act_in_the_order_of_their_times_at_their_times(
    emulator: PhloEmulator, clock: Clock
) -> None:
    for address, after in (("2", 5), ("3", 2)):
        emulator.set_phone(address, "answer", after=after)
        ask(emulator, "POST", NODE, {**DIAL, "to": address})
    clock.now += 60

    assert [(e.verb, e.address, e.at) for e in emulator.log[2:]] == [
        ("answer", "3", 102.0),
        ("answer", "2", 105.0),
    ]


def test_a_phone_asked_to_answer_before_its_time_does_so_once(
    emulator: PhloEmulator, clock: Clock
) -> None:
    emulator.set_phone("222", "answer", after=3)
    ask(emulator, "POST", NODE, DIAL)
    emulator.answer("222")
    clock.now += 10

    assert [entry.verb for entry in emulator.log] == ["call", "answer"]


def test_a_transfer_is_answered_later_too(emulator: PhloEmulator, clock: Clock) -> None:
    ask(emulator, "POST", NODE, DIAL)
    emulator.set_phone("333", Phone("answer", 4))
    ask(emulator, "POST", NODE, WARM)
    clock.now += 4

    assert (state(emulator, "333"), state(emulator)) == ("consulting", "on_hold")


@pytest.mark.parametrize("after", [-1, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(emulator: PhloEmulator, after: float) -> None:
    with pytest.raises(ValueError, match="after"):
        emulator.set_phone("222", "answer", after=after)


def test_phones_are_driven_over_http(emulator: PhloEmulator) -> None:
    phones = "/_emulator/phones"
    response = ask(emulator, "POST", f"{phones}/%2B222", {"does": "ring"})
    ask(emulator, "POST", NODE, DIAL)
    answered = ask(emulator, "POST", f"{phones}/222/answer")
    held = state(emulator)
    rung_in = ask(emulator, "POST", f"{phones}/555/call")
    gone = ask(emulator, "POST", f"{phones}/222/hangup")
    again = ask(emulator, "POST", f"{phones}/222/reject")

    assert response.json == {"phones": {"+222": {"does": "ring", "after": 0.0}}}
    assert [a.status for a in (answered, rung_in, gone, again)] == [200, 200, 200, 404]
    assert (held, state(emulator), state(emulator, "555")) == ("in_call", "gone", "in_call")


def test_a_customer_rings_in_and_opens_a_call_at_the_first_node_or_the_one_named(
    emulator: PhloEmulator,
) -> None:
    opened = ask(emulator, "POST", "/_emulator/phones/555/call")
    named = {"phlo_id": DEMO_PHLO_ID, "node_id": DEMO_NODE_ID, "role": "agent"}
    joined = ask(emulator, "POST", "/_emulator/phones/111/call", named)
    unknown = ask(emulator, "POST", "/_emulator/phones/9/call", {**named, "node_id": "x"})

    assert [m["role"] for m in joined.json["calls"][0]["members"]] == ["customer", "agent"]
    assert (opened.status, unknown.status, emulator.dialled) == (200, 404, {})


@pytest.mark.parametrize(
    ("path", "body", "names"),
    [
        ("2", {"does": "sing"}, "phone.does"),
        ("2", {"after": "3"}, "phone.after"),
        ("2", {"will": 1}, "phone"),
        ("2/call", {"role": "boss"}, "role"),
        ("2/call", {"role": ["agent"]}, "role"),
        ("2/call", {"node_id": DEMO_NODE_ID}, "phlo_id, node_id"),
    ],
)
def test_what_no_phone_does_is_400_and_named(
    emulator: PhloEmulator, path: str, body: object, names: str
) -> None:
    answer = ask(emulator, "POST", f"/_emulator/phones/{path}", body)

    assert (answer.status, answer.json["error"].startswith(names)) == (400, True)


def test_the_board_says_since_when_each_member_is_where_it_is(
    emulator: PhloEmulator, clock: Clock
) -> None:
    ask(emulator, "POST", NODE, DIAL)
    clock.now += 7
    say(emulator, "222", "mute")
    say(emulator, "222", "hold")
    clock.now += 2
    dashboard = ask(emulator, "GET", "/_emulator/dashboard").json
    members = dashboard["calls"][0]["members"]

    assert [(m["state"], m["seconds"]) for m in members] == [("in_call", 9.0), ("on_hold", 2.0)]


def test_the_dashboard_shows_a_transfers_consulting_pair_and_what_would_end_it(
    emulator: PhloEmulator,
) -> None:
    ask(emulator, "POST", NODE, DIAL)
    ask(emulator, "POST", NODE, WARM)
    transfer = ask(emulator, "GET", "/_emulator/dashboard").json["calls"][0]["transfer"]
    ends = {(e["action"], e["member"]) for e in transfer["ended_by"]}

    assert (transfer["consulting"], transfer["held"]) == (["111", "333"], ["222"])
    assert ends == {
        ("resume_call", "111"),
        ("abort_transfer", "111"),
        ("hangup", "111"),
        ("hangup", "333"),
    }


def test_the_dashboard_shows_what_ends_a_ringing_cold_transfer(
    emulator: PhloEmulator,
) -> None:
    ask(emulator, "POST", NODE, DIAL)
    emulator.set_phone("333", "ring")
    ask(emulator, "POST", NODE, {**WARM, "action": "cold_transfer"})
    transfer = ask(emulator, "GET", "/_emulator/dashboard").json["calls"][0]["transfer"]
    ends = [(e["action"], e["member"]) for e in transfer["ended_by"]]

    assert (transfer["target_state"], transfer["consulting"]) == ("ringing", [])
    assert ends == [
        ("answer", "333"),
        ("reject", "333"),
        ("abort_transfer", "111"),
        ("hangup", "111"),
        ("hangup", "333"),
    ]


BRIDGE = EmulatedNode("b", NodeType.CONFERENCE_BRIDGE)


@pytest.mark.parametrize(
    ("nodes", "node_key"),
    [((), None), ((BRIDGE,), None), ((BRIDGE, EmulatedNode("n")), ("full", "n"))],
)
def test_who_rings_in_without_a_node_comes_to_the_first_multi_party_call_or_to_none(
    nodes: tuple[EmulatedNode, ...], node_key: tuple[str, str] | None
) -> None:
    emulator = PhloEmulator(phlos=[EmulatedPhlo("empty"), EmulatedPhlo("full", nodes=nodes)])
    answer = ask(emulator, "POST", "/_emulator/phones/555/call")

    opened = [call.node_key for call in emulator.calls.values()]

    assert (answer.status, opened) == ((200, [node_key]) if node_key else (404, []))


def test_a_member_is_found_by_any_spelling_while_it_is_live(emulator: PhloEmulator) -> None:
    emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, "111", "agent")
    emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, "+222")
    there = emulator.member("222")
    emulator.hang_up("222")

    assert there == CallMember("+222", MemberRole.CUSTOMER, MemberState.IN_CALL)
    assert (emulator.member("222"), emulator.member("999")) == (None, None)


def test_a_member_of_several_calls_is_that_of_the_one_opened_last() -> None:
    emulator = PhloEmulator(phlos=[EmulatedPhlo("p", nodes=(EmulatedNode("a"), EmulatedNode("b")))])
    for node_id in ("a", "b"):
        emulator.join("p", node_id, "111", "agent")
    ask(emulator, "POST", "/v1/phlo/p/multi_party_call/a", DIAL)
    ask(emulator, "POST", "/v1/phlo/p/multi_party_call/b/members/111", {"action": "hold"})
    first = emulator.member("111")
    ask(emulator, "POST", "/v1/phlo/p/multi_party_call/b/members/111", {"action": "hangup"})
    second = emulator.member("111")

    assert (first and first.state.value, second and second.state.value) == ("on_hold", "in_call")


def test_a_phone_is_due_at_the_moment_a_member_is_looked_at(
    emulator: PhloEmulator, clock: Clock
) -> None:
    emulator.set_phone("222", "answer", after=3)
    ask(emulator, "POST", NODE, DIAL)
    clock.now += 3

    assert emulator.member("222") == CallMember("222", MemberRole.CUSTOMER, MemberState.IN_CALL)
