"""Warm and cold transfers, and every way out of one, one rule a test."""

from collections.abc import Callable

import pytest

from plivo_phlo_async.emulator.calls import transfers, transitions
from plivo_phlo_async.emulator.calls.members import Call, MemberRole, Transfer, TransferKind
from plivo_phlo_async.emulator.errors import InvalidState, MemberNotFound

from ..scenes import (
    AGENT,
    CUSTOMER,
    OTHER,
    SECOND,
    cold_ringing,
    states,
    talk,
    warm_ringing,
    warm_talking,
)

Begin = Callable[[Call, str, str], Call]
both = pytest.mark.parametrize("begin", [transfers.warm_transfer, transfers.cold_transfer])
either_ringing = pytest.mark.parametrize("ringing", [warm_ringing(), cold_ringing()])


@both
def test_a_transfer_holds_the_customers_and_rings_its_target(begin: Begin) -> None:
    after = begin(talk(), AGENT, SECOND)

    assert states(after) == {AGENT: "in_call", CUSTOMER: "on_hold", SECOND: "ringing"}
    assert after.transfer == Transfer(
        TransferKind(begin.__name__.removesuffix("_transfer")), AGENT, SECOND, (CUSTOMER,)
    )


@both
def test_a_transfer_holds_no_other_agent_while_there_are_customers(begin: Begin) -> None:
    after = begin(transitions.join(talk(), OTHER, MemberRole.AGENT), AGENT, SECOND)

    assert states(after)[OTHER] == "in_call"


@both
def test_without_customers_a_transfer_holds_everyone_but_its_two(begin: Begin) -> None:
    agents = transitions.join(
        transitions.join(Call(), AGENT, MemberRole.AGENT), OTHER, MemberRole.AGENT
    )

    assert states(begin(agents, AGENT, SECOND))[OTHER] == "on_hold"


@both
@pytest.mark.parametrize(
    "call",
    [
        Call(),
        transitions.hangup(talk(), AGENT),
        transitions.hangup(transitions.hangup(talk(), AGENT), CUSTOMER),
    ],
)
def test_a_giver_who_is_not_there_is_not_found(begin: Begin, call: Call) -> None:
    with pytest.raises(MemberNotFound):
        begin(call, AGENT, SECOND)


@both
def test_a_transferor_must_not_be_on_hold(begin: Begin) -> None:
    with pytest.raises(InvalidState):
        begin(transitions.hold(talk(), AGENT), AGENT, SECOND)


@both
@pytest.mark.parametrize("to", [AGENT, f"+{AGENT}", CUSTOMER])
def test_a_transfer_does_not_dial_a_live_member(begin: Begin, to: str) -> None:
    with pytest.raises(InvalidState):
        begin(talk(), AGENT, to)


@both
@either_ringing
def test_there_is_one_transfer_at_a_time(begin: Begin, ringing: Call) -> None:
    with pytest.raises(InvalidState):
        begin(ringing, AGENT, OTHER)


def test_a_warm_transfers_two_talk_apart() -> None:
    talking = warm_talking()

    assert states(talking) == {AGENT: "consulting", CUSTOMER: "on_hold", SECOND: "consulting"}
    assert talking.transfer == warm_ringing().transfer


def test_a_warm_answer_holds_again_who_was_taken_off_hold_meanwhile() -> None:
    unheld = transitions.unhold(warm_ringing(), CUSTOMER)

    assert transitions.answer(unheld, SECOND) == warm_talking()


def test_a_warm_answer_holds_customers_who_came_meanwhile_until_it_is_over() -> None:
    talking = transitions.answer(transitions.join(warm_ringing(), OTHER), SECOND)

    assert states(talking)[OTHER] == "on_hold"
    assert states(transitions.hangup(talking, SECOND))[OTHER] == "in_call"


def test_with_auto_join_a_warm_answer_brings_everyone_together() -> None:
    joined = transitions.answer(warm_ringing(), SECOND, auto_join=True)

    assert states(joined) == {AGENT: "in_call", CUSTOMER: "in_call", SECOND: "in_call"}
    assert joined.transfer is None


@pytest.mark.parametrize("address", [AGENT, CUSTOMER, SECOND])
def test_resume_brings_everyone_together_whoever_asks(address: str) -> None:
    resumed = transfers.resume_call(warm_talking(), address)

    assert states(resumed) == {AGENT: "in_call", CUSTOMER: "in_call", SECOND: "in_call"}
    assert resumed.transfer is None


