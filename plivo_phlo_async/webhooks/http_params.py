"""Headers and parameters of an HTTP request.

Plivo does not document whether PHLO sends a query, a form or JSON. All three are supported.

A body is parsed before its signature can be verified, because the signature covers the parsed
parameters. So what one body can cost is bounded: by the number of keys of a form, and by the number
of values, levels, digits and characters of a key in JSON.
"""

from __future__ import annotations

import json
import re
from binascii import a2b_qp
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from ..errors import WebhookError

__all__ = [
    "Headers",
    "is_too_deep",
    "normalize_headers",
    "parse_body",
    "parse_json",
    "parse_pairs",
    "replace_invalid",
    "url_query",
]

Headers = Mapping[str, str] | Iterable[tuple[str, str]] | Iterable[tuple[bytes, bytes]]

_MOST_KEYS = 1000  # of a query or a form
_MOST_VALUES = 2000  # of a JSON text, objects and lists included
_MOST_LEVELS = 32
_LONGEST_KEY = 256  # of a JSON object: a list's values are signed with their key, each
_MOST_DIGITS = 400  # of a whole number: more than the largest float has
_MOST_STRAYS = 1000  # percent signs of a text that begin no escape
_STRAY = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_SUPPORTED = "send application/x-www-form-urlencoded or application/json"


def normalize_headers(headers: Headers) -> dict[str, str]:
    """Return the headers as texts, with lower-case names; repeated headers are joined by commas."""
    texts: dict[str, list[str]] = {}
    for name, value in headers.items() if isinstance(headers, Mapping) else headers:
        texts.setdefault(_header_text(name).lower(), []).append(_header_text(value))
    return {name: ",".join(values) for name, values in texts.items()}


def _header_text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def url_query(url: str) -> str:
    """Return the raw query of a URL."""
    return url.partition("#")[0].partition("?")[2]


def parse_pairs(text: str, errors: str = "replace") -> list[tuple[str, str]]:
    """Parse a query or a form into decoded keys and values; blank values are kept.

    Raises:
        WebhookError: there are more than 1000 keys, or percent signs that are not escapes.
    """
    if text.count("&") >= _MOST_KEYS:
        raise WebhookError(f"The request has more than {_MOST_KEYS} keys.")
    pairs = [part.partition("=") for part in text.replace("+", " ").split("&") if part]
    if "%" not in text:
        return [(key, value) for key, _, value in pairs]
    return [(_unquote(key, errors), _unquote(value, errors)) for key, _, value in pairs]


def _unquote(text: str, errors: str) -> str:
    """Decode as `urllib.parse.unquote` does, which takes a Python step for each escape."""
    if "%" not in text:
        return text
    try:
        raw = text.encode(errors="surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate, of a text that was not decoded from a body
        return unquote(text, errors=errors)
    raw, strays = _STRAY.subn(b"%25", raw, count=_MOST_STRAYS + 1)
    if strays > _MOST_STRAYS:
        raise WebhookError(f"A value has more than {_MOST_STRAYS} percent signs without an escape.")
    # Quoted-printable has the same escapes, with an equals sign.
    return a2b_qp(raw.replace(b"=", b"%3D").replace(b"%", b"=")).decode(errors=errors)


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


def replace_invalid(
    params: Mapping[str, Any] | list[tuple[str, str]], body: bytes
) -> Mapping[str, Any] | list[tuple[str, str]]:
    """Replace the invalid UTF-8 of a body that was parsed with `surrogateescape`."""
    if isinstance(params, list):
        return [(_valid(key), _valid(value)) for key, value in params]
    return params if _is_utf8(body) else parse_json(body.decode(errors="replace"))


def _valid(text: str) -> str:
    return (
        text if text.isascii() else text.encode(errors="surrogateescape").decode(errors="replace")
    )


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


# JSON


def _json_object(text: str) -> Mapping[str, Any]:
    found = parse_json(text)
    if not isinstance(found, dict):
        raise WebhookError("The body is JSON, but not an object.")
    return found


def parse_json(text: str) -> Any:
    """Parse a JSON text of bounded size.

    Raises:
        WebhookError: the text is not JSON, or has too many values, levels, digits or characters of
            a key.
    """
    if _most_values(text) > _MOST_VALUES:
        raise WebhookError(f"The JSON has more than {_MOST_VALUES} values.")
    try:
        found = json.loads(
            text.lstrip("\ufeff"), parse_int=_whole_number, object_hook=_with_short_keys
        )
    except (ValueError, RecursionError):
        raise WebhookError("The body looks like JSON but is invalid.") from None
    if is_too_deep(found):
        raise WebhookError(f"The JSON has more than {_MOST_LEVELS} levels.")
    return found


def _most_values(text: str) -> int:
    """Count the marks before a value, outside of the strings: JSON has no more values than these.

    It costs no step per value, unlike parsing.
    """
    outside = "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])
    return sum(map(outside.count, ",[{")) + 1


def _whole_number(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:  # the cost grows with the square
        raise WebhookError(f"The JSON has a number of more than {_MOST_DIGITS} digits.")
    return int(digits)


def _with_short_keys(found: dict[str, Any]) -> dict[str, Any]:
    if max(map(len, found), default=0) > _LONGEST_KEY:
        raise WebhookError(f"The JSON has a key of more than {_LONGEST_KEY} characters.")
    return found


def is_too_deep(value: Any) -> bool:
    """Whether a value has more than 32 levels of objects and lists; without recursion."""
    level = _containers([value])
    for _ in range(_MOST_LEVELS):
        if not level:
            return False
        level = [below for each in level for below in _containers(each)]
    return bool(level)


def _containers(value: Any) -> list[Any]:
    below = value.values() if isinstance(value, Mapping) else value
    return [each for each in below if isinstance(each, Mapping | list | tuple)]
