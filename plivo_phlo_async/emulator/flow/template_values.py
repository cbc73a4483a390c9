"""The values that templates read: their text, their size, and names with dots."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from liquid import is_undefined

__all__ = [
    "MAX_CHARACTERS",
    "MAX_SIZE",
    "DottedText",
    "TemplateError",
    "nest_variables",
    "size_of",
    "text_of",
]

MAX_CHARACTERS = 10_000
"""The maximum length of a template, and of the text that it renders."""

MAX_SIZE = 100_000
"""The maximum size of a value that a filter reads or makes: characters and items."""

_MAX_BITS = 1024  # of an integer; about 300 digits


class TemplateError(ValueError):
    """A template that is invalid, or that cannot be rendered; the message is one line."""


class DottedText(str):
    """A text with values of its own: `{{Send_SMS_1.to}}` beside `{{Send_SMS_1.to.iso2}}`.

    Args:
        text: the text.
        values: the values below it, by name.
    """

    values: Mapping[str, object]

    def __new__(cls, text: str, values: Mapping[str, object]) -> DottedText:
        """Return the text with its values."""
        made = super().__new__(cls, text)
        made.values = values
        return made

    def __getitem__(self, key: Any) -> Any:
        """Return the value of that name; the characters at an index or a slice."""
        return self.values[key] if isinstance(key, str) else super().__getitem__(key)


def nest_variables(flat: Mapping[str, object]) -> dict[str, object]:
    """Return variables with dots in their names as templates read them.

    `{"to": "1202", "to.iso2": "US", "call.from": "x"}` gives a text `to` that has `iso2`, and a
    mapping `call` that has `from`.

    Args:
        flat: the values by name.
    """
    own: dict[str, object] = {}
    below: dict[str, dict[str, object]] = {}
    for name, value in flat.items():
        first, dot, rest = name.partition(".")
        if dot:
            below.setdefault(first, {})[rest] = value
        else:
            own[first] = value
    nested = {first: nest_variables(values) for first, values in below.items()}
    joined = {name: _joined(value, nested.pop(name, {})) for name, value in own.items()}
    return joined | nested


def _joined(value: object, below: dict[str, object]) -> object:
    if not below:
        return value
    return value | below if isinstance(value, dict) else DottedText(text_of(value), below)


def text_of(value: object) -> str:
    """Return the text that a value renders: a mapping or a list is JSON, None is empty."""
    if isinstance(value, str):
        return value
    if value is None or is_undefined(value):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, range):
        return f"{value.start}..{value.stop - 1}"
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, default=text_of, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def size_of(value: object) -> int:
    """Return the characters and items in a value.

    Raises:
        TemplateError: they are more than `MAX_SIZE`, or a number is too large.
    """
    size = _size(value)
    if size > MAX_SIZE:
        raise TemplateError(f"has a value of more than {MAX_SIZE:,} characters")
    return size


def _size(value: object) -> int:
    if isinstance(value, str | range):
        return 1 + len(value)
    if isinstance(value, list | tuple):
        return 1 + sum(map(_size, value))
    if isinstance(value, dict):
        return 1 + sum(map(_size, value)) + sum(map(_size, value.values()))
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        raise TemplateError("has a number that is too large")
    return 1
