"""Who is on a call now, from what a Multiparty Call tells; PHLO has no request that would say it.

Nobody ever comes back under the same `member_id`: whoever calls again gets a new one. So leaving is
final, and events may come late, twice or in any order: the same events always give the same people.

What this cannot know:

- who was on the call before watching began, and anything of an event that never arrived: somebody
  whose exit was lost stays until the call's `state` says that it ended;
- who is on hold, muted, in private talk or ringing: no variable tells of these;
- what `Redirect` means exactly, which Plivo does not document; nobody comes or goes by it here, so
  that if it means leaving, the member stays until their exit is told;
- a member's `member_address`: taken to be `to` of a call that Plivo dialled (`outbound`), else
  `from`.
"""

from __future__ import annotations

from collections import OrderedDict

from attrs import define, field, frozen

from .conference_events import ConferenceEvent
from .vocabulary import ConferenceAction, ConferenceBridgeState, Direction, MultiPartyCallState

__all__ = ["MemberWatch", "Present"]

_ENDED = {*MultiPartyCallState, *ConferenceBridgeState}


@frozen
class Present:
    """Somebody on a call.

    Attributes:
        member_id: the member's id inside the conference, or the call's id where it was not sent.
        address: the number or SIP endpoint, as far as it can be told.
        caller_name: the caller's name.
        call_uuid: the id of the member's call.
    """

    member_id: str
    address: str | None = None
    caller_name: str | None = None
    call_uuid: str | None = None


@define
class _Conference:
    here: dict[str, Present] = field(factory=dict)
    gone: set[str] = field(factory=set)
    over: bool = False

    def enters(self, present: Present) -> bool:
        member = present.member_id
        if self.over or member in self.gone or member in self.here:
            return False
        self.here[member] = present
        return True

    def leaves(self, member: str) -> bool:
        self.gone.add(member)
        return self.here.pop(member, None) is not None

    def ends(self, *, for_good: bool) -> bool:
        somebody = bool(self.here)
        self.over = for_good
        self.gone.update(self.here)
        self.here.clear()
        return somebody


class MemberWatch:
    """Keeps who is on which call, fed with the events of Multiparty Calls or Conference Bridges.

    Args:
        most: how many calls are remembered; beyond that the one that was quiet longest is
            forgotten, with whoever may be on it.
    """

    def __init__(self, *, most: int = 10_000) -> None:
        self._most = most
        self._conferences: OrderedDict[str, _Conference] = OrderedDict()

    def see(self, event: ConferenceEvent) -> bool:
        """Take note of an event.

        Args:
            event: without the id of its conference (or its name) and of the member (or the call)
                it tells nothing.

        Returns:
            True when it changed who is on a call.
        """
        key = event.conference_uuid or event.conference_name
        if not key:
            return False
        conference = self._conference(key)
        if getattr(event, "state", None) in _ENDED:
            return conference.ends(for_good=bool(event.conference_uuid))  # a name is used again
        member = event.member_id or event.call_uuid
        if member and event.event == ConferenceAction.EXIT:
            return conference.leaves(member)
        if member and event.event == ConferenceAction.ENTER:
            return conference.enters(_present(member, event))
        return False

    def on_call(self, conference: str) -> tuple[Present, ...]:
        """Who is on a call now, in the order in which their entering was told.

        Args:
            conference: its `conference_uuid`, or its name where no id was sent.
        """
        found = self._conferences.get(conference)
        return tuple(found.here.values()) if found else ()

    def calls(self) -> tuple[str, ...]:
        """The calls that somebody is on, as `on_call` takes them; who was quiet longest first."""
        return tuple(key for key, each in self._conferences.items() if each.here)

    def _conference(self, key: str) -> _Conference:
        conference = self._conferences.setdefault(key, _Conference())
        self._conferences.move_to_end(key)
        if len(self._conferences) > self._most:
            self._conferences.popitem(last=False)
        return conference


def _present(member: str, event: ConferenceEvent) -> Present:
    address = event.to if event.direction == Direction.OUTBOUND else event.from_
    return Present(member, address, event.caller_name, event.call_uuid)
