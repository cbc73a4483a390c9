"""What a step of a call is told to a callback URL: which events, with which variables. No I/O.

The variables are those of the Multiparty Call component; that they come in a form, signed V3, and
which changes are a `Redirect`, is assumed.
"""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from urllib.parse import urlencode, urlsplit

import attrs

from .members import Call, Member, MemberState, TransferKind, line_of
from .refusals import InvalidParameter
from .signing import headers_of, signed_text
from .switchboard import LogEntry, Place

AGENT_NAME = "plivo-phlo-emulator"
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
class Callback:
    """Where a node's events go: the `url`, the `method`, a POST's `format`, how it is signed."""

    url: str
    method: str = "POST"
    format: str = "form"
    version: str = "V3"


CHOICES = {"method": ("POST", "GET"), "format": ("form", "json"), "version": ("V3", "V2")}


def read_callback(value: object, where: str = "callback") -> Callback:
    """Return a callback from its URL or its JSON object; raises `InvalidParameter`."""
    given = {"url": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping):
        raise InvalidParameter(f"{where}: give a URL, or an object with a url.")
    for key in given:
        if key not in ("url", *CHOICES):
            raise InvalidParameter(f"{where}: unknown key {key!r}.")
    for key, choices in CHOICES.items():
        if given.get(key, choices[0]) not in choices:
            raise InvalidParameter(f"{where}.{key}: give {' or '.join(choices)}.")
    if not _is_url(given.get("url")):
        raise InvalidParameter(f"{where}.url: give a URL that begins with http:// or https://.")
    return Callback(**given)


def _is_url(value: object) -> bool:
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        return False
    try:
        parts = urlsplit(value)
        if parts.port == 0:
            return False
    except ValueError:  # also from a port that is none
        return False
    clean = not parts.username and not parts.password and " " not in value and not parts.fragment
    return clean and parts.scheme in ("http", "https") and bool(parts.hostname)


# Which events a step yields


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


@attrs.define
class Legs:
    """Which leg of which call each member is: its ids, and who rang whom."""

    new_id: Callable[[], str]
    _conferences: dict[Place, str] = attrs.field(factory=dict)
    _legs: dict[tuple[Place, str], dict[str, str]] = attrs.field(factory=dict)
    _rung_by: dict[tuple[Place, str], str] = attrs.field(factory=dict)

    def reset(self) -> None:
        """Forget every leg."""
        for known in (self._conferences, self._legs, self._rung_by):
            known.clear()

    def tell(self, step: LogEntry, conference: str) -> list[tuple[Happening, dict[str, str]]]:
        """Return a step's events, each with its variables; `conference` is the node's name."""
        if step.by is not None:
            self._rung_by[step.place, line_of(step.address)] = step.by
        told = [(h, self._variables(step.place, h, conference)) for h in happenings(*_ends(step))]
        for member in step.after.members:
            if not member.live:
                self._forget(step.place, member.line)
        if step.after.ended:
            self._conferences.pop(step.place, None)
        return told

    def _forget(self, place: Place, line: str) -> None:
        self._legs.pop((place, line), None)
        self._rung_by.pop((place, line), None)

    def _variables(self, place: Place, happening: Happening, conference: str) -> dict[str, str]:
        member, line = happening.member, happening.member.line
        ids = self._legs.setdefault((place, line), {})
        dialler = self._rung_by.get((place, line))
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
            "call_uuid": ids.get("call_uuid") or ids.setdefault("call_uuid", self.new_id()),
            "conference_uuid": self._conference(place),
            "member_id": ids.get("member_id") or ids.setdefault("member_id", self.new_id()),
            **_country("to", called),
            **_country("from", caller),
        }

    def _conference(self, place: Place) -> str:
        if place not in self._conferences:
            self._conferences[place] = self.new_id()
        return self._conferences[place]


def _ends(step: LogEntry) -> tuple[Call, Call]:
    return step.before, step.after


def _country(end: str, address: str) -> dict[str, str]:
    digits = line_of(address)
    known = digits.isascii() and digits.isdigit() and len(digits) >= 10
    found = next((named for code, named in COUNTRIES.items() if digits.startswith(code)), None)
    iso2, name = found if known and found is not None else ("", "")
    return {f"{end}_iso2": iso2, f"{end}_country": name}


# What is sent


@attrs.frozen
class Letter:
    """One HTTP request to a callback URL, with the string that was signed."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    signed: str


def write_letter(
    callback: Callback, variables: Mapping[str, str], token: str, nonce: str
) -> Letter:
    """Return the request that tells `variables` to `callback`, signed with the Auth Token."""
    url, body, kind = callback.url, b"", ""
    if callback.method == "GET":
        url += ("&" if urlsplit(url).query else "?") + urlencode(variables)
    elif callback.format == "json":
        body, kind = json.dumps(variables).encode(), "application/json"
    else:
        body, kind = urlencode(variables).encode(), "application/x-www-form-urlencoded"
    text = signed_text(callback.version, callback.method, url, variables, nonce)
    headers = headers_of(callback.version, token, text, nonce)
    headers |= {"User-Agent": AGENT_NAME, **({"Content-Type": kind} if kind else {})}
    return Letter(callback.method, url, headers, body, text)
