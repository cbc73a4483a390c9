"""Dialling, holding, leaving, and what phones do, one rule a test."""

from collections.abc import Callable

import pytest

from plivo_phlo_async.emulator.calls import transfers, transitions
from plivo_phlo_async.emulator.calls.members import Call, CallMember, MemberRole, MemberState
from plivo_phlo_async.emulator.errors import InvalidState, MemberNotFound

from ..scenes import (
    AGENT,
    CUSTOMER,
    OTHER,
    SECOND,
    cold_ringing,
    machine,
    states,
    talk,
    warm_ringing,
    warm_talking,
)

Step = Callable[[Call, str], Call]
MEMBER_STEPS: list[Step] = [
    transitions.hold,
    transitions.unhold,
    transitions.hangup,
    transitions.voicemail_drop,
    transitions.mute,
    transitions.unmute,
    transitions.answer,
    transitions.reject,
    transitions.voicemail,
    transitions.hang_up,
    transfers.resume_call,
    transfers.abort_transfer,
]


def test_call_opens_the_call_with_its_dialler_and_rings_the_other() -> None:
    opened = transitions.call(Call(), AGENT, CUSTOMER, MemberRole.CUSTOMER)

    assert opened == Call(
        (
            CallMember(AGENT, MemberRole.AGENT, MemberState.IN_CALL),
            CallMember(CUSTOMER, MemberRole.CUSTOMER, MemberState.RINGING),
        )
    )


def test_a_phone_that_answers_is_in_the_call() -> None:
    assert states(talk()) == {AGENT: "in_call", CUSTOMER: "in_call"}


def test_a_phone_that_rejects_has_left() -> None:
    rejected = transitions.reject(transitions.call(Call(), AGENT, CUSTOMER), CUSTOMER)

    assert states(rejected) == {AGENT: "in_call", CUSTOMER: "left"}


def test_a_machine_that_picks_up_is_at_voicemail() -> None:
    assert states(machine()) == {AGENT: "in_call", CUSTOMER: "voicemail"}


def test_call_leaves_a_dialler_who_is_a_member_as_he_is() -> None:
    after = transitions.call(talk(), CUSTOMER, OTHER)

    assert after.members == (
        *talk().members,
        CallMember(OTHER, MemberRole.AGENT, MemberState.RINGING),
    )


def test_call_takes_a_dialler_who_has_left_for_not_here() -> None:
    with pytest.raises(MemberNotFound):
        transitions.call(transitions.hangup(talk(), AGENT), AGENT, OTHER)


@pytest.mark.parametrize("to", [CUSTOMER, f"+{CUSTOMER}", AGENT, f"+{AGENT}"])
def test_call_does_not_dial_a_live_member_in_either_spelling(to: str) -> None:
    with pytest.raises(InvalidState):
        transitions.call(talk(), AGENT, to)


def test_call_does_not_dial_its_own_dialler() -> None:
    with pytest.raises(InvalidState):
        transitions.call(Call(), AGENT, f"+{AGENT}")


def test_a_member_who_left_can_be_dialled_again_in_a_new_role() -> None:
    gone = transitions.hangup(transitions.mute(talk(), CUSTOMER), CUSTOMER)
    again = transitions.call(gone, AGENT, CUSTOMER, MemberRole.AGENT)

    assert again.find(CUSTOMER) == CallMember(CUSTOMER, MemberRole.AGENT, MemberState.RINGING)


def test_call_opens_a_fresh_call_where_one_has_ended() -> None:
    ended = transitions.hangup(transitions.hangup(talk(), AGENT), CUSTOMER)

    assert states(transitions.call(ended, AGENT, OTHER)) == {AGENT: "in_call", OTHER: "ringing"}


def test_only_one_leading_plus_makes_no_difference() -> None:
    known = transitions.hold(talk(), f"+{CUSTOMER}")

    assert (states(known)[CUSTOMER], known.find(f"++{CUSTOMER}")) == ("on_hold", None)


@pytest.mark.parametrize("step", MEMBER_STEPS, ids=lambda step: step.__name__)
@pytest.mark.parametrize(
    ("call", "address"),
    [
        pytest.param(Call(), AGENT, id="no call"),
        pytest.param(talk(), OTHER, id="unknown"),
        pytest.param(transitions.hangup(talk(), CUSTOMER), CUSTOMER, id="left"),
    ],
)
def test_no_step_finds_a_member_who_is_unknown_or_has_left(
    step: Step, call: Call, address: str
) -> None:
    with pytest.raises(MemberNotFound):
        step(call, address)


def test_hold_puts_a_member_on_hold_and_unhold_brings_the_member_back() -> None:
    held = transitions.hold(talk(), CUSTOMER)
    back = transitions.unhold(held, CUSTOMER)

    assert (states(held), back) == ({AGENT: "in_call", CUSTOMER: "on_hold"}, talk())


