"""The failure of a scenario as lines of text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from .text_pattern import matches
from .values import ExpectDifference, ScenarioResult

__all__ = ["failure_lines", "shown_value"]

_SIDE_BY_SIDE = ("path", "states", "waiting")
_MARKS = {"equal": " ", "replace": "!", "delete": "-", "insert": "+"}

Row = tuple[str, str, str]
"""A mark, what was expected, and what happened."""


def failure_lines(result: ScenarioResult) -> list[str]:
    """Return why a scenario failed, what its runs wait for, and what phones heard.

    Args:
        result: what came of it.

    Returns:
        The lines; none if it passed.
    """
    if result.passed:
        return []
    lines = [*result.failures]
    for difference in result.differences:
        where = result.scenario.position(difference.key)
        lines += [f"{where}: {difference.key} differs", *_difference_lines(difference)]
    return [*lines, *result.explanation]


def shown_value(value: object) -> str:
    """Return an expected value, or what happened, on one line."""
    if isinstance(value, Mapping) and len(value) == 1:
        ((key, inner),) = value.items()
        return f"{key}: {shown_value(inner)}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _difference_lines(difference: ExpectDifference) -> Iterator[str]:
    rows = [*_rows(_items(difference.expected), _items(difference.got))]
    if difference.key in _SIDE_BY_SIDE:
        width = max(len("expected"), *(len(left) for _, left, _ in rows))
        yield f"    {'expected':<{width}}  got"
        for mark, left, right in rows:
            yield f"  {mark} {left:<{width}}  {right}".rstrip()
        return
    for mark, left, right in rows:
        if mark == " ":
            yield f"    {right}"
        if mark in "!-":
            yield f"  - {left}"
        if mark in "!+":
            yield f"  + {right}"


def _items(value: object) -> list[object]:
    """Return the items of a list, the texts of every address, or a text alone."""
    if isinstance(value, list | tuple):
        return [*value]
    if isinstance(value, Mapping):
        return [{key: item} for key, inner in value.items() for item in inner]
    return [value] if value else []


def _rows(expected: Sequence[object], got: Sequence[object]) -> Iterator[Row]:
    """Align two lists; what matches stands in one row."""
    left = [shown_value(item) for item in expected]
    right = [shown_value(item) for item in got]
    as_expected = [
        next((text for item, text in zip(expected, left, strict=True) if matches(item, one)), shown)
        for one, shown in zip(got, right, strict=True)
    ]
    matcher = SequenceMatcher(None, left, as_expected, autojunk=False)
    for tag, first, last, got_first, got_last in matcher.get_opcodes():
        for number in range(max(last - first, got_last - got_first)):
            one = left[first + number] if first + number < last else ""
            other = right[got_first + number] if got_first + number < got_last else ""
            mark = _MARKS[tag]
            if tag == "replace" and not (one and other):
                mark = "-" if one else "+"
            yield mark, one, other
