"""The events of a step, each with its variables.

The variables are those of the Multiparty Call component; which changes are a `Redirect` is
assumed.
"""

from collections.abc import Callable
from enum import StrEnum

import attrs

from ..calls.log_entry import LogEntry
from ..calls.members import Call, CallMember, MemberState, TransferKind, canonical_address

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
"""The country of a number by its first digits; blank for others and for endpoints (assumed)."""


class MemberEventName(StrEnum):
    """The values of the component's `event` variable."""

    ENTER = "ConferenceEnter"
    EXIT = "ConferenceExit"
    REDIRECT = "Redirect"


@attrs.frozen
class MemberEvent:
    """One event of one member."""

    name: MemberEventName
    member: CallMember


_INSIDE = frozenset(
    {MemberState.IN_CALL, MemberState.ON_HOLD, MemberState.CONSULTING, MemberState.VOICEMAIL}
)


def member_events(before: Call, after: Call) -> tuple[MemberEvent, ...]:
    """Return the events between two states of a call, in the order of its members.

    A member enters when its phone is answered, and exits when it leaves after that. Assumed: it is
    redirected when a consultation begins or ends for it, and when a cold transfer connects it to
    another agent. Hold and mute cause no event.
    """
    events = (_member_event(old, new, before, after) for old, new in after.changes(before))
    return tuple(event for event in events if event is not None)


def _member_event(
    was: CallMember | None, now: CallMember, before: Call, after: Call
) -> MemberEvent | None:
    was_inside = was is not None and was.state in _INSIDE
    if now.state in _INSIDE and not was_inside:
        return MemberEvent(MemberEventName.ENTER, now)
    if was_inside and now.state is MemberState.LEFT:
        return MemberEvent(MemberEventName.EXIT, now)
    if was is None or not was_inside or was.state is now.state:
        return None
    consults = MemberState.CONSULTING in (was.state, now.state)
    transferred = _is_transferred(before, after) and now.state is MemberState.IN_CALL
    return MemberEvent(MemberEventName.REDIRECT, now) if consults or transferred else None


def _is_transferred(before: Call, after: Call) -> bool:
    transfer = before.transfer
    if transfer is None or transfer.kind is not TransferKind.COLD or after.transfer is not None:
        return False
    target = after.find(transfer.target)
    return target is not None and target.state is MemberState.IN_CALL


class CallLegs:
    """The call leg of each member: its ids, which `new_id` makes, and who dialled it."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self.reset()

    def reset(self) -> None:
        """Forget every leg."""
        self._ids: dict[tuple[str, str], dict[str, str]] = {}
        self._dialled_by: dict[tuple[str, str], str] = {}

    def variables(self, step: LogEntry, conference: str) -> list[dict[str, str]]:
        """Return the variables of each event of a step; `conference` is the name of the node."""
        if step.by is not None:
            self._dialled_by[step.call_id, canonical_address(step.address)] = step.by
        events = member_events(step.before, step.after)
        variables = [self._variables(step.call_id, event, conference) for event in events]
        for member in step.changed_members:
            if not member.live:
                self._ids.pop((step.call_id, member.canonical_address), None)
                self._dialled_by.pop((step.call_id, member.canonical_address), None)
        return variables

    def _variables(self, call_id: str, event: MemberEvent, conference: str) -> dict[str, str]:
        member = event.member
        dialler = self._dialled_by.get((call_id, member.canonical_address))
        caller, called = (member.address, "") if dialler is None else (dialler, member.address)
        return {
            "from": caller,
            "direction": "inbound" if dialler is None else "outbound",
            "caller_name": caller,
            "to": called,
            "event": event.name.value,
            "bill_rate": "0.00000",
            "call_status": "in-progress",
            "conference_name": conference,
            "conference_uuid": call_id,
            **self._leg(call_id, member.canonical_address),
            **_country("to", called),
            **_country("from", caller),
        }

    def assign(self, call_id: str, address: str, call_uuid: str) -> str:
        """Set the id of a member's call; returns the id of the member."""
        member_id = self._new_id()
        ids = {"call_uuid": call_uuid, "member_id": member_id}
        self._ids[call_id, canonical_address(address)] = ids
        return member_id

    def _leg(self, call_id: str, address: str) -> dict[str, str]:
        if (call_id, address) not in self._ids:
            ids = {"call_uuid": self._new_id(), "member_id": self._new_id()}
            self._ids[call_id, address] = ids
        return self._ids[call_id, address]


def _country(end: str, address: str) -> dict[str, str]:
    digits = canonical_address(address)
    is_number = digits.isascii() and digits.isdigit() and len(digits) >= 10
    found = next((country for code, country in COUNTRIES.items() if digits.startswith(code)), None)
    iso2, name = found if is_number and found is not None else ("", "")
    return {f"{end}_iso2": iso2, f"{end}_country": name}
