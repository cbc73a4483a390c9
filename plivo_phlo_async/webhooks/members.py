"""The members of each call, tracked from webhook events; PHLO's API has no request for them.

A `member_id` is never reused: a caller who returns gets a new one. An exit is therefore final, and
events may arrive late, repeatedly or in any order: the same events always give the same members.

Limits:

- Members who entered before tracking began, and lost events, are unknown. A member whose exit event
  was lost stays until the call's `state` reports its end.
- No variable reports hold, mute, a private consultation or ringing.
- Plivo does not document what `Redirect` means. It changes no membership here; if it means leaving,
  the member stays until their exit event.
- No variable has the `member_address`. It is assumed to be `to` of a call that Plivo dialled
  (`outbound`), and `from` otherwise.
"""

from __future__ import annotations

from collections import OrderedDict

from attrs import define, field, frozen

from .events.conference import ConferenceBridgeEvent, ConferenceEvent, MultiPartyCallEvent
from .events.enums import ConferenceAction, ConferenceBridgeState, Direction, MultiPartyCallState

__all__ = ["MemberTracker", "TrackedMember"]

_ENDED = {*MultiPartyCallState, *ConferenceBridgeState}


@frozen
class TrackedMember:
    """A member of a call.

    Attributes:
        member_id: ID of the member within the conference, or of the member's call where it was not
            sent.
        address: number or SIP endpoint; None when it was not sent.
        caller_name: the caller's name.
        call_uuid: ID of the member's call.
    """

    member_id: str
    address: str | None = None
    caller_name: str | None = None
    call_uuid: str | None = None


@define
class _Conference:
    members: dict[str, TrackedMember] = field(factory=dict)
    exited: set[str] = field(factory=set)
    ended: bool = False

    def enter(self, member: TrackedMember) -> bool:
        member_id = member.member_id
        if self.ended or member_id in self.exited or member_id in self.members:
            return False
        self.members[member_id] = member
        return True

    def exit(self, member_id: str) -> bool:
        self.exited.add(member_id)
        return self.members.pop(member_id, None) is not None

    def end(self, *, final: bool) -> bool:
        changed = bool(self.members)
        self.ended = final
        self.exited.update(self.members)
        self.members.clear()
        return changed


class MemberTracker:
    """Tracks the members of each call from the events of Multiparty Calls or Conference Bridges.

    Args:
        max_calls: maximum number of tracked calls; above it, the call with the oldest last event
            is dropped with its members.
    """

    def __init__(self, *, max_calls: int = 10_000) -> None:
        self._max_calls = max_calls
        self._conferences: OrderedDict[str, _Conference] = OrderedDict()

    def update(self, event: ConferenceEvent) -> bool:
        """Update the members from an event.

        Args:
            event: a verified event. It is ignored without the ID (or name) of its conference, or
                without the ID of the member (or of the member's call).

        Returns:
            True when the members of a call changed.
        """
        key = event.conference_uuid or event.conference_name
        if not key:
            return False
        conference = self._conference(key)
        if isinstance(event, MultiPartyCallEvent | ConferenceBridgeEvent) and event.state in _ENDED:
            return conference.end(final=bool(event.conference_uuid))  # a name can be reused
        member = event.member_id or event.call_uuid
        if member and event.event == ConferenceAction.EXIT:
            return conference.exit(member)
        if member and event.event == ConferenceAction.ENTER:
            return conference.enter(_tracked_member(member, event))
        return False

    def members(self, call: str) -> tuple[TrackedMember, ...]:
        """Return the members of a call, in the order of their enter events.

        Args:
            call: the `conference_uuid`, or the conference's name where no ID was sent.
        """
        conference = self._conferences.get(call)
        return tuple(conference.members.values()) if conference else ()

    def calls(self) -> tuple[str, ...]:
        """Return the calls that have members, by ID or name; the oldest last event comes first."""
        return tuple(key for key, each in self._conferences.items() if each.members)

    def _conference(self, key: str) -> _Conference:
        conference = self._conferences.setdefault(key, _Conference())
        self._conferences.move_to_end(key)
        if len(self._conferences) > self._max_calls:
            self._conferences.popitem(last=False)
        return conference


def _tracked_member(member_id: str, event: ConferenceEvent) -> TrackedMember:
    address = event.to if event.direction == Direction.OUTBOUND else event.from_
    return TrackedMember(member_id, address, event.caller_name, event.call_uuid)
