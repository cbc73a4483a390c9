"""The conferences of flows are the live calls that the client's actions change."""

from __future__ import annotations

import json

import pytest

from plivo_phlo_async.emulator import MemberRole, PhloEmulator
from plivo_phlo_async.testing import client_of

from ..flows import AGENT, CALLER, NUMBER, StillEmulator, document

OTHER = "12025550009"


def _members(emulator: PhloEmulator) -> list[list[tuple[str, str]]]:
    return [[(m.address, m.state) for m in call.members] for call in emulator.calls.values()]


def test_a_caller_joins_as_customer_and_the_agent_is_dialled(still: StillEmulator) -> None:
    emulator = still.load("Agents")

    run = emulator.phone(CALLER).calls(NUMBER)

    assert run.waiting == ["Agents"]
    assert _members(emulator) == [[(CALLER, "in_call"), (AGENT, "in_call")]]
    member = emulator.member(AGENT)
    assert member is not None
    assert member.role is MemberRole.AGENT
    assert emulator.dialled == {AGENT: 1}


def test_the_run_goes_on_when_the_call_has_ended(still: StillEmulator) -> None:
    emulator = still.load("Agents", "Text")
    run = emulator.phone(CALLER).calls(NUMBER)

    emulator.phone(CALLER).hangs_up()
    assert run.waiting == ["Agents"]
    emulator.phone(AGENT).hangs_up()

    assert run.states[1:] == [("Agents", "Completed"), ("Text", "Sent")]


def test_each_call_has_a_conference_of_its_own(still: StillEmulator) -> None:
    emulator = still.load("Agents")

    emulator.phone(CALLER).calls(NUMBER)
    emulator.phone(OTHER).calls(NUMBER)

    assert len(emulator.calls) == 2


def test_calls_with_the_same_conference_name_share_a_call(still: StillEmulator) -> None:
    emulator = still.load("Agents", Agents={"conference": "support", "to": []})
    emulator.phone(CALLER).calls(NUMBER)

    emulator.phone(OTHER).calls(NUMBER)

    assert _members(emulator) == [[(CALLER, "in_call"), (OTHER, "in_call")]]


def test_a_bridge_is_found_by_its_name(still: StillEmulator) -> None:
    emulator = still.load("Bridge", "Text")
    first = emulator.phone(CALLER).calls(NUMBER)
    second = emulator.phone(OTHER).calls(NUMBER)

    emulator.phone(CALLER).hangs_up()
    emulator.phone(OTHER).hangs_up()

    assert first.states[-2:] == second.states[-2:] == [("Bridge", "Completed"), ("Text", "Sent")]
    assert emulator.calls == {}


def test_a_caller_who_has_left_a_conference_can_join_it_again(still: StillEmulator) -> None:
    emulator = still.load("Bridge")
    emulator.phone(OTHER).calls(NUMBER)
    emulator.phone(CALLER).calls(NUMBER)
    emulator.phone(CALLER).hangs_up()

    run = emulator.phone(CALLER).calls(NUMBER)

    assert run.waiting == ["Bridge"]
    assert _members(emulator) == [[(OTHER, "in_call"), (CALLER, "in_call")]]


def test_a_muted_member_is_muted_at_first(still: StillEmulator) -> None:
    emulator = still.load("Bridge", Bridge={"mute": "true"})

    emulator.phone(CALLER).calls(NUMBER)

    member = emulator.member(CALLER)
    assert member is not None
    assert member.muted


def test_a_call_that_joins_twice_fails(still: StillEmulator) -> None:
    emulator = still.load("Ring", "Bridge", Ring={"next": {"Answered": "Bridge"}})
    emulator.run("test")

    run = emulator.run("test")

    assert run.states[-1] == ("Bridge", "Failed")


def test_a_call_that_no_phone_answers_fails(still: StillEmulator) -> None:
    emulator = still.load("Agents")
    emulator.set_phone(AGENT, "invalid")

    run = emulator.run("test")

    assert run.states[-1] == ("Agents", "Failed")


def test_an_api_request_dials_the_agent_without_a_caller(still: StillEmulator) -> None:
    emulator = still.load("Agents")
    run = emulator.run("test")

    assert _members(emulator) == [[(AGENT, "in_call")]]
    emulator.hang_up(AGENT)

    assert run.states[-1] == ("Agents", "Completed")


def test_a_run_that_is_stopped_leaves_its_conference(still: StillEmulator) -> None:
    emulator = still.load("Agents")
    run = emulator.phone(CALLER).calls(NUMBER)

    emulator.stop_run(run.run_id)

    assert _members(emulator) == [[(CALLER, "left"), (AGENT, "in_call")]]


def test_a_caller_goes_on_when_no_number_is_valid(still: StillEmulator) -> None:
    emulator = still.load("Agents", "Voicemail")
    emulator.set_phone(AGENT, "invalid")

    run = emulator.phone(CALLER).calls(NUMBER)

    assert run.waiting == ["Voicemail"]
    assert run.states[-1] == ("Agents", "Failed")
    assert emulator.calls == {}


