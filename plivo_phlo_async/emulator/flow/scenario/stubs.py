"""The answers of a scenario to HTTP requests."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from ..tree import ListValue, MapValue, OpaqueValue, ScalarValue, SourceValue
from .values import ANSWERS

__all__ = ["json_of_tree", "read_answer", "stub_of"]

_STATUS = re.compile(r"[1-5][0-9]{2}")


def read_answer(value: SourceValue) -> object:
    """Return an answer: a status, a JSON value, a pair of both, or one of `ANSWERS`.

    Args:
        value: a status such as `404`, one of `ANSWERS`, a list of a status and a body, or a body.
    """
    status = _status(value)
    if status is not None:
        return status
    if isinstance(value, ListValue) and len(value.items) == 2:
        status = _status(value.items[0])
        if status is not None:
            return (status, json_of_tree(value.items[1]))
    return json_of_tree(value)


def _status(value: SourceValue) -> int | None:
    is_status = isinstance(value, ScalarValue) and value.plain and _STATUS.fullmatch(value.text)
    return int(value.text) if is_status and isinstance(value, ScalarValue) else None


def json_of_tree(value: SourceValue) -> object:
    """Return a value as JSON: a number only where it is written as JSON writes it.

    So `1.10`, `007` and `+14155550100` stay texts.
    """
    if isinstance(value, MapValue):
        return {text: json_of_tree(inner) for text, (_, inner) in value.entries.items()}
    if isinstance(value, ListValue):
        return [json_of_tree(item) for item in value.items]
    if isinstance(value, OpaqueValue):
        return str(value.value)
    if value.is_null:
        return None
    return _plain_json(value.text) if value.plain else value.text


def _plain_json(text: str) -> object:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    same = isinstance(found, bool | int | float) and json.dumps(found) == text
    return found if same else text


def stub_of(answer: object) -> object:
    """Return an answer as the emulator takes it.

    Args:
        answer: what `read_answer` returned.
    """
    if answer == "refused":
        return ConnectionRefusedError("the connection was refused")
    if isinstance(answer, Mapping) or answer not in ANSWERS:
        return answer
    return "pass"
