"""What holds between the calls of a node, whatever is done to any of them."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from plivo_phlo_async.emulator import MemberRole

from ..campaign import ACTIONS, DOES, TRANSFERS, Campaign
from ..watched import WatchedNode

ADDRESSES = st.sampled_from(["1", "+1", "2", "3", "4", "5", "6", "sip:bob@phone.example"])
ROLES = st.sampled_from(MemberRole)
# Which of the calls, in the order they were opened; None for all of them.
WHICH = st.none() | st.integers(0, 4)


class SeveralCalls(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.node = WatchedNode()

    def call_id(self, which: int | None) -> str | None:
        calls = [*self.node.emulator.calls]
        return None if which is None or which >= len(calls) else calls[which]

    @rule(source=ADDRESSES, to=ADDRESSES, role=ROLES)
    def call(self, source: str, to: str, role: MemberRole) -> None:
        self.node.dial("call", source, to, role)

    @rule(action=st.sampled_from(TRANSFERS), source=ADDRESSES, to=ADDRESSES, role=ROLES)
    def transfer(self, action: str, source: str, to: str, role: MemberRole) -> None:
        self.node.dial(action, source, to, role)

    @rule(action=st.sampled_from(ACTIONS), address=ADDRESSES)
    def act(self, action: str, address: str) -> None:
        self.node.act(action, address)

    @rule(address=ADDRESSES, role=ROLES, which=WHICH, new_call=st.booleans())
    def join(self, address: str, role: MemberRole, which: int | None, new_call: bool) -> None:
        self.node.join(address, role, self.call_id(which), new_call)

    @rule(act=st.sampled_from(["answer", "reject", "hangup"]), address=ADDRESSES, which=WHICH)
    def phone(self, act: str, address: str, which: int | None) -> None:
        self.node.phone(act, address, self.call_id(which))

    @rule(address=ADDRESSES, does=st.sampled_from(DOES), after=st.sampled_from([0, 1]))
    def set_phone(self, address: str, does: str, after: float) -> None:
        self.node.set_phone(address, does, after)

    @rule(seconds=st.sampled_from([0.5, 1, 10]))
    def time_passes(self, seconds: float) -> None:
        self.node.time_passes(seconds)

    @invariant()
    def every_view_shows_the_same_calls(self) -> None:
        self.node.check_views()

    def teardown(self) -> None:
        self.node.hang_up_everyone()


TestSeveralCalls = SeveralCalls.TestCase
TestSeveralCalls.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_a_campaign_over_twenty_calls_mixes_none_of_them() -> None:
    campaign = Campaign(seed=1)
    campaign.run(1500)

    assert campaign.node.most == 20
    assert min(campaign.node.accepted, campaign.node.refused, campaign.node.webhooks) > 100
