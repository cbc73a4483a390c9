"""The checks of `doctor`: first of this machine's settings, then of the server's answers."""

from __future__ import annotations

import os
import platform
import ssl
from datetime import datetime
from email.utils import parsedate_to_datetime
from importlib import metadata
from urllib.parse import urlsplit
from urllib.request import getproxies

from ..._transport.auth import Credentials
from ..._transport.proxies import select_proxy
from ..._version import __version__
from ...errors import (
    AuthenticationError,
    ConfigurationError,
    InvalidArgumentError,
    NotFoundError,
    PhloError,
    RequestError,
    ResponseError,
    UnexpectedResponseError,
)
from ...results import PhloDetails
from ..exit_codes import CREDENTIALS, FAILED, NETWORK, OK, USAGE
from ..options import describe_error, origin
from .finding import CheckStatus, Finding
from .probe import Answer
from .unreachable import OTHER_SERVER, unreachable, with_names

__all__ = [
    "account",
    "base_url",
    "clock",
    "credentials",
    "node",
    "phlo",
    "proxy",
    "reachable",
    "trust",
    "unchecked",
    "versions",
]

_PACKAGES = ("httpx", "httpcore", "anyio", "tenacity", "attrs", "certifi", "uvicorn")
_HERE = {"127.0.0.1", "::1", "localhost"}
_WRONG_CLOCK = 60.0  # seconds


def unchecked(name: str, why: str, advice: str = "", code: int = OK) -> Finding:
    """Return the finding of a check that was not done, or that proves nothing."""
    return Finding(name, CheckStatus.UNCHECKED, why, advice, code)


# This machine


def versions() -> Finding:
    """Return the versions of Python, of this package and of its dependencies."""
    detail = [f"plivo-phlo-async {__version__}", *map(_version, _PACKAGES)]
    python = f"Python {platform.python_version()} on {platform.system()}"
    return Finding("versions", CheckStatus.GOOD, f"{', '.join(detail)}; {python}")


def _version(package: str) -> str:
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return f"{package} not installed"


def credentials(auth_id: str | None) -> Finding:
    """Check that the credentials are set and well-formed; show only parts of them."""
    try:
        found = Credentials.find(auth_id, None, os.environ)
    except ConfigurationError as error:
        return Finding("credentials", CheckStatus.BAD, describe_error(error), code=CREDENTIALS)
    kind = " (a subaccount)" if found.auth_id.startswith("SA") else ""
    detail = (
        f"Auth ID {found.auth_id[:4]}…{found.auth_id[-2:]}{kind} from {origin('auth_id')},"
        f" Auth Token ({len(found.auth_token)} characters) from PLIVO_AUTH_TOKEN"
    )
    if found.auth_token != found.auth_token.strip(" '\""):
        advice = "Remove the spaces or quotation marks around PLIVO_AUTH_TOKEN."
        return Finding("credentials", CheckStatus.NOTE, detail, advice)
    return Finding("credentials", CheckStatus.GOOD, detail)


def base_url(url: str) -> Finding:
    """Check the base URL, and say where it is from."""
    given_by = origin("base_url")
    detail = f"{url}, from {given_by}" if given_by else f"{url}, Plivo's"
    if urlsplit(url).scheme == "http" and urlsplit(url).hostname not in _HERE:
        advice = "Use https: without it, the network can read the token."
        return Finding("base URL", CheckStatus.NOTE, detail, advice)
    return Finding("base URL", CheckStatus.GOOD, detail)


def trust(url: str) -> Finding:
    """Check which certificate authorities are trusted."""
    if urlsplit(url).scheme != "https":
        return Finding("TLS trust", CheckStatus.GOOD, "not needed for http")
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):  # httpx reads the first that is set
        if value := os.environ.get(variable):
            return _trusted(variable, value)
    return Finding("TLS trust", CheckStatus.GOOD, "the CAs of certifi")


def _trusted(variable: str, value: str) -> Finding:
    detail = f"{variable}={value}"
    try:
        if variable == "SSL_CERT_DIR":
            os.listdir(value)
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(cafile=value)
            detail += f", {context.cert_store_stats()['x509']} certificates"
    except OSError as error:
        advice = f"Unset {variable}, or set it to certificates in PEM format."
        return Finding("TLS trust", CheckStatus.BAD, f"{detail}: {error.strerror}", advice, NETWORK)
    return Finding("TLS trust", CheckStatus.GOOD, detail)


def proxy(url: str) -> Finding:
    """Check whether requests go through a proxy; do not show its user and password."""
    variable, address = select_proxy(url, getproxies())
    if address is None:
        left_out = any(getproxies().get(name) for name in (urlsplit(url).scheme, "all"))
        found = "none: NO_PROXY excludes this host" if left_out else "none"
        return Finding("proxy", CheckStatus.GOOD, found)
    scheme, _, rest = address.partition("://")
    return Finding(
        "proxy",
        CheckStatus.NOTE,
        f"{scheme}://{rest.rpartition('@')[2]}, from {variable}",
        f"Set NO_PROXY={urlsplit(url).hostname} to bypass it.",
    )


# The server's answers


