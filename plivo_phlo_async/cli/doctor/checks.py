"""What `doctor` looks at on this machine, with no request."""

from __future__ import annotations

import os
import platform
import ssl
from enum import StrEnum
from importlib import metadata
from urllib.parse import urlsplit
from urllib.request import getproxies

from attrs import frozen

from ..._transport.auth import Credentials
from ..._transport.proxies import select_proxy
from ..._version import __version__
from ...errors import ConfigurationError
from ..exit_codes import CREDENTIALS, NETWORK, OK
from ..options import describe_error, origin

__all__ = [
    "CheckStatus",
    "Finding",
    "base_url",
    "credentials",
    "proxied_by",
    "proxy",
    "trust",
    "versions",
]

_PACKAGES = ("httpx", "httpcore", "anyio", "tenacity", "attrs", "certifi", "uvicorn")
_HERE = {"127.0.0.1", "::1", "localhost"}


class CheckStatus(StrEnum):
    """What is to be thought of a finding."""

    GOOD = "ok"
    NOTE = "note"
    BAD = "wrong"


@frozen
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what it is.
        verdict: whether it is well.
        detail: what was found.
        advice: what to do, "" when nothing is.
        code: the exit code it asks for.
    """

    name: str
    verdict: CheckStatus
    detail: str
    advice: str = ""
    code: int = OK


def versions() -> Finding:
    """Python, this package and what it stands on."""
    detail = [f"plivo-phlo-async {__version__}", *map(_version, _PACKAGES)]
    python = f"Python {platform.python_version()} on {platform.system()}"
    return Finding("versions", CheckStatus.GOOD, f"{', '.join(detail)}; {python}")


def _version(package: str) -> str:
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return f"{package} not installed"


def credentials(auth_id: str | None) -> Finding:
    """Whether they are there and in their form; they are never shown whole."""
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
        advice = "Take the spaces or quotation marks around PLIVO_AUTH_TOKEN away."
        return Finding("credentials", CheckStatus.NOTE, detail, advice)
    return Finding("credentials", CheckStatus.GOOD, detail)


def base_url(url: str) -> Finding:
    """The API's address and where it is from."""
    given_by = origin("base_url")
    detail = f"{url}, from {given_by}" if given_by else f"{url}, as Plivo has it"
    if urlsplit(url).scheme == "http" and urlsplit(url).hostname not in _HERE:
        advice = "Use https, or the token can be read on the way."
        return Finding("base URL", CheckStatus.NOTE, detail, advice)
    return Finding("base URL", CheckStatus.GOOD, detail)


def trust(url: str) -> Finding:
    """Whose certificates are believed."""
    if urlsplit(url).scheme != "https":
        return Finding("TLS trust", CheckStatus.GOOD, "not needed for http")
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):  # as httpx has it, the first one counts
        if value := os.environ.get(variable):
            return _trusted(variable, value)
    return Finding("TLS trust", CheckStatus.GOOD, "certifi's authorities")


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
        advice = f"Unset {variable}, or let it name certificates in PEM form."
        return Finding("TLS trust", CheckStatus.BAD, f"{detail}: {error.strerror}", advice, NETWORK)
    return Finding("TLS trust", CheckStatus.GOOD, detail)


def proxy(url: str) -> Finding:
    """Whether requests go through a proxy; its user and password are not shown."""
    variable, address = select_proxy(url, getproxies())
    if address is None:
        left_out = any(getproxies().get(name) for name in (urlsplit(url).scheme, "all"))
        found = "none, since NO_PROXY leaves this host out" if left_out else "none"
        return Finding("proxy", CheckStatus.GOOD, found)
    scheme, _, rest = address.partition("://")
    return Finding(
        "proxy",
        CheckStatus.NOTE,
        f"{scheme}://{rest.rpartition('@')[2]}, from {variable}",
        f"With NO_PROXY={urlsplit(url).hostname} none is used.",
    )


def proxied_by(url: str) -> str:
    """Which variable names the proxy to this address, "" for none."""
    return select_proxy(url, getproxies())[0]
