"""What is proven about an attempt: never sent, refused, rejected, accepted or ambiguous; no I/O.

The name of an exception does not show whether the request left: one transport raises
`ConnectTimeout` for a lost response, and a read timeout may come from a proxy that never forwarded
the request. So the outcome depends on what the transport reported and on the status line. A status
is no proof either: gateways send 408 and 503, with Retry-After, after the server behind them acted.
"""

from __future__ import annotations

import ssl
from datetime import datetime
from enum import StrEnum

import httpx
from attrs import frozen

from .._parsing import Reply
from .retry_after import parse_retry_after

__all__ = ["FOREIGN", "Attempt", "Outcome", "classify"]


class Outcome(StrEnum):
    """What is proven about an attempt.

    Attributes:
        NEVER_SENT: no byte of the request was sent.
        REFUSED: the server did not act, and may later (429, 425).
        REJECTED: the server did not act (3xx and the other 4xx).
        ACCEPTED: the server accepted the request (2xx).
        AMBIGUOUS: nothing is proven.
    """

    NEVER_SENT = "never_sent"
    REFUSED = "refused"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    AMBIGUOUS = "ambiguous"


@frozen
class Attempt:
    """One attempt and its outcome.

    Attributes:
        outcome: what is proven about it.
        reply: the response, if a status line came.
        cause: the exception, if one was raised.
        retry_after: seconds the server asks to wait, if it does.
        final: why a retry would end the same way, in a few words; "" if it might not.
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


def classify(
    begun: bool | None,
    reply: Reply | None,
    cause: Exception | None,
    now: datetime,
    *,
    is_foreign: bool = False,
) -> Attempt:
    """Classify an attempt by what is proven about it.

    Args:
        begun: whether the transport reported that it began to send the request's headers; None
            when it reported nothing, which proves nothing.
        reply: the response, if a status line came.
        cause: the exception, if one was raised.
        now: the wall clock's time, for a response without a `Date`.
        is_foreign: whether the response's body is complete and not Plivo's.
    """
    if reply is None:
        never = begun is False
        outcome = Outcome.NEVER_SENT if never else Outcome.AMBIGUOUS
        return Attempt(outcome, cause=cause, final=_final(cause) if never else "")
    if is_foreign:
        return Attempt(Outcome.AMBIGUOUS, reply, cause, final=FOREIGN)
    outcome = _of_status(reply.status_code)
    wait = None if outcome is Outcome.ACCEPTED else parse_retry_after(reply.headers, now)
    return Attempt(outcome, reply, cause, wait)


def _of_status(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome.ACCEPTED
    if status in _REFUSALS:
        return Outcome.REFUSED
    return Outcome.AMBIGUOUS if status >= 500 or status == 408 else Outcome.REJECTED


def _final(cause: Exception | None) -> str:
    """Return why an unsent request would fail again; "" if it might not."""
    if isinstance(cause, httpx.ProxyError) and str(cause).startswith(_LOGIN_REFUSED):
        return _PROXY_LOGIN
    below: BaseException | None = cause
    seen: list[BaseException] = []  # a chain may be a cycle
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