def reachable(url: str, answer: Answer) -> Finding:
    """Check that Plivo answers, by the answer to a request for a PHLO that does not exist."""
    if isinstance(answer, PhloError) and not isinstance(answer, ResponseError):
        return unreachable(url, answer)
    host = f"{urlsplit(url).netloc} answers"
    status = answer.status_code
    if isinstance(answer, UnexpectedResponseError):
        detail = f"{host}, but not as Plivo does: {answer}"
    elif status == 404 and isinstance(answer, NotFoundError) and answer.api_id is None:
        advice = with_names(url, OTHER_SERVER)
        return Finding("reachable", CheckStatus.NOTE, f"{host} 404 without an api_id", advice)
    elif status in {200, 401, 403, 404, 429}:
        return Finding("reachable", CheckStatus.GOOD, host)
    elif status >= 500:
        advice = "Try again soon. If it persists, see status.plivo.com."
        return Finding("reachable", CheckStatus.BAD, f"{host} {status}", advice, FAILED)
    else:
        detail = f"{host} {status}, which Plivo does not"
    return Finding("reachable", CheckStatus.BAD, detail, with_names(url, OTHER_SERVER), FAILED)


def account(control: Answer, asked: Answer | None) -> Finding:
    """Check that the server accepts the credentials.

    Args:
        control: the answer to a request for a PHLO that does not exist.
        asked: the answer to a request for a PHLO of the account, if there was one.
    """
    if isinstance(control, ResponseError) and control.status_code in _REJECTED:
        return _REJECTED[control.status_code]
    if isinstance(control, PhloDetails):
        return unchecked("account", _PROVES_NOTHING)
    if isinstance(asked, PhloDetails):
        return Finding("account", CheckStatus.GOOD, "the server accepts the credentials")
    return unchecked(
        "account",
        "the server does not reject the credentials, but whether Plivo checks them before it"
        " answers 404 is not documented",
        "" if asked is not None else "Pass --phlo with a PHLO of the account.",
    )


_PROVES_NOTHING = "the server answers 200 for a PHLO that does not exist"
_REJECTED = {
    401: Finding(
        "account",
        CheckStatus.BAD,
        "the server rejects the credentials",
        "Compare Auth ID and Auth Token with the console.",
        CREDENTIALS,
    ),
    403: Finding(
        "account",
        CheckStatus.BAD,
        "this account may not use PHLO",
        "Check in the console whether PHLO is enabled and the account verified.",
        FAILED,
    ),
    429: unchecked(
        "account",
        "it is over its rate limit",
        "Something else sends on this account: wait, or slow it down.",
    ),
}


def clock(answer: Answer, now: datetime) -> Finding:
    """Compare this machine's clock with the Date of an answer."""
    date = answer.headers.get("date") if isinstance(answer, ResponseError) else None
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        return unchecked("clock", "the answer has no date")
    late = (now - theirs).total_seconds()
    detail = f"{abs(late):.0f} s {'ahead of' if late > 0 else 'behind'} the server's"
    if abs(late) < _WRONG_CLOCK:
        return Finding("clock", CheckStatus.GOOD, detail)
    return Finding("clock", CheckStatus.NOTE, detail, "Set it: TLS and log times depend on it.")


def phlo(phlo_id: str, answer: Answer, control: Answer) -> Finding:
    """Check that the PHLO exists.

    Args:
        phlo_id: its ID.
        answer: the answer to a request for it.
        control: the answer to a request for a PHLO that does not exist.
    """
    if isinstance(answer, PhloError):
        advice = f"Compare {origin('phlo_id')} with the console; a PHLO has to be deployed."
        return _failed("PHLO", answer, advice)
    if isinstance(control, PhloDetails):
        return unchecked("PHLO", _PROVES_NOTHING)
    name = getattr(answer, "name", "")
    return Finding("PHLO", CheckStatus.GOOD, f"{phlo_id} exists{f': {name}' if name else ''}")


def node(node_id: str, answer: Answer, control: Answer) -> Finding:
    """Check that the node exists.

    Args:
        node_id: its ID.
        answer: the answer to a request for it.
        control: the answer to a request for a node of the same PHLO that does not exist.
    """
    if isinstance(answer, PhloError):
        advice = f"Compare {origin('node_id')} with the configuration of the node in the console."
        return _failed("node", answer, advice)
    if not isinstance(control, NotFoundError):
        found = str(control) if isinstance(control, PhloError) else "200"
        return unchecked(
            "node",
            f"the server answers 200, but that proves nothing: for a node that does not exist, it"
            f" answers {found}",
        )
    name = getattr(answer, "name", "")
    return Finding("node", CheckStatus.GOOD, f"{node_id} exists{f': {name}' if name else ''}")


def _failed(name: str, error: PhloError, advice: str) -> Finding:
    """Return the finding of a request that failed; only some errors prove something."""
    detail = describe_error(error)
    if isinstance(error, NotFoundError):
        return Finding(name, CheckStatus.BAD, detail, advice, FAILED)
    if isinstance(error, InvalidArgumentError):
        return Finding(name, CheckStatus.BAD, detail, advice, USAGE)
    if isinstance(error, AuthenticationError):
        return unchecked(name, detail, code=CREDENTIALS)
    return unchecked(name, detail, code=NETWORK if isinstance(error, RequestError) else FAILED)
