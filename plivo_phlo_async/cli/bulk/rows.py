"""Parsing and checking of a whole file of actions. Pure: it does no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, field, frozen

from ...actions import Action, Verb
from ...errors import InvalidArgumentError
from .formats import FileError, Record, RowError, masked, read_lines, shown

__all__ = ["ParsedFile", "Row", "read_rows"]

_OPTIONS = {
    "verb": "--verb",
    "phlo_id": "--phlo",
    "node_id": "--node",
    "trigger_source": "--trigger-source",
}


@frozen
class Row:
    """An action and its line in the file."""

    line: int
    action: Action


@define
class ParsedFile:
    """The valid rows of a file, and the errors of the other lines, in order."""

    rows: list[Row] = field(factory=list)
    errors: list[RowError] = field(factory=list)


def read_rows(data: bytes, form: str, defaults: Mapping[str, str | None]) -> ParsedFile:
    """Parse and check every row.

    Args:
        data: the file's bytes.
        form: "csv" or "jsonl".
        defaults: values for rows without them; a field that a row's verb does not take is left
            out.

    Raises:
        FileError: the file is not UTF-8 text, or has no rows.
    """
    check = _Check({name: value for name, value in defaults.items() if value}, form == "csv")
    for line in read_lines(data, form):
        if isinstance(line, RowError):
            check.parsed.errors.append(line)
        else:
            check.add(line)
    parsed = check.parsed
    if not parsed.rows and not parsed.errors:
        raise FileError("it is empty; write one row per action.")
    parsed.errors.sort(key=lambda error: error.line)
    return parsed


class _Check:
    """Turns records into rows, and collects the errors of the others."""

    def __init__(self, defaults: Mapping[str, str], has_columns: bool) -> None:
        self.parsed = ParsedFile()
        self._defaults, self._has_columns = defaults, has_columns
        self._keys: dict[str, int] = {}  # the first line of each key
        self._missing_columns: set[str] = set()  # reported ones

    def add(self, line: Record) -> None:
        """Check a record and add its row or error."""
        given = {name: value for name, value in line.values.items() if not _is_blank(value)}
        has_own_key = self._has_own_key(line.line, given.get("key"))
        try:
            action = self._action(line, given)
        except InvalidArgumentError as error:
            self._add_error(line.line, masked(str(error), given.values()))
            return
        if action is not None and has_own_key:
            self.parsed.rows.append(Row(line.line, action))

    def _add_error(self, line: int, reason: str) -> None:
        self.parsed.errors.append(RowError(line, reason))

    def _action(self, line: Record, given: dict[str, Any]) -> Action | None:
        verb = given.get("verb", self._defaults.get("verb"))
        if verb is None:
            self._add_missing(line, "verb", "every row")
            return None
        if isinstance(verb, str):
            given["verb"] = verb = verb.strip().lower().replace("-", "_")
        if isinstance(verb, str) and verb in list(Verb):
            takes = Verb(verb).fields
            given = {name: self._defaults[name] for name in takes if name in self._defaults} | given
            missing = [name for name in Verb(verb).required_fields if name not in given]
            for name in missing:
                self._add_missing(line, name, verb)
            if missing:
                return None
        return Action.from_dict({"phlo_id": "-", **given})

    def _add_missing(self, line: Record, name: str, who: str) -> None:
        """Report a missing value, but a missing column only once."""
        help = f", or pass {_OPTIONS[name]}" if name in _OPTIONS else ""
        if not self._has_columns:
            self._add_error(
                line.line, f"{name}: it is missing or empty, but {who} requires it{help}."
            )
        elif name in line.values:
            self._add_error(line.line, f"{name}: it is empty, but {who} requires it{help}.")
        else:
            reason = f"{name}: the column is missing, but {who} requires it{help}."
            if reason not in self._missing_columns:
                self._missing_columns.add(reason)
                self._add_error(line.line, reason)

    def _has_own_key(self, line: int, key: object) -> bool:
        if not isinstance(key, str):
            return True
        first = self._keys.setdefault(key, line)
        if first != line:
            self._add_error(
                line,
                f"key: {shown(key)} is used on line {first} already; each row needs its own key.",
            )
        return first == line


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
