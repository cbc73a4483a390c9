"""Where the values of a YAML or JSON text stand, so that one can be replaced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import yaml

from ..problems import Path
from ..yaml_tree import LOADER

__all__ = ["Span", "find_spans"]


@attrs.frozen
class Span:
    """The place of a value in its text.

    Attributes:
        start: the index of its first character.
        end: the index after its last one.
        column: the column of the first, from 0.
        key_end: the index after the colon of its key; its start where it has none.
        in_flow: whether it stands in brackets, or is a list or mapping in brackets.
        is_block: whether it is a list or mapping without brackets.
    """

    start: int
    end: int
    column: int
    key_end: int
    in_flow: bool
    is_block: bool


def find_spans(text: str) -> dict[Path, Span]:
    """Return the places of all values of a text, by their paths.

    Args:
        text: the text, without a byte order mark.

    Raises:
        yaml.YAMLError: it is JSON with what YAML does not allow, such as tabs.
    """
    finder = _SpanFinder(text, yaml.parse(text, Loader=LOADER))
    finder.find()
    return finder.spans


class _SpanFinder:
    """Walks through the events of one text."""

    def __init__(self, text: str, events: Iterator[yaml.Event]) -> None:
        self._text = text
        self._events = events
        self.spans: dict[Path, Span] = {}

    def find(self) -> None:
        """Find every place."""
        for event in self._events:
            if isinstance(event, yaml.NodeEvent):
                self._value(event, (), _index(event.start_mark), in_flow=False)

    def _value(self, event: yaml.Event, path: Path, key_end: int, *, in_flow: bool) -> int:
        """Find the places of a value and of those in it; returns its end."""
        start, end = _index(event.start_mark), _index(event.end_mark)
        has_brackets = bool(getattr(event, "flow_style", False))
        in_flow = in_flow or has_brackets
        if isinstance(event, yaml.SequenceStartEvent):
            end = self._items(path, in_flow=in_flow)
        elif isinstance(event, yaml.MappingStartEvent):
            end = self._entries(path, in_flow=in_flow)
        end = start + len(self._text[start:end].rstrip())
        column = start - self._text.rfind("\n", 0, start) - 1
        is_block = isinstance(event, yaml.CollectionStartEvent) and not has_brackets
        self.spans[path] = Span(start, end, column, key_end, in_flow, is_block)
        return end

    def _items(self, path: Path, *, in_flow: bool) -> int:
        end = 0
        for number, event in enumerate(self._events):
            if isinstance(event, yaml.SequenceEndEvent):
                return _index(event.end_mark) if in_flow else end
            end = self._value(event, (*path, number), _index(event.start_mark), in_flow=in_flow)
        return end

    def _entries(self, path: Path, *, in_flow: bool) -> int:
        end = 0
        for key in self._events:
            if isinstance(key, yaml.MappingEndEvent):
                return _index(key.end_mark) if in_flow else end
            key_end = self._text.find(":", _index(key.end_mark)) + 1
            name = key.value if isinstance(key, yaml.ScalarEvent) else ""
            end = self._value(next(self._events), (*path, name), key_end, in_flow=in_flow)
        return end


def _index(mark: Any) -> int:
    index: int = mark.index
    return index
