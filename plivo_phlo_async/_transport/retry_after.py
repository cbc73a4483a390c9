"""`Retry-After`: for how long the server asks to wait."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["parse_retry_after"]

_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


def parse_retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds the server asks to wait, or None if it names none or sends nonsense.

    A date is compared with the response's own `Date`, so that a wrong local clock does not matter.

    Args:
        headers: the response's headers.
        now: the wall clock's time, for a response without a `Date`.
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if _SECONDS.fullmatch(value):
        seconds = float(value)
        return seconds if math.isfinite(seconds) else None
    then = _http_date(value)
    if then is None:
        return None
    return max(0.0, (then - (_http_date(headers.get("date", "")) or now)).total_seconds())


def _http_date(value: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
