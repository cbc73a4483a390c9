"""Normalization of parameter keys.

Plivo does not document how PHLO spells the keys of its webhooks. All of these are supported:
`call.uuid`, `{"call": {"uuid": ...}}`, `call_uuid`, `CallUUID` and `call[uuid]`, also nested below
the name of a node or of a wrapper.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

__all__ = ["alphanumerics", "normalize_key", "normalize_keys"]

_LONGEST_KEY = 100  # well above the longest variable name
_GROUPS = {"call", "message", "request", "http", "to", "from"}  # of dotted variables
_WHOLE = {"requestparams", "response", "mediaurls"}  # their values are not flattened
_MOST_LEVELS = 6


def normalize_keys(params: Mapping[str, Any]) -> dict[str, Any]:
    """Map the parameters by normalized key; flatten nested objects and drop wrappers."""
    normalized: dict[str, Any] = {}
    for key, value in params.items():
        if type(value) is str:
            known = normalize_key(key)
            if "." not in known:  # the common case, without the cost of flattening
                normalized.setdefault(known, value)
                continue
        for path, leaf in _leaves(str(key), value, 1):
            _put(normalized, path, leaf)
    return normalized


def _put(normalized: dict[str, Any], key: str, value: Any) -> None:
    known = normalize_key(key)
    if known.startswith("requestparams."):
        payload = normalized.setdefault("requestparams", {})
        if isinstance(payload, dict):
            payload.setdefault(known.partition(".")[2], value)
    else:  # a copy: a later key must not change the caller's value
        normalized.setdefault(known, dict(value) if isinstance(value, Mapping) else value)


def _leaves(path: str, value: Any, level: int) -> Iterator[tuple[str, Any]]:
    is_leaf = not isinstance(value, Mapping) or level > _MOST_LEVELS or len(path) > _LONGEST_KEY
    if is_leaf or normalize_key(path) in _WHOLE:
        yield path, value
        return
    for key, below in value.items():
        yield from _leaves(f"{path}.{key}", below, level + 1)


@lru_cache(maxsize=2048)
def _cached(key: str) -> str:
    parts = [part for part in key.replace("[", ".").replace("]", "").split(".") if part]
    plain = [alphanumerics(part) for part in parts]
    while len(plain) > 1 and plain[0] not in _GROUPS:
        del plain[0], parts[0]
    if len(plain) > 1 and plain[0] == "http":
        plain[0] = "request"
    if plain[:2] == ["request", "params"] and len(plain) > 2:
        return "requestparams." + ".".join(parts[2:])
    return "".join(plain)


def normalize_key(key: str) -> str:
    """Normalize a key: `call.uuid`, `call_uuid`, `CallUUID` and `x.call[uuid]` give `calluuid`.

    Keys below `request.params` keep their spelling: `requestparams.otp`.
    """
    return _cached(key) if len(key) <= _LONGEST_KEY else ""


def alphanumerics(text: str) -> str:
    """Return the letters and digits of a text, in lower case; none of a text that names nothing."""
    return "".join(filter(str.isalnum, text)).lower() if len(text) <= _LONGEST_KEY else ""
