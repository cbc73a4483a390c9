"""What happened to an attempt: never sent, refused, rejected, accepted or ambiguous; no I/O.

An exception's type does not tell whether a request left: a read timeout may come from a proxy
that was never passed, a broken body hides a status that said yes. So the verdict rests on what
was seen: whether the request's headers were begun, and the status line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

import httpx
from attrs import frozen

from .._parsing import Reply

__all__ = ["Attempt", "Outcome", "judge", "retry_after"]


class Outcome(StrEnum):
    """What is proven about an attempt.

    `NEVER_SENT`: its headers were never begun. `REFUSED`: the server says it did not act and may
    later. `REJECTED`: the server says no. `ACCEPTED`: it says yes. `AMBIGUOUS`: nothing proven.
    """

    NEVER_SENT = "never_sent"
    REFUSED = "refused"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    AMBIGUOUS = "ambiguous"


@frozen
class Attempt:
    """One attempt and what became of it."""

    outcome: Outcome
    reply: Reply | None = None
    cause: Exception | None = None
    retry_after: float | None = None


_REFUSALS = frozenset({408, 425, 429})
# Where the transport tells nothing, only these prove that no header was begun.
_BEFORE_SENDING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


def judge(
    begun: bool | None, reply: Reply | None, cause: Exception | None, now: datetime
) -> Attempt:
    """The verdict on an attempt.

    Args:
        begun: whether its headers were begun; None when the transport does not tell.
        reply: the answer, if a status line came.
        cause: what was raised, if anything.
        now: the wall clock's time, for an answer that carries no `Date`.
    """
    if reply is None:
        never = begun is False or (begun is None and isinstance(cause, _BEFORE_SENDING))
        return Attempt(Outcome.NEVER_SENT if never else Outcome.AMBIGUOUS, cause=cause)
    wait = retry_after(reply.headers, now)
    return Attempt(_of_status(reply.status_code, wait), reply, cause, wait)


def _of_status(status: int, wait: float | None) -> Outcome:
    if 200 <= status < 300:
        return Outcome.ACCEPTED
    if status in _REFUSALS or (status == 503 and wait is not None):
        return Outcome.REFUSED
    return Outcome.AMBIGUOUS if status >= 500 else Outcome.REJECTED


_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds the server asks to wait, or None when it does not say or says nonsense.

    A date is held against the answer's own `Date`, so that a wrong clock here does not matter.
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
