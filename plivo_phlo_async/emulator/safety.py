"""Who may touch the emulator's own pages: not a site that some browser happens to show.

Nothing here concerns `/v1`, which asks for credentials.
"""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from .refusals import Refusal

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

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


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


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
