"""A request's headers become texts, its query and its body parameters.

Whether PHLO sends a query, a form or JSON is not documented, so all are understood.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from ..errors import WebhookError

__all__ = ["Headers", "body_params", "header_texts", "pairs_in", "query_of"]

Headers = Mapping[str, str] | Iterable[tuple[str, str]] | Iterable[tuple[bytes, bytes]]

_MOST_KEYS = 1000
_WHAT_TO_SEND = "send application/x-www-form-urlencoded or application/json"


def header_texts(headers: Headers) -> dict[str, str]:
    """The headers as texts, names in lower case; those of one name joined by commas."""
    texts: dict[str, str] = {}
    for name, value in headers.items() if isinstance(headers, Mapping) else headers:
        key, text = _header_text(name).lower(), _header_text(value)
        texts[key] = f"{texts[key]},{text}" if key in texts else text
    return texts


def _header_text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def query_of(url: str) -> str:
    """The query of a URL, as it is written there."""
    return url.partition("#")[0].partition("?")[2]


def pairs_in(text: str, errors: str = "replace") -> list[tuple[str, str]]:
    """The keys and values of a query or a form, decoded; blank values are kept.

    Raises:
        WebhookError: there are more than 1000.
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


def body_params(
    headers: Mapping[str, str], body: bytes | str, errors: str = "replace"
) -> Mapping[str, Any] | list[tuple[str, str]]:
    """What a body holds: pairs of a form, or the object of a JSON text.

    The content type is heeded where it says JSON or multipart; else the body itself tells.

    Args:
        headers: the request's headers, names in lower case.
        body: the body as it came.
        errors: what to do with bytes that are no UTF-8, as for `bytes.decode`.

    Raises:
        WebhookError: it is neither a form nor a JSON object; what to send is said.
    """
    text = body if isinstance(body, str) else body.decode(errors=errors)
    start = text.lstrip("\ufeff \t\r\n")[:1]
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if not start:
        return []
    if start == "{" or kind.endswith(("/json", "+json")):
        return _json_object(text)
    if kind.startswith("multipart/"):
        raise WebhookError(f"A multipart body is not read; {_WHAT_TO_SEND}.")
    if start in "<[" or "=" not in text:
        raise WebhookError(f"The body is neither a form nor a JSON object; {_WHAT_TO_SEND}.")
    return pairs_in(text.strip("\r\n"), errors)


def _json_object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        raise WebhookError("The body looks like JSON and cannot be read as such.") from None
    if not isinstance(found, dict):
        raise WebhookError("The body is JSON, but not an object.")
    return found
