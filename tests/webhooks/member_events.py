"""Events of a multi-party call, for tests."""

from __future__ import annotations

from typing import Any

from plivo_phlo_async.webhooks import MultiPartyCallEvent, parse

__all__ = ["ended", "entered", "exited"]


def entered(
    address: str, member_id: str = "1", call: str = "c", **other: Any
) -> MultiPartyCallEvent:
    """Return the event of a member whom Plivo dialled, and who entered the call."""
    return _event("ConferenceEnter", address, member_id, call, other)


def exited(
    address: str, member_id: str = "1", call: str = "c", **other: Any
) -> MultiPartyCallEvent:
    """Return the event of a member who left the call."""
    return _event("ConferenceExit", address, member_id, call, other)


def ended(call: str = "c", state: str = "Completed", **other: Any) -> MultiPartyCallEvent:
    """Return the event of a call that ended."""
    return parse(MultiPartyCallEvent, {"conference_uuid": call, "state": state, **other})


def _event(
    event: str, address: str, member_id: str, call: str, other: dict[str, Any]
) -> MultiPartyCallEvent:
    params = {
        "conference_uuid": call,
        "member_id": member_id,
        "event": event,
        "direction": "outbound",
        "from": "12025550000",
        "to": address,
    }
    return parse(MultiPartyCallEvent, {**params, **other})
