"""What holds in every call, whatever is done to it."""

from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from plivo_phlo_async.emulator.calls import transfers, transitions
from plivo_phlo_async.emulator.calls.members import (
    Call,
    MemberRole,
    MemberState,
    TransferKind,
    canonical_address,
)
from plivo_phlo_async.emulator.errors import InvalidState, MemberNotFound

ADDRESSES = st.sampled_from(["1", "+1", "2", "3", "4", "5", "sip:bob@phone.example"])
ROLES = st.sampled_from(MemberRole)
DIAL_ACTIONS = st.sampled_from([transitions.call, transfers.warm_transfer, transfers.cold_transfer])
PHONE = st.sampled_from(
    [transitions.answer, transitions.reject, transitions.voicemail, transitions.hang_up]
)
MEMBER = st.sampled_from(
    [
        transitions.hold,
        transitions.unhold,
        transitions.hangup,
        transitions.voicemail_drop,
        transitions.mute,
        transitions.unmute,
        transfers.resume_call,
        transfers.abort_transfer,
    ]
)


class AnyCall(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.call = Call()

    def step(self, change: Callable[[Call], Call], dialled: str | None = None) -> None:
        before, again = self.call, Call(self.call.members, self.call.transfer)
        try:
            self.call = change(before)
        except (MemberNotFound, InvalidState):
            self.call = before
        assert before == again
        self.check_no_member_came_back(before, dialled)

    def check_no_member_came_back(self, before: Call, dialled: str | None) -> None:
        if before.ended:
            return
        gone = {canonical_address(m.address) for m in before.members if not m.live}
        back = {canonical_address(m.address) for m in self.call.members if m.live} & gone
        assert back <= ({canonical_address(dialled)} if dialled else set())

    @rule(dial=DIAL_ACTIONS, transferor=ADDRESSES, to=ADDRESSES, role=ROLES)
    def dial(self, dial: Callable[..., Call], transferor: str, to: str, role: MemberRole) -> None:
        self.step(lambda c: dial(c, transferor, to, role), dialled=to)

    @rule(act=MEMBER, address=ADDRESSES)
    def act(self, act: Callable[[Call, str], Call], address: str) -> None:
        self.step(lambda c: act(c, address))

    @rule(happen=PHONE, address=ADDRESSES)
    def phone(self, happen: Callable[[Call, str], Call], address: str) -> None:
        self.step(lambda c: happen(c, address))

    @rule(address=ADDRESSES)
    def answer_and_join(self, address: str) -> None:
        self.step(lambda c: transitions.answer(c, address, auto_join=True))

    @rule(address=ADDRESSES, role=ROLES)
    def join(self, address: str, role: MemberRole) -> None:
        self.step(lambda c: transitions.join(c, address, role))

    @rule()
    def answer_whoever_rings(self) -> None:
        ringing = [m.address for m in self.call.members if m.state is MemberState.RINGING]
        if ringing:
            self.step(lambda c: transitions.answer(c, ringing[0]))

    @invariant()
    def both_ends_of_a_transfer_are_live(self) -> None:
        transfer = self.call.transfer
        if transfer is not None:
            assert self.call.live(transfer.transferor) != self.call.live(transfer.target)

    @invariant()
    def the_two_ends_of_an_answered_warm_transfer_consult(self) -> None:
        consulting = {m.address for m in self.call.members if m.state is MemberState.CONSULTING}
        talking = set()
        if self.call.transfer is not None and self.call.transfer.kind is TransferKind.WARM:
            ends = {self.call.transfer.transferor, self.call.transfer.target}
            taken = self.call.live(self.call.transfer.target).state
            talking = set() if taken in (MemberState.RINGING, MemberState.VOICEMAIL) else ends

        assert talking == consulting

    @invariant()
    def no_customer_is_in_the_call_beside_a_consultation(self) -> None:
        customers = [m for m in self.call.members if m.role is MemberRole.CUSTOMER]
        if self.call.consulting:
            assert MemberState.IN_CALL not in [m.state for m in customers]

    @invariant()
    def the_held_are_live_members(self) -> None:
        for address in self.call.transfer.held if self.call.transfer else ():
            self.call.live(address)

    @invariant()
    def an_address_has_one_seat(self) -> None:
        lines = [canonical_address(m.address) for m in self.call.members]
        assert sorted(lines) == sorted(set(lines))

    @invariant()
    def hanging_up_everyone_ends_the_call(self) -> None:
        emptied = self.call
        for member in self.call.members:
            emptied = transitions.hangup(emptied, member.address) if member.live else emptied
        assert (emptied.ended, emptied.transfer) == (True, None)


TestAnyCall = AnyCall.TestCase
TestAnyCall.settings = settings(
    max_examples=100,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
