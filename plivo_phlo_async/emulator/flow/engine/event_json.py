"""An event as plain JSON data, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from . import events
from .events import FlowEvent

__all__ = ["event_from_json", "event_to_json"]


def event_to_json(event: FlowEvent) -> dict[str, Any]:
    """Return an event as plain data; `event_from_json` returns an equal event."""
    return {"event": type(event).__name__, **attrs.asdict(event)}


def event_from_json(data: Mapping[str, Any]) -> FlowEvent:
    """Return an event from its plain data.

    Raises:
        KeyError, TypeError, ValueError: the data is not of an event.
    """
    fields = dict(data)
    name = fields.pop("event")
    if name not in events.__all__ or name == "FlowEvent":
        raise ValueError(f"unknown event {name!r}")
    event: FlowEvent = getattr(events, name)(**fields)
    return event
