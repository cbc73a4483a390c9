"""What the readers of the parts of a scenario share."""

from __future__ import annotations

from collections.abc import Mapping

from ...calls.members import canonical_address
from ..components import START
from ..options import OptionReader
from ..phlo import Phlo
from ..problems import Path, ProblemList, list_names, quote
from ..tree import ListValue, MapValue, ScalarValue, SourceValue

__all__ = ["PartReader"]


class PartReader:
    """Reads one part of a scenario, and adds what is wrong to a list of problems.

    Args:
        problems: the list.
        phlo: the flow; None if its names and numbers are not checked.
    """

    def __init__(self, problems: ProblemList, phlo: Phlo | None) -> None:
        self._problems = problems
        self._phlo = phlo
        self._options = OptionReader(problems)

    def list(self, value: SourceValue, path: Path) -> list[str]:
        """Return a list of texts; a text is a list of one."""
        items = value.items if isinstance(value, ListValue) else (value,)
        texts = (self._options.text(item, (*path, n)) for n, item in enumerate(items))
        return [text for text in texts if text is not None]

    def entries(
        self, value: SourceValue | None, path: Path, what: str
    ) -> Mapping[str, tuple[ScalarValue, SourceValue]]:
        """Return the keys and values of a mapping, empty for no value."""
        if value is None:
            return {}
        if isinstance(value, MapValue):
            return value.entries
        self._add(value, path, f"give a mapping of {what}.")
        return {}

    def texts_of(self, value: SourceValue, path: Path, keys: tuple[str, ...]) -> dict[str, str]:
        """Return the texts of a mapping with known keys, without those that are empty."""
        given = self._options.mapping(value, path, keys) or {}
        texts = {key: self._options.text(inner, (*path, key)) for key, inner in given.items()}
        for key, text in texts.items():
            if text == "" and key != "message":
                self._add(given[key], (*path, key), "give a text that is not empty.")
        return {key: text for key, text in texts.items() if text}

    def number(self, value: SourceValue, given: Mapping[str, str], path: Path) -> str:
        """Return the number that a phone calls or texts; check that the flow has it."""
        if self._phlo is None:
            return given.get("to", "")
        numbers = self._phlo.numbers
        number = given.get("to") or next(iter(numbers), "")
        if canonical_address(number) not in map(canonical_address, numbers):
            there = f"it has {list_names(numbers)}" if numbers else "give it one with numbers:"
            near = self._problems.suggest(number, numbers) if number else ""
            text = f"the flow has no number {quote(number)}{near}; {there}."
            if not number:
                text = "the flow has no number; add numbers: to its file."
            entries = value.entries if isinstance(value, MapValue) else {}
            self._add(entries["to"][1] if "to" in entries else value, (*path, "to"), text)
        return number

    def check_node(self, at: SourceValue, path: Path, name: str) -> bool:
        """Return whether there is a node with a name; add a problem if not."""
        known = (START.title, *(self._phlo.nodes if self._phlo else ()))
        if self._phlo is None or name in known:
            return True
        near = self._problems.suggest(name, known)
        there = "" if near else f"; there are {list_names(known)}"
        self._add(at, path, f"no node {quote(name)}{near}{there}.")
        return False

    def _add(self, at: SourceValue, path: Path, text: str) -> None:
        self._problems.add(at.position, path, text)