@pytest.mark.anyio
async def test_the_client_acts_on_the_call_of_a_run(still: StillEmulator) -> None:
    emulator = still.load("Agents", "Text")
    run = emulator.phone(CALLER).calls(NUMBER)
    async with client_of(emulator) as client:
        node = client.phlo("test").multi_party_call("mpc")

        await node.member(CALLER).hold()
        assert _members(emulator) == [[(CALLER, "on_hold"), (AGENT, "in_call")]]
        await node.warm_transfer(AGENT, OTHER)
        await node.member(AGENT).resume_call()
        await node.member(CALLER).hangup()
        await node.member(AGENT).hangup()
        await node.member(OTHER).hangup()

    assert run.path == ["Start", "Agents", "Text"]


def test_the_variables_name_the_conference(still: StillEmulator) -> None:
    emulator = still.load("Agents", Agents={"conference": "support-{{Start.call.from}}"})

    run = emulator.phone(CALLER).calls(NUMBER)

    outputs = run.outputs["Agents"]
    assert outputs["conference_name"] == f"support-{CALLER}"
    assert outputs["conference_uuid"] == next(iter(emulator.calls))
    assert outputs["call_uuid"] == run.call_uuids[0]


@pytest.mark.parametrize(("name", "option"), [("Agents", "prompt"), ("Bridge", "announcement")])
def test_a_caller_hears_the_prompt_of_a_conference(
    still: StillEmulator, name: str, option: str
) -> None:
    emulator = still.load(name, **{name: {option: "Welcome, {{Start.call.from}}."}})

    emulator.phone(CALLER).calls(NUMBER)

    assert emulator.phone(CALLER).heard == [f"Welcome, {CALLER}."]


def test_a_conference_that_fails_has_no_recording(still: StillEmulator) -> None:
    emulator = still.load("Agents", Agents={"record": "true"})
    emulator.set_phone(AGENT, "invalid")

    run = emulator.phone(CALLER).calls(NUMBER)

    assert run.states[-1] == ("Agents", "Failed")
    assert run.recording_ids == []


def test_the_recording_of_a_conference_is_of_the_call_that_joined(still: StillEmulator) -> None:
    emulator = still.load("Bridge", Bridge={"record": "true"})
    run = emulator.phone(CALLER).calls(NUMBER)

    emulator.phone(CALLER).hangs_up()

    (recording,) = json.loads(run.dump())["recordings"]
    assert recording["leg"] == run.call_uuids[0]


def test_a_number_that_is_dialled_twice_rings_once(still: StillEmulator) -> None:
    emulator = still.load("Agents", Agents={"to": [AGENT, f"+{AGENT}"]})

    run = emulator.phone(CALLER).calls(NUMBER)

    assert run.waiting == ["Agents"]
    assert _members(emulator) == [[(CALLER, "in_call"), (AGENT, "in_call")]]
    assert emulator.dialled == {AGENT: 1}


def test_a_caller_is_not_dialled_into_the_own_call(still: StillEmulator) -> None:
    emulator = still.load("Agents", Agents={"to": [CALLER, AGENT]})

    run = emulator.phone(CALLER).calls(NUMBER)

    assert run.waiting == ["Agents"]
    assert _members(emulator) == [[(CALLER, "in_call"), (AGENT, "in_call")]]


def test_one_phone_that_rejects_at_once_does_not_end_the_call_for_the_next(
    still: StillEmulator,
) -> None:
    emulator = still.load("Agents", "Text", Agents={"to": [AGENT, OTHER]})
    emulator.set_phone(AGENT, "reject")

    run = emulator.run("test")

    assert run.waiting == ["Agents"]
    emulator.hang_up(OTHER)
    assert run.states[1:] == [("Agents", "Completed"), ("Text", "Sent")]


def test_a_call_that_every_phone_rejects_fails(still: StillEmulator) -> None:
    emulator = still.load("Agents", Agents={"to": [AGENT, OTHER]})
    for address in (AGENT, OTHER):
        emulator.set_phone(address, "reject")

    run = emulator.run("test")

    assert run.states[-1] == ("Agents", "Failed")
    assert emulator.dialled == {AGENT: 1, OTHER: 1}
    assert emulator.calls == {}


def test_a_phone_answers_on_time_however_far_the_clock_jumps() -> None:
    still = StillEmulator(prompt_speed=1)
    emulator = still.load("Say", "Agents", Say={"prompt": "12345"})
    emulator.set_phone(AGENT, "answer", after=3)
    emulator.phone(CALLER).calls(NUMBER)

    still.clock.advance(100)

    assert _members(emulator) == [[(CALLER, "in_call"), (AGENT, "in_call")]]
    steps = {(one.verb, one.address): still.clock() - one.at for one in emulator.log}
    assert steps["join", CALLER] == pytest.approx(95)
    assert steps["answer", AGENT] == pytest.approx(92)


def test_a_hang_up_in_two_calls_keeps_whom_a_flow_dials_meanwhile(still: StillEmulator) -> None:
    second = {"component": "Multiparty Call", "from": NUMBER, "node_id": "second", "to": OTHER}
    named = {"Agents": {"conference": "one"}, "Second": {**second, "conference": "two"}}
    flow = document("Agents", "Second", **named)
    flow["start"] = {"API Request": "Agents", "Incoming Call": "Second"}
    emulator = still.emulator
    emulator.load_flow(flow)
    emulator.set_phone(OTHER, "reject")
    emulator.run("test")
    emulator.phone(CALLER).calls(NUMBER)
    emulator.join("test", "second", AGENT)
    emulator.set_phone(OTHER, "answer")

    emulator.hang_up(AGENT)

    (call,) = emulator.calls.values()
    assert {m.address for m in call.members if m.live} == {CALLER, OTHER}
