"""Which events a step of a call yields, each with its variables.

The variables are those of the Multiparty Call component; which changes are a `Redirect` is
assumed.
"""

from collections.abc import Callable
from enum import StrEnum

import attrs

from ..calls.log_entry import LogEntry, Place
from ..calls.members import Call, Member, MemberState, TransferKind, line_of

COUNTRIES = {
    "1": ("US", "United States"),
    "33": ("FR", "France"),
    "34": ("ES", "Spain"),
    "44": ("GB", "United Kingdom"),
    "49": ("DE", "Germany"),
    "55": ("BR", "Brazil"),
    "61": ("AU", "Australia"),
    "91": ("IN", "India"),
}
"""Which country a number's first digits mean; others, and endpoints, are left blank (assumed)."""


class Event(StrEnum):
    """What happened to a member, in the words of the component's `event` variable."""

    ENTER = "ConferenceEnter"
    EXIT = "ConferenceExit"
    REDIRECT = "Redirect"


@attrs.frozen
class Happening:
    """One event of one member."""

    event: Event
    member: Member


_INSIDE = frozenset(
    {MemberState.IN_CALL, MemberState.ON_HOLD, MemberState.PRIVATE, MemberState.VOICEMAIL}
)


def happenings(before: Call, after: Call) -> tuple[Happening, ...]:
    """Return the events between two states of a call, in the order of its members.

    A member enters when its phone is picked up, and exits when it leaves after that. Assumed: it
    is redirected when it goes into or out of a private talk, and when a cold transfer gives it to
    another agent. Holding and muting tell nothing.
    """
    were = {m.line: m for m in before.members}
    found = (_happening(were.get(m.line), m, before, after) for m in after.members)
    return tuple(happening for happening in found if happening is not None)


def _happening(was: Member | None, now: Member, before: Call, after: Call) -> Happening | None:
    was_inside = was is not None and was.state in _INSIDE
    if now.state in _INSIDE and not was_inside:
        return Happening(Event.ENTER, now)
    if was_inside and now.state is MemberState.LEFT:
        return Happening(Event.EXIT, now)
    if was is None or not was_inside or was.state is now.state:
        return None
    apart = MemberState.PRIVATE in (was.state, now.state)
    handed = _handed_over(before, after) and now.state is MemberState.IN_CALL
    return Happening(Event.REDIRECT, now) if apart or handed else None


def _handed_over(before: Call, after: Call) -> bool:
    transfer = before.transfer
    if transfer is None or transfer.kind is not TransferKind.COLD or after.transfer is not None:
        return False
    taker = after.find(transfer.taker)
    return taker is not None and taker.state is MemberState.IN_CALL


# What is told of an event


class Legs:
    """Which leg of which call each member is: its ids, which `new_id` makes, and who rang whom."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self.reset()

    def reset(self) -> None:
        """Forget every leg."""
        self._conferences: dict[Place, str] = {}
        self._ids: dict[tuple[Place, str], dict[str, str]] = {}
        self._rung_by: dict[tuple[Place, str], str] = {}

    def tell(self, step: LogEntry, conference: str) -> list[dict[str, str]]:
        """Return the variables of each of a step's events; `conference` is the node's name."""
        if step.by is not None:
            self._rung_by[step.place, line_of(step.address)] = step.by
        found = happenings(step.before, step.after)
        told = [self._variables(step.place, one, conference) for one in found]
        for member in step.after.members:
            if not member.live:
                self._ids.pop((step.place, member.line), None)
                self._rung_by.pop((step.place, member.line), None)
        if step.after.ended:
            self._conferences.pop(step.place, None)
        return told

    def _variables(self, place: Place, happening: Happening, conference: str) -> dict[str, str]:
        member = happening.member
        dialler = self._rung_by.get((place, member.line))
        caller, called = (member.address, "") if dialler is None else (dialler, member.address)
        return {
            "from": caller,
            "direction": "inbound" if dialler is None else "outbound",
            "caller_name": caller,
            "to": called,
            "event": happening.event.value,
            "bill_rate": "0.00000",
            "call_status": "in-progress",
            "conference_name": conference,
            "conference_uuid": self._conference(place),
            **self._leg(place, member.line),
            **_country("to", called),
            **_country("from", caller),
        }

    def _conference(self, place: Place) -> str:
        if place not in self._conferences:
            self._conferences[place] = self._new_id()
        return self._conferences[place]

    def _leg(self, place: Place, line: str) -> dict[str, str]:
        if (place, line) not in self._ids:
            ids = {"call_uuid": self._new_id(), "member_id": self._new_id()}
            self._ids[place, line] = ids
        return self._ids[place, line]


def _country(end: str, address: str) -> dict[str, str]:
    digits = line_of(address)
    known = digits.isascii() and digits.isdigit() and len(digits) >= 10
    found = next((named for code, named in COUNTRIES.items() if digits.startswith(code)), None)
    iso2, name = found if known and found is not None else ("", "")
    return {f"{end}_iso2": iso2, f"{end}_country": name}
