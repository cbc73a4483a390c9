"""A request's query and body become parameters, and any spelling of a key one spelling.

How PHLO spells the keys of its webhooks, and whether it sends a query, a form or JSON, is not
documented, so all are understood: `call.uuid`, `{"call": {"uuid": ...}}`, `call_uuid`, `CallUUID`
and `call[uuid]`, also below the name of a node or of a wrapper.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from ..errors import WebhookError

__all__ = ["body_params", "pairs_in", "plain_key", "query_of", "spread"]

_MOST_KEYS = 1000
_LONGEST_KEY = 100  # far beyond any variable's name
_GROUPS = {"call", "message", "request", "http", "to", "from"}  # first parts of dotted variables
_WHOLE = {"requestparams", "response", "mediaurls"}  # what they hold is not spread
_MOST_LEVELS = 6


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
        WebhookError: it is neither a form nor a JSON object.
    """
    text = body if isinstance(body, str) else body.decode(errors=errors)
    start = text.lstrip("\ufeff \t\r\n")[:1]
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if not start:
        return []
    if start == "{" or kind.endswith(("/json", "+json")):
        return _json_object(text)
    if kind.startswith("multipart/") or start in "<[" or "=" not in text:
        raise WebhookError("The body is neither a form nor a JSON object.")
    return pairs_in(text.strip("\r\n"), errors)


def _json_object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        raise WebhookError("The body looks like JSON and cannot be read as such.") from None
    if not isinstance(found, dict):
        raise WebhookError("The body is JSON, but not an object.")
    return found


def spread(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters by their plain keys; nested objects are spread, wrappers left out."""
    plain: dict[str, Any] = {}
    for key, value in params.items():
        if type(value) is str:
            known = plain_key(key)
            if "." not in known:  # the common case, at no further cost
                plain.setdefault(known, value)
                continue
        for path, leaf in _leaves(str(key), value, 1):
            _put(plain, path, leaf)
    plain.pop("", None)
    return plain


def _put(plain: dict[str, Any], key: str, value: Any) -> None:
    known = plain_key(key)
    if known.startswith("requestparams."):
        payload = plain.setdefault("requestparams", {})
        if isinstance(payload, dict):
            payload[known.partition(".")[2]] = value
    else:
        plain.setdefault(known, value)


def _leaves(path: str, value: Any, level: int) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping) or level > _MOST_LEVELS or plain_key(path) in _WHOLE:
        yield path, value
        return
    for key, below in value.items():
        yield from _leaves(f"{path}.{key}", below, level + 1)


@lru_cache(maxsize=2048)
def _cached(key: str) -> str:
    parts = [part for part in key.replace("[", ".").replace("]", "").split(".") if part]
    plain = ["".join(filter(str.isalnum, part)).lower() for part in parts]
    while len(plain) > 1 and plain[0] not in _GROUPS:
        del plain[0], parts[0]
    if plain and plain[0] == "http" and len(plain) > 1:
        plain[0] = "request"
    if plain[:2] == ["request", "params"] and len(plain) > 2:
        return "requestparams." + ".".join(parts[2:])
    return "".join(plain)


def plain_key(key: str) -> str:
    """One spelling for all: `call.uuid`, `call_uuid`, `CallUUID` and `x.call[uuid]` are `calluuid`.

    Keys below `request.params` keep their own spelling: `requestparams.otp`.
    """
    return _cached(key) if len(key) <= _LONGEST_KEY else ""
