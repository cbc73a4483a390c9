"""The rows whose actions are in flight."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from weakref import ref

from ...actions import Action
from .rows import Row

__all__ = ["RowsInFlight"]

_Place = tuple[int, Mapping[str, Any]]  # line and cells


class RowsInFlight:
    """Finds the row of an action for as long as the action is in use.

    A run reads its list lazily, so that these are few, however long the list is.
    """

    def __init__(self) -> None:
        self._places: dict[int, _Place] = {}
        self._actions: dict[int, ref[Action]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def actions(self, rows: Iterable[Row]) -> Iterator[Action]:
        """Return the action of each row, and remember the row until the action is deleted."""
        for row in rows:
            self._remember(row)
            yield row.action

    def row(self, action: Action) -> Row:
        """Return the row of an action that is in use."""
        line, cells = self._places[id(action)]
        return Row(line, action, cells)

    def _remember(self, row: Row) -> None:
        number = id(row.action)

        def forget(_: ref[Action]) -> None:
            del self._places[number], self._actions[number]

        self._places[number] = (row.line, row.cells)
        self._actions[number] = ref(row.action, forget)
