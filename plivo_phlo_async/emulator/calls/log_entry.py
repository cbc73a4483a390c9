"""A step of a call, as it is logged and told to others."""

import attrs

from .members import Call, Member

Place = tuple[str, str]
"""Where a call is: the ids of its PHLO and of its node."""


@attrs.frozen
class LogEntry:
    """One step of a call, and the call around it.

    Attributes:
        number: which step it is, from 1.
        at: when, in seconds of the emulator's clock.
        api_id: the request's id. None for what a phone did by itself; what a phone does the moment
            it is rung belongs to the action that rang it.
        verb: what was done.
        address: whom it was done to, or who did it.
        phlo_id: the call's PHLO.
        node_id: the call's node.
        before: the call before the step.
        after: the call after it.
        by: who rang `address`, where somebody did.
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
    def place(self) -> Place:
        """Where the call is: the ids of its PHLO and of its node."""
        return self.phlo_id, self.node_id

    @property
    def moved(self) -> tuple[Member, ...]:
        """The members who are new in the call, or in another state than they were."""
        states = {m.line: m.state for m in self.before.members}
        return tuple(m for m in self.after.members if states.get(m.line) is not m.state)
