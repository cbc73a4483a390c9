"""A step of a call, as the log and the webhooks see it."""

import attrs

from .members import Call, CallMember, NodeKey


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
        before: the call before the step.
        after: the call after the step.
        by: the address that dialled `address`, None where the step dials nothing.
    """

    number: int
    at: float
    api_id: str | None
    verb: str
    address: str
    before: Call
    after: Call
    by: str | None = None

    @property
    def call_id(self) -> str:
        """The id of the call."""
        return self.after.call_id

    @property
    def phlo_id(self) -> str:
        """The id of the PHLO."""
        return self.after.phlo_id

    @property
    def node_id(self) -> str:
        """The id of the node."""
        return self.after.node_id

    @property
    def node_key(self) -> NodeKey:
        """The ids of the PHLO and of the node."""
        return self.after.node_key

    @property
    def changed_members(self) -> tuple[CallMember, ...]:
        """The members who are new to the call or changed their state."""
        changes = self.after.changes(self.before)
        return tuple(new for old, new in changes if old is None or old.state is not new.state)