def test_hold_and_unhold_repeated_change_nothing() -> None:
    held = transitions.hold(talk(), CUSTOMER)

    assert (transitions.hold(held, CUSTOMER), transitions.unhold(talk(), CUSTOMER)) == (
        held,
        talk(),
    )


@pytest.mark.parametrize("step", [transitions.hold, transitions.unhold])
@pytest.mark.parametrize(
    ("call", "address"),
    [
        pytest.param(warm_ringing(), SECOND, id="ringing"),
        pytest.param(machine(), CUSTOMER, id="voicemail"),
        pytest.param(warm_talking(), AGENT, id="consulting"),
    ],
)
def test_no_member_ringing_at_voicemail_or_apart_is_held_or_unheld(
    step: Step, call: Call, address: str
) -> None:
    with pytest.raises(InvalidState):
        step(call, address)


def test_no_customer_comes_off_hold_during_a_consultation() -> None:
    with pytest.raises(InvalidState):
        transitions.unhold(warm_talking(), CUSTOMER)


def test_an_agent_comes_off_hold_during_a_consultation() -> None:
    third = transitions.join(warm_talking(), OTHER, MemberRole.AGENT)

    assert transitions.unhold(transitions.hold(third, OTHER), OTHER) == third


@pytest.mark.parametrize("step", [transitions.hangup, transitions.hang_up])
def test_a_member_hung_up_has_left(step: Step) -> None:
    assert states(step(talk(), CUSTOMER)) == {AGENT: "in_call", CUSTOMER: "left"}


def test_a_ringing_phone_can_be_hung_up() -> None:
    assert (
        states(transitions.hangup(transitions.call(Call(), AGENT, OTHER), OTHER))[OTHER] == "left"
    )


def test_a_call_has_ended_when_its_last_member_has_left() -> None:
    one_left = transitions.hangup(talk(), AGENT)

    assert (one_left.ended, transitions.hangup(one_left, CUSTOMER).ended) == (False, True)


def test_voicemail_drop_ends_with_the_machine_gone() -> None:
    dropped = transitions.voicemail_drop(machine(), CUSTOMER)

    assert states(dropped) == {AGENT: "in_call", CUSTOMER: "left"}


@pytest.mark.parametrize("call", [talk(), transitions.hold(talk(), CUSTOMER)])
def test_voicemail_drop_needs_a_machine(call: Call) -> None:
    with pytest.raises(InvalidState):
        transitions.voicemail_drop(call, CUSTOMER)


def test_mute_and_unmute_set_the_flag_and_nothing_else() -> None:
    muted = transitions.mute(talk(), CUSTOMER)

    assert muted.members[1] == CallMember(
        CUSTOMER, MemberRole.CUSTOMER, MemberState.IN_CALL, muted=True
    )
    assert (transitions.mute(muted, CUSTOMER), transitions.unmute(muted, CUSTOMER)) == (
        muted,
        talk(),
    )


@pytest.mark.parametrize("step", [transitions.answer, transitions.reject, transitions.voicemail])
@pytest.mark.parametrize("address", [AGENT, CUSTOMER])
def test_only_a_ringing_phone_is_picked_up_or_declined(step: Step, address: str) -> None:
    with pytest.raises(InvalidState):
        step(transitions.hold(talk(), CUSTOMER), address)


def test_a_caller_who_dials_in_is_in_the_call() -> None:
    joined = transitions.join(Call(), CUSTOMER)

    assert joined == Call((CallMember(CUSTOMER, MemberRole.CUSTOMER, MemberState.IN_CALL),))


def test_a_live_member_does_not_dial_in_again() -> None:
    with pytest.raises(InvalidState):
        transitions.join(talk(), CUSTOMER)


def test_a_member_who_left_does_not_come_back_by_dialling_in() -> None:
    with pytest.raises(MemberNotFound):
        transitions.join(transitions.hangup(talk(), CUSTOMER), CUSTOMER)


@pytest.mark.parametrize(
    ("role", "state"), [(MemberRole.CUSTOMER, "on_hold"), (MemberRole.AGENT, "in_call")]
)
def test_who_joins_a_consultation_waits_if_a_customer(role: MemberRole, state: str) -> None:
    assert states(transitions.join(warm_talking(), OTHER, role))[OTHER] == state


@pytest.mark.parametrize(
    ("role", "state"), [(MemberRole.CUSTOMER, "on_hold"), (MemberRole.AGENT, "in_call")]
)
def test_who_answers_during_a_consultation_waits_if_a_customer(
    role: MemberRole, state: str
) -> None:
    rung = transitions.call(warm_talking(), AGENT, OTHER, role)

    assert states(transitions.answer(rung, OTHER))[OTHER] == state


def test_a_customer_who_came_during_a_consultation_returns_with_the_held() -> None:
    waiting = transitions.join(warm_talking(), OTHER)

    assert states(transitions.hangup(waiting, SECOND))[OTHER] == "in_call"


def test_a_caller_who_joins_while_a_taker_still_rings_is_in_the_call() -> None:
    assert states(transitions.join(cold_ringing(), OTHER))[OTHER] == "in_call"
