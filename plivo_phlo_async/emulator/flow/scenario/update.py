"""Writes what happened into the `expect` of scenarios, and leaves the rest of a file as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

import attrs
import yaml

from ..problems import FlowError, Path
from .reader import read_scenarios
from .spans import Span, find_spans
from .text_pattern import matches
from .values import Scenario, ScenarioResult, find_differences

__all__ = ["UpdateRefused", "updated_keys", "updated_text"]

_PLAIN = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_/ .-]*[A-Za-z0-9_])?|\+?[0-9]+")
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
_NEW_KEYS = ("path", "texts", "ended", "waiting", "fetched")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_INLINE = 70  # characters of a list on one line

Edit = tuple[int, int, str]
"""The start and the end of a part of a text, and what replaces it."""


class UpdateRefused(ValueError):
    """A file cannot be updated; the message says what to do."""


def updated_keys(result: ScenarioResult) -> Mapping[str, object]:
    """Return the keys of `expect` that change, with their new values.

    Without an `expect`, these are the path, the texts and the requests that were sent, and how the
    run ended, or where it waits. A scenario of which a step failed keeps its `expect`.
    """
    if result.failures:
        return {}
    if not result.scenario.expected:
        return {key: _without_ids(result.got[key]) for key in _NEW_KEYS if result.got.get(key)}
    return {one.key: _merged(one.expected, one.got) for one in result.differences}


def _without_ids(value: object) -> object:
    """Return what happened with `*` for the ids of calls and recordings."""
    if isinstance(value, Mapping):
        return {_without_ids(key): _without_ids(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_ids(item) for item in value]
    return _UUID.sub("*", value) if isinstance(value, str) else value


def _merged(expected: object, got: object) -> object:
    """Return what happened, with the parts of what was expected that match it."""
    if matches(expected, got):
        return expected
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        return [_merged(one, other) for one, other in zip(expected, got, strict=True)]
    if isinstance(expected, Mapping) and isinstance(got, Mapping) and {*expected} == {*got}:
        return {key: _merged(expected[key], got[key]) for key in expected}
    return got


def updated_text(text: str, results: Iterable[ScenarioResult]) -> str:
    """Return the text of a file of scenarios with what happened in it.

    Args:
        text: the text, as it is.
        results: what came of scenarios of the file.

    Raises:
        UpdateRefused: a value of the text cannot be replaced on its own, such as one with an alias.
    """
    body = text.removeprefix("\ufeff")
    before = read_scenarios(body)
    by_name = {result.scenario.name: result for result in results}
    try:
        spans = find_spans(body)
    except yaml.YAMLError:
        raise UpdateRefused(_BY_HAND) from None
    several = ("scenarios",) in spans
    edits: list[Edit] = []
    for number, scenario in enumerate(before):
        if scenario.name in by_name:
            path: Path = ("scenarios", number) if several else ()
            changes = updated_keys(by_name[scenario.name])
            edits += _ExpectWriter(body, spans, path).edits(scenario, changes)
    new = body
    for start, end, replacement in sorted(edits, reverse=True):
        new = new[:start] + replacement + new[end:]
    _check(new, before, by_name)
    return text.removesuffix(body) + new


def _check(text: str, before: tuple[Scenario, ...], results: Mapping[str, ScenarioResult]) -> None:
    """Raise `UpdateRefused` if a text does not read as it should."""
    try:
        after = read_scenarios(text)
    except FlowError:
        raise UpdateRefused(_BY_HAND) from None
    if len(after) != len(before):
        raise UpdateRefused(_BY_HAND)
    for old, new in zip(before, after, strict=True):
        result = results.get(old.name)
        changed = result is not None and bool(updated_keys(result))
        if attrs.evolve(old, expected={}) != attrs.evolve(new, expected={}):
            raise UpdateRefused(_BY_HAND)
        if not changed and old.expected != new.expected:
            raise UpdateRefused(_BY_HAND)
        if changed and result is not None and find_differences(new.expected, result.got):
            raise UpdateRefused(_BY_HAND)


_BY_HAND = "its values cannot be replaced one by one; write `expect` without anchors and aliases."


class _ExpectWriter:
    """Finds the edits of one scenario.

    Args:
        text: the text of the file.
        spans: the places of its values.
        path: the path of the scenario.
    """

    def __init__(self, text: str, spans: Mapping[Path, Span], path: Path) -> None:
        self._text = text
        self._spans = spans
        self._path = path
        self._is_json = text.lstrip().startswith("{")

    def edits(self, scenario: Scenario, changes: Mapping[str, object]) -> Iterator[Edit]:
        """Return the edits that set keys of `expect`."""
        expect = self._spans.get((*self._path, "expect"))
        if not changes:
            return
        if not scenario.expected:
            yield self._added(changes) if expect is None else self._filled(expect, changes)
            return
        for key, value in changes.items():
            span = self._spans.get((*self._path, "expect", key))
            if span is None:
                raise UpdateRefused(_BY_HAND)
            yield self._replaced(span, value)

    def _replaced(self, span: Span, value: object) -> Edit:
        if span.is_block and value:
            return span.start, span.end, "\n".join(_block(value, span.column))
        inline = json.dumps(value, ensure_ascii=False) if self._is_json else _inline(value)
        if span.is_block or span.start == span.end:
            return span.key_end, span.end, f" {inline}"
        return span.start, span.end, inline

    def _filled(self, expect: Span, changes: Mapping[str, object]) -> Edit:
        """Return the edit that fills an `expect` that is there and empty."""
        if expect.in_flow and expect.start != expect.end:
            inline = json.dumps(changes, ensure_ascii=False) if self._is_json else _inline(changes)
            return expect.start, expect.end, inline
        column = self._spans[self._path].column + 2
        lines = "\n".join(_block(changes, column))
        return expect.key_end, expect.end, f"\n{' ' * column}{lines}"

    def _added(self, changes: Mapping[str, object]) -> Edit:
        """Return the edit that adds an `expect` at the end of the scenario."""
        scenario = self._spans[self._path]
        if scenario.in_flow:
            name = '"expect"' if self._is_json else "expect"
            inline = json.dumps(changes, ensure_ascii=False) if self._is_json else _inline(changes)
            inside = len(self._text[: scenario.end - 1].rstrip())
            comma = "" if self._text[inside - 1] == "," else ","
            return inside, inside, f"{comma} {name}: {inline}"
        indent = " " * scenario.column
        lines = "\n".join(_block(changes, scenario.column + 2))
        line_end = self._text.find("\n", scenario.end)
        at = len(self._text) if line_end < 0 else line_end
        return at, at, f"\n{indent}expect:\n{indent}  {lines}"


def _block(value: object, column: int) -> list[str]:
    """Return the lines of a value without brackets, the first one without its indent."""
    indent = " " * column
    lines: list[str] = []
    if isinstance(value, Mapping):
        for key, inner in value.items():
            inline = _inline(inner)
            name = _scalar(key)
            if isinstance(inner, list | Mapping) and len(inline) > _INLINE:
                lines += [f"{indent}{name}:", *_indented(_block(inner, column + 2), column + 2)]
            else:
                lines.append(f"{indent}{name}: {inline}")
    elif isinstance(value, list):
        lines = [f"{indent}- {_item(item)}" for item in value]
    return [lines[0].lstrip(), *lines[1:]] if lines else [_inline(value)]


def _indented(lines: list[str], column: int) -> list[str]:
    return [" " * column + lines[0], *lines[1:]]


def _item(value: object) -> str:
    """Return an item of a list; a mapping with one entry stands without brackets."""
    if isinstance(value, Mapping) and len(value) == 1:
        ((key, inner),) = value.items()
        return f"{_scalar(key)}: {_inline(inner)}"
    return _inline(value)


def _inline(value: object) -> str:
    """Return a value on one line."""
    if isinstance(value, Mapping):
        pairs = (f"{_scalar(key)}: {_inline(inner)}" for key, inner in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return _scalar(value)


def _scalar(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())
