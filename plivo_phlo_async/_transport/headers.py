"""The headers of every request: the account's, and the caller's own."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping

from .._version import __version__
from ..errors import InvalidArgumentError
from .auth import Credentials

__all__ = ["request_headers"]

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
# Those that make the request what it is, and those that speak of one connection (RFC 9110, 7.6.1).
_RESERVED = {
    *("authorization", "host", "content-type", "content-length", "transfer-encoding"),
    *("accept-encoding", "expect", "proxy-authorization"),
    *("connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"),
}


def request_headers(
    credentials: Credentials, default_headers: Mapping[str, str] | None
) -> dict[str, str]:
    """Return the headers of every request.

    Args:
        credentials: the account.
        default_headers: the caller's own, which may replace `Accept` and `User-Agent`.

    Raises:
        InvalidArgumentError: a header cannot be sent or is reserved; the message names it.
    """
    return {
        "Authorization": credentials.header,
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"plivo-phlo-async/{__version__} (Python: {platform.python_version()})",
        **_checked(default_headers),
    }


def _checked(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Return the caller's headers, with names spelled as the client spells them."""
    if headers is None:
        return {}
    if not isinstance(headers, Mapping):
        raise InvalidArgumentError("default_headers: give a mapping of names to values.")
    checked = {}
    for name, value in headers.items():
        if not isinstance(name, str) or not _NAME(name) or name.lower() in _RESERVED:
            raise InvalidArgumentError(f"default_headers: {name!r} cannot be set here.")
        if not isinstance(value, str) or not (value.isascii() and value.isprintable()):
            raise InvalidArgumentError(f"default_headers: {name} needs a value of printable ASCII.")
        if value != value.strip():
            raise InvalidArgumentError(f"default_headers: {name} has a space around its value.")
        checked[name.title()] = value
    return checked
