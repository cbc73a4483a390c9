"""What `doctor` asks the server, and what it makes of the answer; nothing is changed there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import anyio

from ..._transport.retry import RetryPolicy
from ...client import AsyncPhloClient
from ...errors import ConfigurationError, PhloError, ResponseError, UnexpectedResponseError
from ...results import PhloDetails
from ..exit_codes import CREDENTIALS, FAILED, NETWORK, exit_code_for
from ..options import describe_error, origin
from .checks import CheckStatus, Finding, proxied_by

__all__ = ["probe"]

_NO_PHLO = "00000000-0000-4000-8000-000000000000"  # asked for to see what is said to anybody
_WRONG_CLOCK = 60.0  # seconds

_OTHER_SERVER = "Something else answers there: check {base_url}, which ends in /v1 at Plivo."
_ADVICE = (
    ("ProxyError", "The proxy refuses: check {proxy}, its user and its password."),
    (
        "certificate has expired|not yet valid",
        "Look at this machine's clock; if it is right, the server's certificate is not.",
    ),
    (
        "[Hh]ostname mismatch|IP address mismatch",
        "That host has the certificate of another one: check {base_url} and DNS.",
    ),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "No authority that is trusted here signed its certificate: give yours with SSL_CERT_FILE,"
        " or AsyncPhloClient(verify=...).",
    ),
    (
        "WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE",
        "What listens there speaks no TLS: check scheme and port in {base_url}.",
    ),
    (
        "getaddrinfo|Name or service|name resolution|nodename nor servname|No address associated",
        "The host's name cannot be resolved: check DNS and {base_url}.",
    ),
    (
        "refused|Connect call failed|connection attempts failed",
        "Nothing listens there: check host and port in {first}.",
    ),
    ("Timeout", "Nothing came in time: check network, firewall and {first}."),
    ("", "Check network, firewall and {first}."),
)


def probe(url: str, phlo_id: str | None, options: dict[str, Any]) -> Iterator[Finding]:
    """Ask for a PHLO that is not there, then for the one that should be."""
    answer = anyio.run(_get, options, _NO_PHLO)
    if isinstance(answer, PhloError) and not isinstance(answer, ResponseError):
        yield _unreached(url, answer)
        return
    yield from _reached(url, answer)
    if phlo_id is not None and answer.status_code in {200, 404}:
        yield _phlo(phlo_id, anyio.run(_get, options, phlo_id))


async def _get(options: dict[str, Any], phlo_id: str) -> PhloDetails | PhloError:
    """The PHLO, or what was raised instead."""
    try:
        async with AsyncPhloClient(**options, retry=RetryPolicy(attempts=1, deadline=10)) as client:
            return await client.phlo(phlo_id).get()
    except PhloError as error:
        return error


def _unreached(url: str, error: PhloError) -> Finding:
    """Why there was no answer of Plivo's."""
    host, through = urlsplit(url).netloc, proxied_by(url)
    if isinstance(error, ConfigurationError):
        advice = f"Mend {through}; a proxy of socks:// needs the package socksio."
        detail = str(error).removeprefix("proxy: ")
        return Finding("proxy", CheckStatus.BAD, detail, advice, exit_code_for(error))
    why = " ".join(error.__notes__)  # the cause, on one line
    advice = next(advice for words, advice in _ADVICE if re.search(words, why))
    detail = f"{host} through a proxy: {why}" if through else f"{host}: {why}"
    return Finding("reachable", CheckStatus.BAD, detail, _where(url, advice), NETWORK)


def _where(url: str, advice: str) -> str:
    """Advice that names what to look at."""
    base_url = origin("base_url") or "PLIVO_PHLO_BASE_URL"
    through = proxied_by(url)
    return advice.format(base_url=base_url, proxy=through, first=through or base_url)


def _reached(url: str, answer: PhloDetails | ResponseError) -> Iterator[Finding]:
    """What an answer shows about the server, the account and the clock."""
    status = answer.status_code
    host = f"{urlsplit(url).netloc} answers"
    if isinstance(answer, UnexpectedResponseError):
        detail = f"{host}, but not as Plivo does: {answer}"
        yield Finding("reachable", CheckStatus.BAD, detail, _where(url, _OTHER_SERVER), FAILED)
    elif status in _ACCOUNT:
        yield Finding("reachable", CheckStatus.GOOD, host)
        yield _ACCOUNT[status]
    elif status >= 500:
        advice = "Try again soon; if it stays so, see status.plivo.com."
        yield Finding("reachable", CheckStatus.BAD, f"{host} {status}", advice, FAILED)
    else:
        detail = f"{host} {status}, as Plivo does not"
        yield Finding("reachable", CheckStatus.BAD, detail, _where(url, _OTHER_SERVER), FAILED)
    if isinstance(answer, ResponseError):
        yield from _clock(answer.headers.get("date"), datetime.now(UTC))


_ACCEPTED = Finding("account", CheckStatus.GOOD, "the credentials are accepted")
_ACCOUNT = {
    200: _ACCEPTED,
    401: Finding(
        "account",
        CheckStatus.BAD,
        "refused by the server",
        "Compare Auth ID and Auth Token with the console.",
        CREDENTIALS,
    ),
    403: Finding(
        "account",
        CheckStatus.BAD,
        "this account may not use PHLO",
        "Look in the console whether PHLO is enabled and the account verified.",
        FAILED,
    ),
    404: _ACCEPTED,  # no account has the PHLO of this probe
    429: Finding(
        "account",
        CheckStatus.NOTE,
        "over its rate limit",
        "Something else sends on this account: wait, or slow it down.",
    ),
}


def _phlo(phlo_id: str, answer: PhloDetails | PhloError) -> Finding:
    """Whether the PHLO is there."""
    if isinstance(answer, PhloError):
        advice = f"Compare {origin('phlo_id')} with the console; a PHLO has to be deployed."
        return Finding(
            "PHLO", CheckStatus.BAD, describe_error(answer), advice, exit_code_for(answer)
        )
    named = f": {answer.name}" if answer.name else ""
    return Finding("PHLO", CheckStatus.GOOD, f"{phlo_id} is there{named}")


def _clock(date: str | None, now: datetime) -> Iterator[Finding]:
    """This machine's clock beside the server's."""
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        return
    late = (now - theirs).total_seconds()
    detail = f"{abs(late):.0f} s {'ahead of' if late > 0 else 'behind'} the server's"
    if abs(late) < _WRONG_CLOCK:
        yield Finding("clock", CheckStatus.GOOD, detail)
    else:
        yield Finding("clock", CheckStatus.NOTE, detail, "Set it: TLS and log times depend on it.")
