"""What holds whatever is asked over HTTP, in any order, faults and phones included."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from plivo_phlo_async.emulator import FaultKind, MemberRole, MemberState, PhloEmulator
from plivo_phlo_async.emulator.faults.injection import ANSWERS

from ..asking import NODE, Clock, ask, say

ADDRESSES = st.sampled_from(["1", "+1", "2", "3", "4", "5"])
DIAL_ACTIONS = st.sampled_from(["call", "warm_transfer", "cold_transfer"])
ACTIONS = st.sampled_from(
    ["hold", "unhold", "hangup", "resume_call", "abort_transfer", "voicemail_drop", "mute"]
)
DOES = st.sampled_from(["answer", "ring", "reject", "voicemail", "never", "invalid"])
PHONE = st.sampled_from(["answer", "reject", "hangup", "ring"])


class AnyRequests(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.emulator = PhloEmulator(clock=self.clock, wall=self.clock, rate_limit=None)
        self.asked = 0

    def act(self, path: str, content: dict[str, str], dials: bool) -> None:
        before = self.looks()
        rung = self.emulator.dialled.total()
        answer = ask(self.emulator, "POST", path, content)
        self.asked += 1
        accepted = answer.status == 201 and answer.json["error"] == ""

        assert answer.status in (201, 400, 404, 429, 500, 503)
        assert accepted or before == self.looks()
        assert self.emulator.dialled.total() == rung + (accepted and dials)
        assert (answer.json["error"] == "") == accepted

    def looks(self) -> tuple[Any, ...]:
        return (self.emulator.calls, self.emulator.dialled, self.emulator.log)

    @rule(action=DIAL_ACTIONS, transferor=ADDRESSES, to=ADDRESSES, role=st.sampled_from(MemberRole))
    def dial(self, action: str, transferor: str, to: str, role: MemberRole) -> None:
        self.act(
            NODE, {"action": action, "trigger_source": transferor, "to": to, "role": role}, True
        )

    @rule(action=ACTIONS, address=ADDRESSES)
    def ask_member(self, action: str, address: str) -> None:
        self.act(f"{NODE}/members/{address}", {"action": action}, False)

    @rule(does=DOES, address=ADDRESSES, after=st.sampled_from([0, 1, 5]))
    def set_phone(self, does: str, address: str, after: int) -> None:
        behaviour = {"does": does, "after": after}
        assert ask(self.emulator, "POST", f"/_emulator/phones/{address}", behaviour).status == 200

    @rule(act=PHONE, address=ADDRESSES)
    def use_phone(self, act: str, address: str) -> None:
        before = self.looks()
        answer = ask(self.emulator, "POST", f"/_emulator/phones/{address}/{act}")

        assert answer.status in (200, 400, 404)
        assert answer.status == 200 or before == self.looks()

    @rule(seconds=st.sampled_from([0.5, 1, 10]))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(kind=st.sampled_from(sorted(ANSWERS)), action=ACTIONS | DIAL_ACTIONS)
    def something_will_fail(self, kind: FaultKind, action: str) -> None:
        rule = {"kind": kind, "action": action, "count": 1}
        ask(self.emulator, "DELETE", "/_emulator/faults")
        assert ask(self.emulator, "POST", "/_emulator/faults", rule).status == 201

    @invariant()
    def the_board_and_the_state_show_the_same_calls(self) -> None:
        dashboard = ask(self.emulator, "GET", "/_emulator/dashboard").json
        state = ask(self.emulator, "GET", "/_emulator/state").json
        shown = [[(m["address"], m["state"]) for m in c["members"]] for c in dashboard["calls"]]
        assert shown == [[(m["address"], m["state"]) for m in c["members"]] for c in state["calls"]]
        assert all(m["seconds"] >= 0 for c in dashboard["calls"] for m in c["members"])

    @invariant()
    def no_customer_hears_a_consultation(self) -> None:
        for call in self.emulator.calls.values():
            consulting = [m for m in call.members if m.state is MemberState.CONSULTING]
            customers = [m.state for m in call.members if m.role is MemberRole.CUSTOMER]
            assert len(consulting) in (0, 2)
            assert not consulting or MemberState.IN_CALL not in customers

    @invariant()
    def every_request_is_in_the_log_once(self) -> None:
        entries = self.emulator.exchanges()
        assert sum(entry.request is not None for entry in entries) == self.asked
        assert self.emulator.requests == self.asked

    def teardown(self) -> None:
        self.emulator.clear_faults()
        for call in list(self.emulator.calls.values()):
            for member in call.members:
                say(self.emulator, member.address, "hangup")
        assert self.emulator.calls == {}


TestAnyRequests = AnyRequests.TestCase
TestAnyRequests.settings = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
