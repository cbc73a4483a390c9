"""A step of a call, as the log and the webhooks see it."""

import attrs

from .members import Call, CallMember

NodeKey = tuple[str, str]
"""The ids of a PHLO and of one of its nodes."""


@attrs.frozen
class LogEntry:
    """One step of a call, with the call before and after it.

    Attributes:
        number: the number of the step, from 1.
        at: the time, in seconds of the emulator's clock.
        api_id: the id of the request, None for a step that no request caused. What a phone does as
            soon as it rings belongs to the request that dialled it.
        verb: the action.
        address: the member it applies to.
        phlo_id: the id of the PHLO.
        node_id: the id of the node.
        before: the call before the step.
        after: the call after the step.
        by: the address that dialled `address`, None where the step dials nothing.
    """

    number: int
    at: float
    api_id: str | None
    verb: str
    address: str
    phlo_id: str
    node_id: str
    before: Call
    after: Call
    by: str | None = None

    @property
    def node_key(self) -> NodeKey:
        """The ids of the PHLO and of the node."""
        return self.phlo_id, self.node_id

    @property
    def changed_members(self) -> tuple[CallMember, ...]:
        """The members who are new to the call or changed their state."""
        states = {m.canonical_address: m.state for m in self.before.members}
        return tuple(
            m for m in self.after.members if states.get(m.canonical_address) is not m.state
        )
