"""Headers and parameters of an HTTP request.

Plivo does not document whether PHLO sends a query, a form or JSON. All three are supported.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from ..errors import WebhookError

__all__ = ["Headers", "normalize_headers", "parse_body", "parse_pairs", "url_query"]

Headers = Mapping[str, str] | Iterable[tuple[str, str]] | Iterable[tuple[bytes, bytes]]

_MOST_KEYS = 1000
_SUPPORTED = "send application/x-www-form-urlencoded or application/json"


def normalize_headers(headers: Headers) -> dict[str, str]:
    """Return the headers as texts, with lower-case names; repeated headers are joined by commas."""
    texts: dict[str, str] = {}
    for name, value in headers.items() if isinstance(headers, Mapping) else headers:
        key, text = _header_text(name).lower(), _header_text(value)
        texts[key] = f"{texts[key]},{text}" if key in texts else text
    return texts


def _header_text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def url_query(url: str) -> str:
    """Return the raw query of a URL."""
    return url.partition("#")[0].partition("?")[2]


def parse_pairs(text: str, errors: str = "replace") -> list[tuple[str, str]]:
    """Parse a query or a form into decoded keys and values; blank values are kept.

    Raises:
        WebhookError: there are more than 1000 keys.
    """
    if text.count("&") >= _MOST_KEYS:
        raise WebhookError(f"The request has more than {_MOST_KEYS} keys.")
    pairs = [part.partition("=") for part in text.replace("+", " ").split("&") if part]
    if "%" not in text:
        return [(key, value) for key, _, value in pairs]
    return [
        (
            unquote(key, errors=errors) if "%" in key else key,
            unquote(value, errors=errors) if "%" in value else value,
        )
        for key, _, value in pairs
    ]


def parse_body(
    headers: Mapping[str, str], body: bytes | str, errors: str = "replace"
) -> Mapping[str, Any] | list[tuple[str, str]]:
    """Parse a body: a form into pairs, JSON into its object.

    A content type of JSON or multipart is used; otherwise the body itself decides.

    Args:
        headers: the request headers, with lower-case names.
        body: the raw body.
        errors: how to handle invalid UTF-8, as in `bytes.decode`.

    Raises:
        WebhookError: the body is neither a form nor a JSON object.
    """
    text = body if isinstance(body, str) else body.decode(errors=errors)
    start = text.lstrip("\ufeff \t\r\n")[:1]
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if not start:
        return []
    if start == "{" or kind.endswith(("/json", "+json")):
        return _json_object(text)
    if kind.startswith("multipart/"):
        raise WebhookError(f"A multipart body is not supported; {_SUPPORTED}.")
    if start in "<[" or "=" not in text:
        raise WebhookError(f"The body is neither a form nor a JSON object; {_SUPPORTED}.")
    return parse_pairs(text.strip("\r\n"), errors)


def _json_object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        raise WebhookError("The body looks like JSON but is invalid.") from None
    if not isinstance(found, dict):
        raise WebhookError("The body is JSON, but not an object.")
    return found
