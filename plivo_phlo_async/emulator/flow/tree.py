"""The values of a flow's source, each with its position: what files and plain data become."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import attrs

from ..http.parameters import is_unicode
from .problems import FlowError, FlowProblem, Path, ProblemList, quote

__all__ = [
    "MAX_DEPTH",
    "MAX_VALUES",
    "ListValue",
    "MapValue",
    "OpaqueValue",
    "Positions",
    "ScalarValue",
    "SourceValue",
    "find_positions",
    "tree_of_data",
]

MAX_DEPTH = 50
"""The largest depth of lists and mappings in each other."""

MAX_VALUES = 100_000
"""The largest number of values, counted wherever an alias repeats them."""

_MAX_INT = 10**300  # Python refuses to write much longer ones


@attrs.frozen
class ScalarValue:
    """One text.

    Attributes:
        text: the text.
        plain: whether it has no quotes.
        position: its line and column, from 1; (0, 0) for none.
    """

    text: str
    plain: bool = False
    position: tuple[int, int] = (0, 0)

    @property
    def is_null(self) -> bool:
        """Whether there is no value: nothing at all, `~` or `null`."""
        return self.plain and self.text in ("", "~", "null")


@attrs.frozen
class ListValue:
    """A list.

    Attributes:
        items: its values.
        position: its line and column.
    """

    items: tuple[SourceValue, ...]
    position: tuple[int, int] = (0, 0)


@attrs.frozen
class MapValue:
    """A mapping.

    Attributes:
        entries: its keys and values, by the text of the key; the first of each.
        repeated: the keys that it has again.
        position: its line and column.
    """

    entries: Mapping[str, tuple[ScalarValue, SourceValue]]
    repeated: tuple[ScalarValue, ...] = ()
    position: tuple[int, int] = (0, 0)

    @classmethod
    def of(
        cls, pairs: list[tuple[ScalarValue, SourceValue]], position: tuple[int, int] = (0, 0)
    ) -> MapValue:
        """Return a mapping of its keys and values, in their order."""
        entries: dict[str, tuple[ScalarValue, SourceValue]] = {}
        repeated = []
        for key, value in pairs:
            if key.text in entries:
                repeated.append(key)
            else:
                entries[key.text] = (key, value)
        return cls(entries, tuple(repeated), position)


@attrs.frozen
class OpaqueValue:
    """What is neither text nor list nor mapping, such as a `Callback`; data only.

    Attributes:
        value: the value.
    """

    value: object

    @property
    def position(self) -> tuple[int, int]:
        """The position that data has not."""
        return (0, 0)


SourceValue = ScalarValue | ListValue | MapValue | OpaqueValue


class Positions:
    """The position of each value of a source, by its path: of a mapping, that of its key."""

    def __init__(self, by_path: Mapping[Path, tuple[int, int]] | None = None) -> None:
        self._by_path = by_path or {}

    def find(self, path: Path) -> tuple[Path, tuple[int, int]]:
        """Return how far a path is in the source, and the position there.

        A list of one may be written without the list; the path ends above it then. Without
        positions, the path is returned in full.
        """
        for length in range(len(path), 0, -1):
            if path[:length] in self._by_path:
                return path[:length], self._by_path[path[:length]]
        return path, (0, 0)


def find_positions(tree: SourceValue, problems: ProblemList) -> Positions:
    """Return the positions of a tree, and add a problem for each key that a mapping repeats."""
    found: dict[Path, tuple[int, int]] = {}
    for path, position, value in _walk((), tree.position, tree):
        found[path] = position
        if isinstance(value, MapValue):
            for key in value.repeated:
                problems.add(key.position, path, f"{quote(key.text)} is there twice.")
    return Positions(found)


def _walk(
    path: Path, position: tuple[int, int], value: SourceValue
) -> Iterator[tuple[Path, tuple[int, int], SourceValue]]:
    yield path, position if isinstance(value, MapValue) else value.position, value
    if isinstance(value, ListValue):
        for number, item in enumerate(value.items):
            yield from _walk((*path, number), item.position, item)
    elif isinstance(value, MapValue):
        for text, (key, inner) in value.entries.items():
            yield from _walk((*path, text), key.position, inner)


def tree_of_data(document: object, source: str) -> SourceValue:
    """Return the tree of plain data: mappings, lists, texts, numbers, booleans and None.

    Raises:
        FlowError: the data is nested too deeply, or holds itself.
    """
    return _DataConverter(source).convert(document, ())


class _DataConverter:
    def __init__(self, source: str) -> None:
        self._source = source
        self._values = 0

    def convert(self, value: object, path: Path) -> SourceValue:
        self._count(path)
        if isinstance(value, Mapping):
            pairs = [
                (ScalarValue(_key(key)), self.convert(inner, (*path, _key(key))))
                for key, inner in value.items()
            ]
            return MapValue.of(pairs)
        if isinstance(value, list | tuple):
            items = (self.convert(item, (*path, number)) for number, item in enumerate(value))
            return ListValue(tuple(items))
        return _scalar(value)

    def _count(self, path: Path) -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            text = f"it has more than {MAX_VALUES:,} values."
            raise FlowError([FlowProblem(self._source, 0, 0, "", text)])
        if len(path) > MAX_DEPTH:
            text = f"it is nested more than {MAX_DEPTH} deep."
            raise FlowError([FlowProblem(self._source, 0, 0, "", text)])


def _scalar(value: object) -> SourceValue:
    if isinstance(value, str):
        text = str(value)
        return ScalarValue(text) if is_unicode(text) else OpaqueValue(value)
    if value is None or isinstance(value, bool):
        return ScalarValue(json.dumps(value), plain=True)
    if isinstance(value, int) and -_MAX_INT < value < _MAX_INT:
        return ScalarValue(str(int(value)), plain=True)
    if isinstance(value, float) and value - value == 0:
        return ScalarValue(repr(float(value)), plain=True)
    return OpaqueValue(value)


def _key(key: object) -> str:
    if isinstance(key, str) and is_unicode(key):
        return str(key)
    if isinstance(key, int) and not isinstance(key, bool) and -_MAX_INT < key < _MAX_INT:
        return str(int(key))
    return f"<{type(key).__name__}>"
