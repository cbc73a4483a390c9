"""Authentication of API requests, and protection from other sites' pages.

A page of another site, loaded in a browser on this machine, must not use the API, nor change
anything under `/_emulator/`, which needs no credentials.
"""

import hmac
import ipaddress
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..errors import ApiError, WrongCredentials
from .request import BasicCredentials

PAGE_HEADERS: tuple[tuple[str, str], ...] = (
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " font-src 'self'; media-src 'self'; connect-src 'self'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
)
"""The headers of every response under `/_emulator/`; they allow no inline script."""

OPEN = "plivo_phlo_async.open"
"""The extension in the scope of a server that other machines may reach."""

SECRET_LENGTH = 8
"""The length from which an Auth Token is masked; a shorter one is no secret."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing under `/_emulator/`."""


class ForbiddenOrigin(ApiError):
    """The request has a foreign `Host` or comes from another site (403)."""

    status = 403


def authenticate(given: BasicCredentials | None, auth_id: str, auth_token: str) -> None:
    """Check credentials against an account; raises `WrongCredentials`."""
    given = given or BasicCredentials(b"", b"")
    # Compare both, in constant time: the duration must not reveal which one is wrong.
    known = hmac.compare_digest(given.auth_id, auth_id.encode())
    known &= hmac.compare_digest(given.auth_token, auth_token.encode())
    if not known:
        raise WrongCredentials


def is_loopback(host: str) -> bool:
    """Whether a host name or address is a loopback one."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_local_only(scope: Mapping[str, Any]) -> bool:
    """Whether only this machine is meant to reach the server of an ASGI scope."""
    if OPEN in (scope.get("extensions") or {}):
        return False
    host = (scope.get("server") or ("", None))[0]
    return is_loopback(host)


def check_host(headers: Mapping[str, str]) -> None:
    """Reject a `Host` that is not a loopback one, which stops DNS rebinding.

    Raises `ForbiddenOrigin`.
    """
    if not is_loopback(_host_name(headers.get("host", ""))):
        raise ForbiddenOrigin(
            "This emulator listens on this machine only: use http://127.0.0.1 or localhost."
        )


def check_site(headers: Mapping[str, str]) -> None:
    """Reject a request of another site's page; raises `ForbiddenOrigin`.

    A browser sends `Origin` with a form or a script's request, and `Sec-Fetch-Site` with each one.
    """
    site = headers.get("sec-fetch-site", "none").lower()
    if site not in ("none", "same-origin") or not _is_own(headers):
        raise ForbiddenOrigin("A page of another site may not request this.")


def _is_own(headers: Mapping[str, str]) -> bool:
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""
    except ValueError:
        return False


def secret_masker(secret: str) -> Callable[[str], str]:
    """Return a function that masks `secret` in a text, also where it is written as JSON.

    A secret below `SECRET_LENGTH` is left alone: masking a few letters would corrupt the text.
    """

    def mask(text: str) -> str:
        if len(secret) < SECRET_LENGTH:
            return text
        return text.replace(secret, "***").replace(json.dumps(secret)[1:-1], "***")

    return mask


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
