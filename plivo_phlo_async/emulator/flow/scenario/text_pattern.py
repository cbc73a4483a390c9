"""Expected values: texts in which `*` stands for anything, in lists and mappings."""

from __future__ import annotations

import json
from collections.abc import Mapping

__all__ = ["matches", "text_matches"]


def matches(expected: object, got: object) -> bool:
    """Return whether a value is as expected.

    Args:
        expected: a text in which `*` stands for any characters, or a list or mapping of such.
        got: the value. Of a mapping with one entry, a text matches the key; a text with the JSON of
            a mapping matches the mapping.
    """
    if isinstance(expected, list | tuple):
        return (
            isinstance(got, list | tuple)
            and len(got) == len(expected)
            and all(map(matches, expected, got))
        )
    if isinstance(expected, Mapping):
        return isinstance(got, Mapping) and _mapping_matches(expected, got)
    if isinstance(got, Mapping) and len(got) == 1 and text_matches(str(expected), next(iter(got))):
        return True
    return text_matches(str(expected), got if isinstance(got, str) else json.dumps(got))


def _mapping_matches(expected: Mapping[str, object], got: Mapping[str, object]) -> bool:
    if len(expected) != len(got):
        return False
    if expected.keys() == got.keys():
        return all(matches(value, got[key]) for key, value in expected.items())
    if len(expected) > 1:
        return False
    ((key, value),), ((got_key, got_value),) = expected.items(), got.items()
    return text_matches(key, got_key) and matches(value, got_value)


def text_matches(pattern: str, text: str) -> bool:
    """Return whether a text is one of a pattern, in which `*` stands for any characters."""
    first, *others = pattern.split("*")
    if not others:
        return text == pattern
    *middle, last = others
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    position, end = len(first), len(text) - len(last)
    for part in middle:
        position = text.find(part, position, end)
        if position < 0:
            return False
        position += len(part)
    return True
