"""Formatting of events as a line or a table. Pure: it does no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from ..._masking import mask
from ...webhooks import Component, ConferenceAction, Direction, Event
from ...webhooks.events.keys import normalize_key
from ..printing import printable

__all__ = ["line_parts", "table_rows"]

_STATES = ("event", "state", "status", "request_type")
_IDS = ("call_uuid", "uuid", "message_uuid", "recording_uuid", "conference_uuid", "member_id")
_BAD = ("fail", "busy", "reject", "no answer", "no input", "wrong input", "undelivered")
_MAX_LEVELS = 20


def line_parts(event: Event) -> list[tuple[str, str]]:
    """Return the line of an event, as texts each with its style; the address is masked."""
    state = printable(_first(event, _STATES) or "-")
    return [
        (f"{event.component or 'not recognised':<16}", "cyan" if event.component else "yellow"),
        (f"{state:<15}", _style(state)),
        (f"{_party(event):<5}", "bold"),
        (printable(_first(event, _IDS) or "-")[:8], "bright_black"),
    ]


def _first(event: Event, names: tuple[str, ...]) -> Any:
    return next((found for name in names if (found := getattr(event, name, None))), None)


def _style(state: str) -> str:
    if any(word in state.lower() for word in _BAD):
        return "red"
    return "yellow" if state in {ConferenceAction.EXIT, ConferenceAction.REDIRECT} else "green"


def _party(event: Event) -> str:
    """Return the masked address of the other party: dialled by Plivo, else the caller."""
    ends = ("to", "from_")
    outbound = getattr(event, "direction", None) == Direction.OUTBOUND
    dialled = outbound or event.component == Component.SEND_SMS
    address = _first(event, ends if dialled else ends[::-1])
    return printable(mask(address)) if address else "-"


# All variables


def table_rows(event: Event) -> Iterator[tuple[str, str, bool]]:
    """Yield the name and value of each variable, and whether it is documented."""
    known = set()
    for own in attrs.fields(type(event)):
        value = getattr(event, own.name)
        if own.metadata:
            known.add(normalize_key(own.metadata["variable"]))
            if value not in (None, ()):
                yield own.name, printable(value), True
    for key, value in _flat("", event.raw, _MAX_LEVELS):
        if normalize_key(key) not in known and not normalize_key(key).startswith("requestparams"):
            yield printable(key), printable(value), False


def _flat(path: str, value: Any, levels: int) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping) or not levels:
        yield path, value
        return
    for key, below in value.items():
        yield from _flat(f"{path}.{key}" if path else str(key), below, levels - 1)
