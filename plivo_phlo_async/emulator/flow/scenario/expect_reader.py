"""What a scenario expects of its run."""

from __future__ import annotations

from ..components import TRIGGERS
from ..graph import state_named
from ..problems import Path, list_names, quote
from ..tree import ListValue, MapValue, ScalarValue, SourceValue
from .part_reader import PartReader
from .values import EXPECT_KEYS

__all__ = ["ExpectReader"]


class ExpectReader(PartReader):
    """Reads what is expected."""

    def expected(
        self, value: SourceValue | None, path: Path
    ) -> tuple[dict[str, object], dict[str, tuple[int, int]]]:
        """Return what is expected, by key, and the position of each key."""
        if value is None:
            return {}, {}
        given = self._options.mapping(value, path, EXPECT_KEYS) or {}
        read = {
            "path": self._nodes,
            "waiting": self._nodes,
            "states": self._states,
            "texts": self._received,
            "ended": self._options.text,
            "fetched": self._fetched,
            "notes": self.list,
        }
        expected = {key: read[key](given[key], (*path, key)) for key in EXPECT_KEYS if key in given}
        entries = value.entries if isinstance(value, MapValue) else {}
        return expected, {key: entries[key][0].position for key in expected}

    def _nodes(self, value: SourceValue, path: Path) -> list[str]:
        names = self.list(value, path)
        items = value.items if isinstance(value, ListValue) else (value,)
        if len(items) == len(names):
            for number, (item, name) in enumerate(zip(items, names, strict=True)):
                self.check_node(item, (*path, number), name)
        return names

    def _states(self, value: SourceValue, path: Path) -> list[dict[str, str]]:
        states = []
        hint = "give a list of nodes and states, such as `- Menu: No Input`."
        for number, item in enumerate(value.items if isinstance(value, ListValue) else (value,)):
            where = (*path, number)
            if not isinstance(item, MapValue) or len(item.entries) != 1:
                self._add(item, where, hint)
                continue
            ((name, (key, inner)),) = item.entries.items()
            state = self._options.text(inner, (*where, name)) or ""
            if self.check_node(key, where, name):
                self._check_state(inner, (*where, name), name, state)
            states.append({name: state})
        return states

    def _check_state(self, at: SourceValue, path: Path, name: str, state: str) -> None:
        node = None if self._phlo is None else self._phlo.nodes.get(name)
        known = TRIGGERS if node is None else node.states
        is_known = state in known or (node is not None and state_named(node, state) == state)
        if self._phlo is not None and not is_known:
            near = self._problems.suggest(state, known)
            self._add(at, path, f"no state {quote(state)}{near}; it has {list_names(known)}.")

    def _received(self, value: SourceValue, path: Path) -> dict[str, list[str]]:
        entries = self.entries(value, path, "addresses to lists of texts")
        return {name: self.list(inner, (*path, name)) for name, (_, inner) in entries.items()}

    def _fetched(self, value: SourceValue, path: Path) -> list[object]:
        found: list[object] = []
        hint = "give a list of METHOD URL, or of `METHOD URL: body`."
        for number, item in enumerate(value.items if isinstance(value, ListValue) else (value,)):
            if isinstance(item, ScalarValue):
                found.append(item.text)
            elif isinstance(item, MapValue) and len(item.entries) == 1:
                found.append(_texts(item))
            else:
                self._add(item, (*path, number), hint)
        return found


def _texts(value: SourceValue) -> object:
    """Return a value with all scalars as texts."""
    if isinstance(value, MapValue):
        return {name: _texts(inner) for name, (_, inner) in value.entries.items()}
    if isinstance(value, ListValue):
        return [_texts(item) for item in value.items]
    return value.text if isinstance(value, ScalarValue) else ""