def test_resume_before_the_answer_lets_the_target_ring_and_simply_join() -> None:
    resumed = transfers.resume_call(warm_ringing(), AGENT)

    assert (states(resumed)[SECOND], states(resumed)[CUSTOMER]) == ("ringing", "in_call")
    assert states(transitions.answer(resumed, SECOND))[SECOND] == "in_call"


@pytest.mark.parametrize("call", [talk(), cold_ringing()])
def test_resume_needs_a_warm_transfer(call: Call) -> None:
    with pytest.raises(InvalidState):
        transfers.resume_call(call, AGENT)


@pytest.mark.parametrize("call", [warm_ringing(), warm_talking(), cold_ringing()])
@pytest.mark.parametrize("address", [AGENT, CUSTOMER, SECOND])
def test_abort_leaves_everyone_together_but_the_target(call: Call, address: str) -> None:
    aborted = transfers.abort_transfer(call, address)

    assert states(aborted) == {AGENT: "in_call", CUSTOMER: "in_call", SECOND: "left"}
    assert aborted.transfer is None


def test_abort_needs_a_transfer() -> None:
    with pytest.raises(InvalidState):
        transfers.abort_transfer(talk(), AGENT)


def test_a_cold_answer_replaces_the_transferor_by_the_target() -> None:
    replaced = transitions.answer(cold_ringing(), SECOND)

    assert states(replaced) == {AGENT: "left", CUSTOMER: "in_call", SECOND: "in_call"}
    assert replaced.transfer is None


def test_a_cold_answer_takes_every_customer_off_hold_but_no_other_agent() -> None:
    before = transitions.join(transitions.hold(talk(), CUSTOMER), OTHER)
    crowd = transitions.hold(transitions.join(before, "555", MemberRole.AGENT), "555")
    replaced = transitions.answer(transfers.cold_transfer(crowd, AGENT, SECOND), SECOND)

    assert (states(replaced)[CUSTOMER], states(replaced)["555"]) == ("in_call", "on_hold")


@either_ringing
def test_a_taker_who_rejects_leaves_all_as_before(ringing: Call) -> None:
    rejected = transitions.reject(ringing, SECOND)

    assert states(rejected) == {AGENT: "in_call", CUSTOMER: "in_call", SECOND: "left"}
    assert rejected.transfer is None


@either_ringing
def test_a_transfer_to_a_machine_goes_on_until_the_machine_is_gone(ringing: Call) -> None:
    recorded = transitions.voicemail(ringing, SECOND)

    assert (states(recorded)[SECOND], recorded.transfer) == ("voicemail", ringing.transfer)
    assert transitions.voicemail_drop(recorded, SECOND) == transitions.hangup(recorded, SECOND)
    assert transitions.hangup(recorded, SECOND) == transitions.reject(ringing, SECOND)
    assert transfers.abort_transfer(recorded, AGENT) == transitions.reject(ringing, SECOND)


@pytest.mark.parametrize(("gone", "stays"), [(AGENT, SECOND), (SECOND, AGENT)])
def test_a_consultation_ends_with_either_of_its_two(gone: str, stays: str) -> None:
    after = transitions.hangup(warm_talking(), gone)

    assert states(after) == {gone: "left", stays: "in_call", CUSTOMER: "in_call"}
    assert after.transfer is None


@either_ringing
def test_a_taker_whose_giver_has_gone_rings_on_and_simply_joins(ringing: Call) -> None:
    alone = transitions.hang_up(ringing, AGENT)
    joined = transitions.answer(alone, SECOND)

    assert (states(alone)[SECOND], states(alone)[CUSTOMER]) == ("ringing", "in_call")
    assert states(joined) == {AGENT: "left", CUSTOMER: "in_call", SECOND: "in_call"}


@either_ringing
def test_a_transfer_goes_on_when_a_held_customer_leaves(ringing: Call) -> None:
    after = transitions.hangup(ringing, CUSTOMER)

    assert after.transfer is not None
    assert (after.transfer.target, after.transfer.held) == (SECOND, ())


@both
def test_who_was_on_hold_before_a_transfer_stays_so_when_it_fails(begin: Begin) -> None:
    crowd = transitions.hold(transitions.join(talk(), OTHER), OTHER)
    begun = begin(crowd, AGENT, SECOND)

    assert states(transitions.reject(begun, SECOND))[OTHER] == "on_hold"


def test_any_end_is_found_in_either_spelling() -> None:
    begun = transfers.warm_transfer(talk(), f"+{AGENT}", f"+{SECOND}")
    talking = transitions.answer(begun, SECOND)

    assert states(talking) == {AGENT: "consulting", CUSTOMER: "on_hold", f"+{SECOND}": "consulting"}
