"""YAML and JSON as a tree: every scalar is read as text, and nothing is constructed from a tag."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NoReturn

import yaml
from yaml.reader import Reader as YamlReader

from .problems import FlowError, FlowProblem, quote
from .tree import MAX_DEPTH, MAX_VALUES, ListValue, MapValue, ScalarValue, SourceValue

__all__ = ["LOADER", "MAX_BYTES", "QUOTES_HINT", "decode_source", "tree_of_text"]

MAX_BYTES = 1024 * 1024
"""The largest size of a source."""

QUOTES_HINT = "A text with {{ or with ': ' in it must stand in quotes."
"""What to do about most syntax errors."""

LOADER: type[yaml.CSafeLoader] | type[yaml.SafeLoader] = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)
"""PyYAML's loader: the one in C, where it is installed."""

_YAML_PREFIX = "tag:yaml.org,2002:"
_ESCAPE = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_JSON_ONLY = re.compile(f"{YamlReader.NON_PRINTABLE.pattern}|[\x85\u2028\u2029\ufeff]")


def decode_source(data: bytes, source: str) -> str:
    """Return the text of a file; raises `FlowError` where it is no UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        text = f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8."
        problem = FlowProblem(source, before.count(b"\n") + 1, column, "", text)
        raise FlowError([problem]) from None


def tree_of_text(
    text: str,
    source: str,
    loader: type[yaml.CSafeLoader] | type[yaml.SafeLoader] = LOADER,
) -> SourceValue:
    """Return the tree of YAML or JSON.

    Args:
        text: the YAML or JSON.
        source: its name in problems.
        loader: the loader that splits it into events.

    Raises:
        FlowError: the text is not YAML, is too large, or is nested too deeply; one problem.
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise FlowError([FlowProblem(source, 0, 0, "", "it is larger than 1 MiB.")])
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith("{"):
        text = _json_as_yaml(text)
    _check_characters(text, source)
    try:
        return _TreeBuilder(source).build(yaml.parse(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        raise FlowError([_syntax_problem(error, text, source)]) from None
    except FlowError:
        raise
    except (
        yaml.YAMLError,
        ValueError,
        OverflowError,
    ) as error:  # such as an escape of no character
        line = f"{' '.join(str(error).split())}. {QUOTES_HINT}"
        raise FlowError([FlowProblem(source, 1, 1, "", line)]) from None


def _check_characters(text: str, source: str) -> None:
    if found := YamlReader.NON_PRINTABLE.search(text):
        start = found.start()
        column = start - text.rfind("\n", 0, start)
        what = f"the character U+{ord(found[0]):04X} is not allowed; write an escape in double"
        line = text.count("\n", 0, start) + 1
        raise FlowError([FlowProblem(source, line, column, "", f"{what} quotes.")])


def _json_as_yaml(text: str) -> str:
    """Replace what JSON allows and YAML does not: tabs, some characters, pairs of surrogates."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    text = _ESCAPE.sub(_joined_pair, text.replace("\t", " "))
    return _JSON_ONLY.sub(lambda found: f"\\U{ord(found[0]):08x}", text)


def _joined_pair(escape: re.Match[str]) -> str:
    if escape[1] is None:
        return escape[0]
    high, low = int(escape[1], 16), int(escape[2], 16)
    return f"\\U{0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00:08x}"


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, source: str) -> FlowProblem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    what = str(error.problem or error.context or "it is not YAML")
    what = what.replace(" in this context", " here")  # as PyYAML says it without its C library
    says = f"{' '.join(what.split())}. {QUOTES_HINT}"
    if "cannot start any token" in what and _character(text, line, column) == "\t":
        says = "YAML allows no tab here; indent with spaces."
    return FlowProblem(source, line, column, "", says)


def _character(text: str, line: int, column: int) -> str:
    lines = text.splitlines()
    return lines[line - 1][column - 1 : column] if line <= len(lines) else ""


class _Frame:
    """A list or mapping whose values are read."""

    def __init__(self, event: yaml.CollectionStartEvent) -> None:
        self.anchor = event.anchor
        self.is_mapping = isinstance(event, yaml.MappingStartEvent)
        self.position = _position(event)
        self.values: list[SourceValue] = []
        self.size = 1

    def value(self) -> SourceValue:
        if not self.is_mapping:
            return ListValue(tuple(self.values), self.position)
        keys = [key for key in self.values[::2] if isinstance(key, ScalarValue)]
        return MapValue.of(list(zip(keys, self.values[1::2], strict=True)), self.position)

    @property
    def awaits_key(self) -> bool:
        return self.is_mapping and len(self.values) % 2 == 0


class _TreeBuilder:
    """Makes the tree from the events of PyYAML, without recursion."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[SourceValue, int]] = {}
        self._root: SourceValue | None = None

    def build(self, events: Iterator[yaml.Event]) -> SourceValue:
        for event in events:
            self._read(event)
        if self._root is None:
            raise FlowError([FlowProblem(self._source, 0, 0, "", "it is empty.")])
        return self._root

    def _read(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._check_tag(event)
            plain = event.implicit[0]
            value = ScalarValue(event.value, plain, _position(event))
            self._add(event, value, 1, event.anchor)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            frame = self._frames.pop()
            self._add(event, frame.value(), frame.size, frame.anchor)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                self._refuse(event, f"no value above has the anchor &{event.anchor}.")
            self._add(event, *self._anchors[event.anchor], None)
        elif isinstance(event, yaml.DocumentStartEvent) and self._root is not None:
            self._refuse(event, "a second document begins here; write one document in a file.")

    def _start(self, event: yaml.CollectionStartEvent) -> None:
        self._check_tag(event)
        if self._frames and self._frames[-1].awaits_key:
            self._refuse(event, f"a key must be one text. {QUOTES_HINT}")
        if len(self._frames) >= MAX_DEPTH:
            self._refuse(event, f"it is nested more than {MAX_DEPTH} deep.")
        self._frames.append(_Frame(event))

    def _add(self, event: yaml.Event, value: SourceValue, size: int, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = (value, size)
        if not self._frames:
            self._root = value
            return
        frame = self._frames[-1]
        if frame.awaits_key and not isinstance(value, ScalarValue):
            self._refuse(event, f"a key must be one text. {QUOTES_HINT}")
        frame.values.append(value)
        frame.size += size
        if frame.size > MAX_VALUES:
            self._refuse(event, f"it has more than {MAX_VALUES:,} values, with its aliases.")

    def _check_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.tag is not None:
            tag = event.tag.replace(_YAML_PREFIX, "!!", 1)
            self._refuse(event, f"remove the tag {quote(tag)}; every value is read as text.")

    def _refuse(self, event: yaml.Event, text: str) -> NoReturn:
        raise FlowError([FlowProblem(self._source, *_position(event), "", text)])


def _position(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
