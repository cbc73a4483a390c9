"""Any spelling of a key becomes one spelling.

How PHLO spells the keys of its webhooks is not documented, so all are understood: `call.uuid`,
`{"call": {"uuid": ...}}`, `call_uuid`, `CallUUID` and `call[uuid]`, also below the name of a node
or of a wrapper.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

__all__ = ["letters", "plain_key", "spread"]

_LONGEST_KEY = 100  # far beyond any variable's name
_GROUPS = {"call", "message", "request", "http", "to", "from"}  # first parts of dotted variables
_WHOLE = {"requestparams", "response", "mediaurls"}  # what they hold is not spread
_MOST_LEVELS = 6


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
    return plain


def _put(plain: dict[str, Any], key: str, value: Any) -> None:
    known = plain_key(key)
    if known.startswith("requestparams."):
        payload = plain.setdefault("requestparams", {})
        if isinstance(payload, dict):
            payload.setdefault(known.partition(".")[2], value)
    else:  # a copy: what was given is not to be changed by a part that follows
        plain.setdefault(known, dict(value) if isinstance(value, Mapping) else value)


def _leaves(path: str, value: Any, level: int) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping) or level > _MOST_LEVELS or plain_key(path) in _WHOLE:
        yield path, value
        return
    for key, below in value.items():
        yield from _leaves(f"{path}.{key}", below, level + 1)


@lru_cache(maxsize=2048)
def _cached(key: str) -> str:
    parts = [part for part in key.replace("[", ".").replace("]", "").split(".") if part]
    plain = [letters(part) for part in parts]
    while len(plain) > 1 and plain[0] not in _GROUPS:
        del plain[0], parts[0]
    if len(plain) > 1 and plain[0] == "http":
        plain[0] = "request"
    if plain[:2] == ["request", "params"] and len(plain) > 2:
        return "requestparams." + ".".join(parts[2:])
    return "".join(plain)


def plain_key(key: str) -> str:
    """One spelling for all: `call.uuid`, `call_uuid`, `CallUUID` and `x.call[uuid]` are `calluuid`.

    Keys below `request.params` keep their own spelling: `requestparams.otp`.
    """
    return _cached(key) if len(key) <= _LONGEST_KEY else ""


def letters(text: str) -> str:
    """The letters and digits of a text, in lower case."""
    return "".join(filter(str.isalnum, text)).lower()
