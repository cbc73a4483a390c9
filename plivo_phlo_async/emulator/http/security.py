"""Who may touch the emulator's own pages: not a site that some browser happens to show.

Nothing here concerns `/v1`, which asks for credentials.
"""

import ipaddress
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..errors import Refusal

PAGE_HEADERS: tuple[tuple[str, str], ...] = (
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
)
"""What a page, and everything else under `/_emulator/`, is sent with: no inline script at all."""

OPEN = "plivo_phlo_async.open"
"""The scope's extension of a server that is meant to be reached from elsewhere."""

SECRET_LENGTH = 8
"""From how many characters on an Auth Token is kept out of every answer: less is no secret."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing."""


class NotFromThere(Refusal):
    """The request came by another name than the emulator's, or from another site (403)."""

    status = 403


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def for_this_machine_only(scope: Mapping[str, Any]) -> bool:
    """Whether an ASGI scope's server is one that only this machine is meant to reach."""
    if OPEN in (scope.get("extensions") or {}):
        return False
    host = (scope.get("server") or ("", None))[0]
    return is_loopback(host)


def check_host(headers: Mapping[str, str]) -> None:
    """Refuse a `Host` that is not this machine: a name that a stranger points here (rebinding).

    Raises `NotFromThere`.
    """
    if not is_loopback(_name(headers.get("host", ""))):
        raise NotFromThere(
            "This emulator listens on this machine only: use http://127.0.0.1 or localhost."
        )


def check_origin(method: str, headers: Mapping[str, str]) -> None:
    """Refuse a change that another site's page asks for; raises `NotFromThere`."""
    origin = headers.get("origin")
    if method in SAFE_METHODS or origin is None:
        return
    try:
        known = urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""
    except ValueError:
        known = False
    if not known:
        raise NotFromThere("Another site's page may not change anything here.")


def hider(secret: str) -> Callable[[str], str]:
    """Return what keeps `secret` out of a text, in which it may be written as JSON.

    Hiding a word of a few letters would tear every answer apart, so that is not done.
    """

    def hide(text: str) -> str:
        if len(secret) < SECRET_LENGTH:
            return text
        return text.replace(secret, "***").replace(json.dumps(secret)[1:-1], "***")

    return hide


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
