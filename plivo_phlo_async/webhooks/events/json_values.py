"""Conversion of an event's values to JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

__all__ = ["to_json_value"]

_MOST_LEVELS = 20


def to_json_value(value: Any, level: int = 1) -> Any:
    """Convert a value: durations to seconds, money to text, times to ISO 8601.

    Levels below the 20th become "…".
    """
    if level > _MOST_LEVELS:
        return "…"
    if isinstance(value, Mapping):
        return {str(key): to_json_value(below, level + 1) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [to_json_value(below, level + 1) for below in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    # JSON has no infinity, which a received value can be.
    as_text = isinstance(value, Decimal) or (isinstance(value, float) and not isfinite(value))
    return str(value) if as_text else value
