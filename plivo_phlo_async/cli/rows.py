"""A file of actions, read and checked as a whole before anything is sent (pure)."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import define, field, fields_dict, frozen

from .._masking import mask, mask_numbers
from ..actions import _NEEDED, _TAKES, Action, Verb
from ..errors import InvalidArgumentError

__all__ = ["BadFile", "BadRow", "Reading", "Row", "format_of", "read_rows"]

COLUMNS = tuple(fields_dict(Action))
_ROUNDED = re.compile(r"\d+(?:[.,]\d+)?[eE]\+?\d+").fullmatch
_ADDRESSES = ("member_address", "trigger_source", "to")
_OPTIONS = {
    "verb": "--verb",
    "phlo_id": "--phlo",
    "node_id": "--node",
    "trigger_source": "--trigger-source",
}


class BadFile(Exception):
    """The file as a whole cannot be read; the message is one line that says why."""


@frozen
class Row:
    """An action and the line of the file that asks for it."""

    line: int
    action: Action


@frozen
class BadRow:
    """A line that cannot be done, and why, with no full phone number."""

    line: int
    reason: str


@define
class Reading:
    """What a file holds: `rows` to do, and `bad` ones in their order."""

    rows: list[Row] = field(factory=list)
    bad: list[BadRow] = field(factory=list)


def format_of(name: str, data: bytes) -> str:
    """Whether a file is "csv" or "jsonl": by its name's end, else by its first character."""
    for ending, found in ((".csv", "csv"), (".jsonl", "jsonl"), (".ndjson", "jsonl")):
        if name.lower().endswith(ending):
            return found
    text = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    return "jsonl" if text.startswith((b"{", b"[")) else "csv"


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
    text = _text(data)
    reading = Reading()
    _Reader(reading, {name: value for name, value in defaults.items() if value}).read(text, form)
    if not reading.rows and not reading.bad:
        raise BadFile("it is empty; give one row for each action.")
    reading.bad.sort(key=lambda bad: bad.line)
    return reading


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        line = data.count(b"\n", 0, start) + 1
        raise BadFile(
            f"line {line}: byte {start + 1} of the file, 0x{data[start]:02x}, is not UTF-8;"
            " save it as UTF-8."
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise BadFile(f"line {line}: it holds a zero byte, as UTF-16 does; save it as UTF-8.")
    return text


class _Reader:
    """Reads rows into a `Reading`."""

    def __init__(self, reading: Reading, defaults: Mapping[str, str]) -> None:
        self._reading, self._defaults = reading, defaults
        self._keys: dict[str, int] = {}  # the line that has it
        self._columns: frozenset[str] | None = None  # a CSV file's
        self._told: set[str] = set()  # about its columns

    def read(self, text: str, form: str) -> None:
        read = self._csv if form == "csv" else self._json_lines
        for line, values in read(text):
            self._add(line, values)

    def _refuse(self, line: int, reason: str) -> None:
        self._reading.bad.append(BadRow(line, reason))

    # The two formats

    def _csv(self, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
        delimiter = _delimiter(text)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        names: list[str] = []
        line = 1
        while True:
            line = reader.line_num + 1
            try:
                cells = [cell.strip() for cell in next(reader)]
            except StopIteration:
                return
            except csv.Error as error:
                self._refuse(line, f"it is broken CSV ({error}); the rest was not read.")
                return
            if not any(cells):
                continue
            if names:
                yield from self._cells(line, names, cells)
                continue
            names = cells
            if not self._check_header(line, names):
                return

    def _check_header(self, line: int, names: list[str]) -> bool:
        self._columns = frozenset(names)
        for number, name in enumerate(names, 1):
            if not name:
                self._refuse(line, f"column {number} has no name.")
            elif name not in COLUMNS:
                known = f"the first line names the columns, out of {', '.join(COLUMNS)}."
                self._refuse(line, f"{_shown(name)}: no such column; {known}")
            elif name in names[: number - 1]:
                self._refuse(line, f"{name}: there are two columns of that name.")
        return not self._reading.bad

    def _cells(
        self, line: int, names: list[str], cells: list[str]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        if len(cells) != len(names):
            counts = f"it has {len(cells)} fields, and the first line names {len(names)} columns"
            self._refuse(line, f"{counts}; quote a value that holds the delimiter.")
            return
        values: dict[str, Any] = dict(zip(names, cells, strict=True))
        if values.get("payload"):
            try:
                values["payload"] = json.loads(values["payload"])
            except (ValueError, RecursionError) as error:
                self._refuse(line, f"payload: it is not JSON: {_where(error)}.")
                return
            if not isinstance(values["payload"], dict):
                self._refuse(line, 'payload: it is not a JSON object, as {"name": "Ann"} is.')
                return
        for name in _ADDRESSES:
            if _ROUNDED(values.get(name, "")):
                self._refuse(
                    line,
                    f"{name}: {values[name]!r} is a number that a spreadsheet has rounded;"
                    " format that column as text.",
                )
                return
        yield line, values

    def _json_lines(self, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
        for line, words in enumerate(text.split("\n"), 1):
            if not words.strip():
                continue
            try:
                values = json.loads(words)
            except (ValueError, RecursionError) as error:
                self._refuse(line, f"it is not JSON: {_where(error)}; write one object on a line.")
                continue
            if not isinstance(values, dict):
                self._refuse(line, "it is not a JSON object; write one object on each line.")
            elif unknown := [name for name in values if name not in COLUMNS]:
                names = ", ".join(map(_shown, unknown))
                self._refuse(line, f"{names}: no such field; there are {', '.join(COLUMNS)}.")
            else:
                yield line, values

    # A row

    def _add(self, line: int, values: dict[str, Any]) -> None:
        given = {
            name: value
            for name, value in values.items()
            if value is not None and not (isinstance(value, str) and not value.strip())
        }
        has_own_key = self._has_own_key(line, given.get("key"))
        try:
            action = self._action(line, given)
        except InvalidArgumentError as error:
            self._refuse(line, _masked(str(error), given.values()))
            return
        if action is not None and has_own_key:
            self._reading.rows.append(Row(line, action))

    def _action(self, line: int, given: dict[str, Any]) -> Action | None:
        verb = given.get("verb", self._defaults.get("verb"))
        if verb is None:
            self._lacks(line, "verb", "every row")
            return None
        if isinstance(verb, str):
            given["verb"] = verb = verb.strip().lower().replace("-", "_")
        if isinstance(verb, str) and verb in list(Verb):
            takes = _TAKES[Verb(verb)]
            given = {name: self._defaults[name] for name in takes if name in self._defaults} | given
            lacking = [name for name in _NEEDED[Verb(verb)] if name not in given]
            for name in lacking:
                self._lacks(line, name, verb)
            if lacking:
                return None
        return Action.from_dict({"phlo_id": "-", **given})

    def _lacks(self, line: int, name: str, who: str) -> None:
        """Tell of a missing value: once if a whole column is missing, else on its line."""
        help = f", or give {_OPTIONS[name]}" if name in _OPTIONS else ""
        if self._columns is None:
            self._refuse(line, f"{name}: it is missing or empty, and {who} needs it{help}.")
        elif name in self._columns:
            self._refuse(line, f"{name}: it is empty, and {who} needs it{help}.")
        else:
            reason = f"{name}: there is no such column, and {who} needs it{help}."
            if reason not in self._told:
                self._told.add(reason)
                self._refuse(line, reason)

    def _has_own_key(self, line: int, key: object) -> bool:
        if not isinstance(key, str):
            return True
        first = self._keys.setdefault(key, line)
        if first != line:
            self._refuse(line, f"key: {_shown(key)} is on line {first}, too; a key is for one row.")
        return first == line


def _delimiter(text: str) -> str:
    """What stands between the first line's names: a comma, or what some spreadsheets write."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=header.count)


def _where(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, column {error.colno}"
    return str(error)


def _shown(value: str) -> str:
    """A value of the file as a message may show it: short, in quotes, and no phone number."""
    short = value if len(value) <= 40 else f"{value[:39]}…"
    return _masked(repr(short), [value, short])


def _masked(text: str, values: Any) -> str:
    """`text` with every address among `values` masked, however it is written."""
    for value in values:
        if isinstance(value, str) and sum(map(str.isdigit, value)) >= 7:
            text = text.replace(value, mask(value))
    return mask_numbers(text)
