"""Calls to begin a test from, and a plain view of one."""

from plivo_phlo_async.emulator.calls import transfers, transitions
from plivo_phlo_async.emulator.calls.members import Call, MemberRole

AGENT, CUSTOMER, SECOND, OTHER = "111", "222", "333", "444"


def states(call: Call) -> dict[str, str]:
    return {member.address: member.state.value for member in call.members}


def talk() -> Call:
    """An agent and a customer, both in the call."""
    return transitions.answer(
        transitions.call(Call(), AGENT, CUSTOMER, MemberRole.CUSTOMER), CUSTOMER
    )


def warm_ringing() -> Call:
    return transfers.warm_transfer(talk(), AGENT, SECOND)


def warm_talking() -> Call:
    return transitions.answer(warm_ringing(), SECOND)


def cold_ringing() -> Call:
    return transfers.cold_transfer(talk(), AGENT, SECOND)


def machine() -> Call:
    """An agent, and a customer whose voicemail has picked up."""
    return transitions.voicemail(
        transitions.call(Call(), AGENT, CUSTOMER, MemberRole.CUSTOMER), CUSTOMER
    )
