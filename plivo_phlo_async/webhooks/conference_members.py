"""The members of one call, whatever the order and number of its events. Pure: it does no I/O."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from attrs import define, evolve, field, fields_dict, frozen

from .._addresses import same_address
from .._json_values import JsonObject
from .events.conference import ConferenceBridgeEvent, ConferenceEvent, MultiPartyCallEvent
from .events.enums import ConferenceAction, ConferenceBridgeState, MultiPartyCallState

__all__ = [
    "Conference",
    "MemberChange",
    "MemberChangeKind",
    "News",
    "TrackedMember",
    "change_of",
    "changes_in",
]

_ENDED = {*MultiPartyCallState, *ConferenceBridgeState}
_MAX_EXITS = 1000  # of one call; a conference that is known by its name may be used for years


@frozen
class TrackedMember(JsonObject):
    """A member of a call.

    Attributes:
        member_id: ID of the member within the conference, or of the member's call where it was not
            sent.
        address: number or SIP endpoint; None when it was not sent.
        caller_name: the caller's name.
        call_uuid: ID of the member's call.
        call: the call, as `MemberTracker.calls` names it.
    """

    member_id: str
    address: str | None = None
    caller_name: str | None = None
    call_uuid: str | None = None
    call: str = ""

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrackedMember:
        """Return the member that `to_dict` was called on.

        Args:
            values: what `to_dict` returned.
        """
        return cls(**{name: values[name] for name in fields_dict(cls) if name in values})


class MemberChangeKind(StrEnum):
    """What changed.

    Attributes:
        ENTERED: a member entered a call.
        EXITED: a member left a call.
        ENDED: a call ended; all its members have left.
        RESET: more than can be listed; read `calls` and `members` again.
    """

    ENTERED = "entered"
    EXITED = "exited"
    ENDED = "ended"
    RESET = "reset"


@frozen
class MemberChange(JsonObject):
    """A change of a call's members.

    Attributes:
        kind: what changed.
        call: the call, as `MemberTracker.calls` names it; "" for `RESET`.
        member: who entered or left; None for the other kinds.
        state: `Completed` or `Failed` for a call that ended; None for the other kinds.
        is_named: whether `call` is a name, which another call can have later, and no ID.
    """

    kind: MemberChangeKind
    call: str = ""
    member: TrackedMember | None = None
    state: str | None = None
    is_named: bool = False

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> MemberChange:
        """Return the change that `to_dict` was called on.

        Args:
            values: what `to_dict` returned.
        """
        known = {name: values[name] for name in fields_dict(cls) if name in values}
        member = known.get("member")
        return evolve(
            cls(**known),
            kind=MemberChangeKind(known["kind"]),
            member=TrackedMember.from_dict(member) if member else None,
        )


@frozen
class News:
    """What an event adds to what is known.

    Attributes:
        change: the change.
        since: when it is known to have happened at the latest, as the number of an event.
        is_late: whether a later event was processed before, so that the members stay the same.
    """

    change: MemberChange
    since: int
    is_late: bool = False


def change_of(event: ConferenceEvent) -> MemberChange | None:
    """Return the change that an event reports; None if it reports none, or not of which call."""
    call, is_named = event.conference_uuid or event.conference_name, not event.conference_uuid
    if not call:
        return None
    if isinstance(event, MultiPartyCallEvent | ConferenceBridgeEvent) and event.state in _ENDED:
        ended = MemberChangeKind.ENDED
        return MemberChange(ended, call, state=str(event.state), is_named=is_named)
    member_id = event.member_id or event.call_uuid
    if not member_id or event.event not in {ConferenceAction.ENTER, ConferenceAction.EXIT}:
        return None
    has_entered = event.event == ConferenceAction.ENTER
    kind = MemberChangeKind.ENTERED if has_entered else MemberChangeKind.EXITED
    member = TrackedMember(member_id, event.address, event.caller_name, event.call_uuid, call)
    return MemberChange(kind, call, member, is_named=is_named)


def changes_in(values: dict[str, Any]) -> list[MemberChange]:
    """Return the changes that lead to what is known of a call.

    Args:
        values: what `Conference.to_dict` returned.
    """

    def change(kind: MemberChangeKind, **what: Any) -> MemberChange:
        return MemberChange(kind, values["call"], is_named=values["is_named"], **what)

    exits = [TrackedMember(member_id, call=values["call"]) for member_id in values["exits"]]
    members = [TrackedMember.from_dict(member) for member in values["members"]]
    changes = [change(MemberChangeKind.EXITED, member=member) for member in exits]
    changes += [change(MemberChangeKind.ENTERED, member=member) for member in members]
    if values["end"] is not None and not members:
        changes.append(change(MemberChangeKind.ENDED, state=values["end"]))
    return changes


@define
class Conference:
    """The members of one call.

    Attributes:
        call: its name.
        members: who is on the call, by ID, in the order in which they entered.
        exits: the number of each exit event, by the member's ID; 0 once the enter event is known.
        has_had_members: whether it has had members.
        end: the reported end; None while the call goes on.
        ended_at: the number of the event that reported it.
        is_named: whether the call is known by its name, so that members can enter after its end.
    """

    call: str
    is_named: bool = False
    members: dict[str, TrackedMember] = field(factory=dict)
    exits: OrderedDict[str, int] = field(factory=OrderedDict)
    has_had_members: bool = False
    end: MemberChange | None = None
    ended_at: int = 0

    @property
    def is_over(self) -> bool:
        """Whether it has ended for good."""
        return self.end is not None and not self.is_named

    @property
    def known_end(self) -> MemberChange | None:
        """The reported end, or the `Completed` that all known members having left amounts to."""
        if self.end is None and self.has_had_members and not self.members:
            ended, completed = MemberChangeKind.ENDED, MultiPartyCallState.COMPLETED
            return MemberChange(ended, self.call, state=str(completed), is_named=self.is_named)
        return self.end

    def has(self, address: str) -> bool:
        """Return whether a member has this address."""
        return any(same_address(member.address, address) for member in self.members.values())

    def apply(self, change: MemberChange, number: int) -> Iterator[News]:
        """Apply a change and return what is new.

        Args:
            change: the change.
            number: the number of its event; it grows with each event.
        """
        if change.kind is MemberChangeKind.ENDED:
            yield from self._end(change, number)
        elif change.member is not None and change.kind is MemberChangeKind.ENTERED:
            yield from self._enter(change, change.member, number)
        elif change.member is not None:
            yield from self._exit(change, change.member, number)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "call": self.call,
            "is_named": self.is_named,
            "members": [member.to_dict() for member in self.members.values()],
            "exits": [*self.exits],
            "end": self.end.state if self.end else None,
        }

    def merge(self, values: dict[str, Any]) -> bool:
        """Add what another tracker knew of this call; return whether the members changed.

        Args:
            values: what `to_dict` returned.
        """
        news = [news for change in changes_in(values) for news in self.apply(change, 0)]
        return any(not each.is_late for each in news)

    def _enter(self, change: MemberChange, member: TrackedMember, number: int) -> Iterator[News]:
        member_id = member.member_id
        if member_id in self.members:
            return
        exited_at = self.exits.get(member_id)
        if exited_at is None and self.is_over:
            exited_at = self.ended_at
        if exited_at is None:
            self.end, self.has_had_members = None, True
            self.members[member_id] = member
            yield News(change, number)
        elif exited_at > 0:
            self._add_exit(member_id, 0)
            yield News(change, exited_at, is_late=True)

    def _exit(self, change: MemberChange, member: TrackedMember, number: int) -> Iterator[News]:
        if member.member_id in self.exits:
            return
        entered = self.members.pop(member.member_id, None)
        if entered is None:
            exited_at = self.ended_at if self.is_over else number
            self._add_exit(member.member_id, exited_at)
            yield News(change, exited_at, is_late=True)
        else:
            self._add_exit(member.member_id, 0)
            yield News(self._exited(entered), number)

    def _end(self, change: MemberChange, number: int) -> Iterator[News]:
        if self.end is not None:
            return
        self.end, self.ended_at = change, number
        left = [*self.members.values()]
        self.members.clear()
        for member in left:
            self._add_exit(member.member_id, 0)
            yield News(self._exited(member), number)
        yield News(change, number, is_late=not left)

    def _exited(self, member: TrackedMember) -> MemberChange:
        exited = MemberChangeKind.EXITED
        return MemberChange(exited, self.call, member, is_named=self.is_named)

    def _add_exit(self, member_id: str, number: int) -> None:
        self.exits[member_id] = number
        if len(self.exits) > _MAX_EXITS:
            self.exits.popitem(last=False)
