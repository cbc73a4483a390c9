"""Why the server cannot be reached, and what to do."""

from __future__ import annotations

import re
from urllib.parse import urlsplit
from urllib.request import getproxies

from ..._transport.proxies import select_proxy
from ...errors import ConfigurationError, PhloError
from ..exit_codes import NETWORK, exit_code_for
from ..options import origin
from .finding import CheckStatus, Finding

__all__ = ["OTHER_SERVER", "unreachable", "with_names"]

OTHER_SERVER = "Something else answers there: check {base_url}, which ends in /v1 at Plivo."
_ADVICE = (
    ("ProxyError", "The proxy refuses the connection: check {proxy}, its user and its password."),
    (
        "certificate has expired|not yet valid",
        "Check this machine's clock. If it is right, the server's certificate is not valid.",
    ),
    (
        "[Hh]ostname mismatch|IP address mismatch",
        "The certificate is for another host: check {base_url} and DNS.",
    ),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "No CA that is trusted here signed the certificate: pass yours with SSL_CERT_FILE, or with"
        " AsyncPhloClient(verify=...).",
    ),
    (
        "WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE",
        "The server does not use TLS: check scheme and port in {base_url}.",
    ),
    (
        "getaddrinfo|Name or service|name resolution|nodename nor servname|No address associated",
        "The host's name cannot be resolved: check DNS and {base_url}.",
    ),
    (
        "refused|Connect call failed|connection attempts failed",
        "Nothing listens there: check host and port in {first}.",
    ),
    ("Timeout", "There was no answer in time: check network, firewall and {first}."),
    ("", "Check network, firewall and {first}."),
)


def unreachable(url: str, error: PhloError) -> Finding:
    """Return the finding of a request without an answer: its cause, and what to do."""
    host, through = urlsplit(url).netloc, select_proxy(url, getproxies())[0]
    if isinstance(error, ConfigurationError):
        advice = f"Correct {through}; a socks:// proxy requires the package socksio."
        detail = str(error).removeprefix("proxy: ")
        return Finding("proxy", CheckStatus.BAD, detail, advice, exit_code_for(error))
    why = " ".join(getattr(error, "__notes__", [str(error)]))  # the cause, on one line
    advice = next(advice for words, advice in _ADVICE if re.search(words, why))
    detail = f"{host} through a proxy: {why}" if through else f"{host}: {why}"
    return Finding("reachable", CheckStatus.BAD, detail, with_names(url, advice), NETWORK)


def with_names(url: str, advice: str) -> str:
    """Return advice with the options and variables that it names."""
    base_url = origin("base_url") or "PLIVO_PHLO_BASE_URL"
    through = select_proxy(url, getproxies())[0]
    return advice.format(base_url=base_url, proxy=through, first=through or base_url)
