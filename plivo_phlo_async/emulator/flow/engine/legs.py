"""Call legs: their variables, and the causes of their end.

https://docs.plivo.com/docs/voice/troubleshooting/hangup-causes
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import attrs

from ..countries import country_of
from .values import Leg, LegState

__all__ = [
    "BUSY_LINE",
    "CANCELED",
    "CONFIRM_FAILED",
    "INVALID_DESTINATION",
    "LOST_RACE",
    "NORMAL",
    "NO_ANSWER",
    "NO_PRICE",
    "REJECTED",
    "RING_TIMEOUT",
    "end_leg",
    "format_time",
    "leg_variables",
]

NORMAL = "4000"
CANCELED = "1000"
INVALID_DESTINATION = "2000"
NO_ANSWER = "3000"
BUSY_LINE = "3010"
REJECTED = "3020"
RING_TIMEOUT = "6010"
LOST_RACE = "9000"
CONFIRM_FAILED = "9110"

NO_PRICE = "0.00000"
"""Every price (assumed)."""


def end_leg(leg: Leg, at: float, cause: str) -> Leg:
    """Return a leg that ended at a time, in seconds since 1970, for a cause."""
    return attrs.evolve(leg, state=LegState.ENDED, ended_at=at, cause=cause)


def format_time(at: float | None) -> str:
    """Return a time as Plivo writes it, in UTC; "" for none."""
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def leg_variables(leg: Leg) -> dict[str, object]:
    """Return the variables of a leg, with the names of the component that it belongs to."""
    lasted = "" if leg.ended_at is None else str(round(leg.ended_at - leg.started_at))
    return {
        "uuid": leg.uuid,
        "to": leg.to,
        "from": leg.from_,
        "start_time": format_time(leg.started_at),
        "answer_time": format_time(leg.answered_at),
        "end_time": format_time(leg.ended_at),
        "direction": leg.direction,
        **_countries(leg),
        "leg": "BLeg" if leg.parent else "ALeg",
        "hangup_cause": leg.cause,
        "duration": lasted,
        "bill_duration": _billed(leg),
        "bill_rate": NO_PRICE,
        "bill_amount": NO_PRICE,
        **_status(leg),
    }


def _countries(leg: Leg) -> Mapping[str, object]:
    iso2, country = country_of(leg.from_)
    found = {"from_iso2": iso2, "from_country": country}
    if leg.direction == "inbound":
        iso2, country = country_of(leg.to)
        found |= {"to_iso2": iso2, "to_country": country}
    return found


def _billed(leg: Leg) -> str:
    if leg.ended_at is None:
        return ""
    return "0" if leg.answered_at is None else str(round(leg.ended_at - leg.answered_at))


def _status(leg: Leg) -> Mapping[str, object]:
    if leg.direction == "inbound":
        return {}
    rang = {"ring_status": "false" if leg.cause == INVALID_DESTINATION else "true"}
    if leg.parent:
        return {**rang, "parent_call_uuid": leg.parent}
    machine = "true" if leg.machine else "false"
    return {**rang, "voicemail_detected": machine, "call_status": "in-progress"}
