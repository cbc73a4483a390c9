"""A file of actions, checked as a whole before anything is sent (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, field, frozen

from ..actions import Action, Verb
from ..errors import InvalidArgumentError
from .formats import BadFile, BadRow, Line, masked, read_lines, shown

__all__ = ["Reading", "Row", "read_rows"]

_OPTIONS = {
    "verb": "--verb",
    "phlo_id": "--phlo",
    "node_id": "--node",
    "trigger_source": "--trigger-source",
}


@frozen
class Row:
    """An action and the line of the file that asks for it."""

    line: int
    action: Action


@define
class Reading:
    """What a file holds: `rows` to do, and `bad` ones in their order."""

    rows: list[Row] = field(factory=list)
    bad: list[BadRow] = field(factory=list)


def read_rows(data: bytes, form: str, defaults: Mapping[str, str | None]) -> Reading:
    """Read and check every row.

    Args:
        data: the file's bytes.
        form: "csv" or "jsonl".
        defaults: fields for rows that do not carry them; a field that a row's verb does not take
            is left out.

    Raises:
        BadFile: it is no text in UTF-8, or has no rows.
    """
    check = _Check({name: value for name, value in defaults.items() if value}, form == "csv")
    for line in read_lines(data, form):
        if isinstance(line, BadRow):
            check.reading.bad.append(line)
        else:
            check.take(line)
    reading = check.reading
    if not reading.rows and not reading.bad:
        raise BadFile("it is empty; give one row for each action.")
    reading.bad.sort(key=lambda bad: bad.line)
    return reading


class _Check:
    """Makes rows of lines, and notes what is wrong with the others."""

    def __init__(self, defaults: Mapping[str, str], has_columns: bool) -> None:
        self.reading = Reading()
        self._defaults, self._has_columns = defaults, has_columns
        self._keys: dict[str, int] = {}  # the line that has it
        self._told: set[str] = set()  # about missing columns

    def take(self, line: Line) -> None:
        """Check a line and keep what came of it."""
        given = {name: value for name, value in line.values.items() if not _is_blank(value)}
        has_own_key = self._has_own_key(line.line, given.get("key"))
        try:
            action = self._action(line, given)
        except InvalidArgumentError as error:
            self._refuse(line.line, masked(str(error), given.values()))
            return
        if action is not None and has_own_key:
            self.reading.rows.append(Row(line.line, action))

    def _refuse(self, line: int, reason: str) -> None:
        self.reading.bad.append(BadRow(line, reason))

    def _action(self, line: Line, given: dict[str, Any]) -> Action | None:
        verb = given.get("verb", self._defaults.get("verb"))
        if verb is None:
            self._lacks(line, "verb", "every row")
            return None
        if isinstance(verb, str):
            given["verb"] = verb = verb.strip().lower().replace("-", "_")
        if isinstance(verb, str) and verb in list(Verb):
            takes = Verb(verb).fields
            given = {name: self._defaults[name] for name in takes if name in self._defaults} | given
            lacking = [name for name in Verb(verb).required_fields if name not in given]
            for name in lacking:
                self._lacks(line, name, verb)
            if lacking:
                return None
        return Action.from_dict({"phlo_id": "-", **given})

    def _lacks(self, line: Line, name: str, who: str) -> None:
        """Tell of a missing value: once if a whole column is missing, else on its line."""
        help = f", or give {_OPTIONS[name]}" if name in _OPTIONS else ""
        if not self._has_columns:
            self._refuse(line.line, f"{name}: it is missing or empty, and {who} needs it{help}.")
        elif name in line.values:
            self._refuse(line.line, f"{name}: it is empty, and {who} needs it{help}.")
        else:
            reason = f"{name}: there is no such column, and {who} needs it{help}."
            if reason not in self._told:
                self._told.add(reason)
                self._refuse(line.line, reason)

    def _has_own_key(self, line: int, key: object) -> bool:
        if not isinstance(key, str):
            return True
        first = self._keys.setdefault(key, line)
        if first != line:
            self._refuse(line, f"key: {shown(key)} is on line {first}, too; a key is for one row.")
        return first == line


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
