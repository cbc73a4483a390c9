"""What is proven about an attempt: never sent, refused, rejected, accepted or ambiguous; no I/O.

An exception's name does not tell whether a request left: a lost answer is a `ConnectTimeout` to one
transport, a read timeout may come from a proxy that was never passed. So the verdict rests on what
the transport has reported, and on the status line. Nor does a status mean what the dictionary says:
gateways answer 408 and 503, with Retry-After, after the server behind them has acted.
"""

from __future__ import annotations

import math
import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

import httpx
from attrs import frozen

from .._parsing import Reply

__all__ = ["FOREIGN", "Attempt", "Outcome", "judge", "retry_after"]


class Outcome(StrEnum):
    """What is proven about an attempt.

    `NEVER_SENT`: its headers were never begun. `REFUSED`: the server says that it did not act, and
    may later. `REJECTED`: the server says no. `ACCEPTED`: it says yes. `AMBIGUOUS`: nothing proven.
    """

    NEVER_SENT = "never_sent"
    REFUSED = "refused"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    AMBIGUOUS = "ambiguous"


@frozen
class Attempt:
    """One attempt and its outcome.

    `final` says in a few words why a repeat would end like it; "" where it might not.
    """

    outcome: Outcome
    reply: Reply | None = None
    cause: Exception | None = None
    retry_after: float | None = None
    final: str = ""


_REFUSALS = frozenset({425, 429})
_LOGIN_REFUSED = ("407", "401", "Invalid username/password")  # tinyproxy says 401; SOCKS
_PROXY_LOGIN = "check the proxy's user and password"
_CERTIFICATE = "check the certificates: SSL_CERT_FILE, or verify="
FOREIGN = "the answer is not Plivo's"


def judge(
    begun: bool | None,
    reply: Reply | None,
    cause: Exception | None,
    now: datetime,
    *,
    is_foreign: bool = False,
) -> Attempt:
    """The verdict on an attempt.

    Args:
        begun: whether the transport reported that its headers were begun; None when it reported
            nothing, which proves nothing.
        reply: the answer, if a status line came.
        cause: what was raised, if anything.
        now: the wall clock's time, for an answer that carries no `Date`.
        is_foreign: whether the answer's body is whole and not Plivo's.
    """
    if reply is None:
        never = begun is False
        outcome = Outcome.NEVER_SENT if never else Outcome.AMBIGUOUS
        return Attempt(outcome, cause=cause, final=_final(cause) if never else "")
    if is_foreign:
        return Attempt(Outcome.AMBIGUOUS, reply, cause, final=FOREIGN)
    outcome = _of_status(reply.status_code)
    wait = None if outcome is Outcome.ACCEPTED else retry_after(reply.headers, now)
    return Attempt(outcome, reply, cause, wait)


def _of_status(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome.ACCEPTED
    if status in _REFUSALS:
        return Outcome.REFUSED
    return Outcome.AMBIGUOUS if status >= 500 or status == 408 else Outcome.REJECTED


def _final(cause: Exception | None) -> str:
    """Why an attempt that was not sent cannot succeed when it is repeated as it is."""
    if isinstance(cause, httpx.ProxyError) and str(cause).startswith(_LOGIN_REFUSED):
        return _PROXY_LOGIN
    below: BaseException | None = cause
    seen: list[BaseException] = []  # a chain may be a ring
    while below is not None and below not in seen:
        seen.append(below)
        reason = str(getattr(below, "reason", "")) if isinstance(below, ssl.SSLError) else ""
        if (
            "CERTIFICATE" in reason
            or "UNKNOWN_CA" in reason
            or isinstance(below, ssl.SSLCertVerificationError)
        ):
            return _CERTIFICATE
        below = below.__cause__ or below.__context__
    return ""


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
