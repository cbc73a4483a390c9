"""The formats of a list of actions: CSV and JSON Lines. Pure: it does no I/O."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Protocol

from attrs import frozen

from .columns import ColumnError, Columns
from .messages import shown

__all__ = [
    "FileError",
    "Reader",
    "Record",
    "RowError",
    "format_of",
    "reader_of",
    "spreadsheet_of",
]

_ENDINGS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
_ARCHIVES = {b"PK\x03\x04": "a spreadsheet or ZIP file", b"\xd0\xcf\x11\xe0": "a spreadsheet"}
_MAX_COLUMNS = 1000
_SEPARATOR = re.compile(r"\"?sep=(.)\"?[\r\n]*", re.IGNORECASE).fullmatch


class FileError(Exception):
    """The file is invalid as a whole; the message is one line."""


@frozen
class Record:
    """A line of a list.

    Attributes:
        line: its number.
        values: the values by the field of an action.
        cells: all values by column, as they are in the file.
    """

    line: int
    values: dict[str, Any]
    cells: Mapping[str, Any]


@frozen
class RowError:
    """An invalid line.

    Attributes:
        line: its number.
        reason: why it is invalid, without a full phone number.
        hint: the option that accepts such lines, in a sentence.
    """

    line: int
    reason: str
    hint: str = ""


class Reader(Protocol):
    """Reads the records of a list.

    Attributes:
        columns: the names of the columns, in their order, as far as it was read.
        delimiter: what separates the cells; a comma where the format has no delimiter.
    """

    columns: list[str]
    delimiter: str

    def read(self, lines: Iterable[str]) -> Iterator[Record | RowError]:
        """Read each line that is not empty.

        Raises:
            FileError: the list is invalid as a whole.
        """


def reader_of(form: str, columns: Columns) -> Reader:
    """Return a reader for a format, "csv" or "jsonl"."""
    return CsvReader(columns) if form == "csv" else JsonLinesReader(columns)


def format_of(name: str, head: str) -> str:
    """Detect "csv" or "jsonl" from the file's extension, else from its first character."""
    for ending, found in _ENDINGS.items():
        if name.lower().endswith(ending):
            return found
    return "jsonl" if head.lstrip("\ufeff \t\r\n").startswith(("{", "[")) else "csv"


def spreadsheet_of(name: str, head: bytes) -> str | None:
    """Return what a file is that a spreadsheet program saved in its own format, else None."""
    for start, kind in _ARCHIVES.items():
        if head.startswith(start):
            return kind
    return "a spreadsheet" if name.lower().endswith(_SPREADSHEETS) else None


def _with_payload(line: int, values: dict[str, Any], cells: Mapping[str, Any]) -> Record | RowError:
    """Parse the payload of a CSV row as JSON."""
    if not values.get("payload"):
        return Record(line, values, cells)
    try:
        payload = json.loads(values["payload"])
    except (ValueError, RecursionError) as error:
        return RowError(line, f"payload: it is not valid JSON: {_where(error)}.")
    if not isinstance(payload, dict):
        return RowError(line, 'payload: it is not a JSON object such as {"name": "Ann"}.')
    return Record(line, {**values, "payload": payload}, cells)


def _where(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, column {error.colno}"
    return str(error)


class CsvReader:
    """Reads CSV whose first row names the columns, as `Reader`.

    The delimiter is a comma, a semicolon or a tab, whichever the first line has most of, or the
    one that a first line `sep=;` names.
    """

    def __init__(self, columns: Columns) -> None:
        self.columns: list[str] = []
        self.delimiter: str = ","
        self._map = columns
        self._places: list[tuple[str, int]] = []

    def read(self, lines: Iterable[str]) -> Iterator[Record | RowError]:
        """Read each row that is not empty."""
        lines = iter(lines)
        skipped, lines = self._read_delimiter(lines)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        self.columns = []
        while True:
            line = skipped + reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield RowError(line, f"it is invalid CSV ({error}); the rest was not read.")
                return
            if not any(map(str.strip, cells)):
                continue
            if self.columns:
                yield self._record(line, cells)
            else:
                self._read_header(line, cells)

    def _read_delimiter(self, lines: Iterator[str]) -> tuple[int, Iterator[str]]:
        """Set the delimiter; return the number of lines that are read, and the others."""
        blank, first = 0, ""
        for first in lines:
            if first.strip():
                break
            blank += 1
        if named := _SEPARATOR(first):
            if named[1] in '"\r\n' or named[1].isalnum():
                raise FileError(f"line {blank + 1}: {shown(named[1])} is not a separator.")
            self.delimiter = named[1]
            return blank + 1, lines
        unquoted = re.sub(r'"[^"]*("|$)', "", first)
        self.delimiter = max(",;\t", key=unquoted.count)
        return blank, chain([first] if first else [], lines)

    def _read_header(self, line: int, cells: list[str]) -> None:
        if len(cells) > _MAX_COLUMNS:
            raise FileError(f"line {line}: it has more than {_MAX_COLUMNS} columns.")
        try:
            self._places = list(self._map.assign(cells).items())
            self._map.check_chosen(cells)
        except ColumnError as error:
            raise FileError(f"line {line}: {error}") from None
        if not self._places:
            raise FileError(
                f"line {line}: it names no field of an action; name the columns in the first row,"
                " or pass --map FIELD=COLUMN."
            )
        self.columns = _distinct(cells)

    def _record(self, line: int, cells: list[str]) -> Record | RowError:
        if len(cells) != len(self.columns):
            counts = f"it has {len(cells)} fields, but there are {len(self.columns)} columns"
            return RowError(line, f"{counts}; quote a value that holds the delimiter.")
        values: dict[str, Any] = {field: cells[place].strip() for field, place in self._places}
        return _with_payload(line, values, dict(zip(self.columns, cells, strict=True)))


def _distinct(names: list[str]) -> list[str]:
    """Return the names of columns, so that each has a name of its own."""
    distinct: dict[str, None] = {}
    for number, name in enumerate(names, 1):
        name = name.strip() or f"column {number}"
        while name in distinct:
            name = f"{name} ({number})"
        distinct[name] = None
    return list(distinct)


class JsonLinesReader:
    """Reads a JSON object per line, as `Reader`."""

    def __init__(self, columns: Columns) -> None:
        self.columns: list[str] = []
        self.delimiter = ","
        self._map = columns
        self._fields: dict[str, tuple[str, ...]] = {}

    def read(self, lines: Iterable[str]) -> Iterator[Record | RowError]:
        """Read each line that is not empty."""
        for line, words in enumerate(lines, 1):
            if words.strip():
                yield self._record(line, words)

    def _record(self, line: int, words: str) -> Record | RowError:
        try:
            cells = json.loads(words)
        except (ValueError, RecursionError) as error:
            reason = f"it is not valid JSON: {_where(error)}; write one object per line."
            return RowError(line, reason)
        if not isinstance(cells, dict):
            return RowError(line, "it is not a JSON object; write one object per line.")
        values: dict[str, Any] = {}
        for name, value in cells.items():
            for field in self._fields_of(name):
                if field in values:
                    return RowError(line, f"{field}: two names hold it; {shown(name)} is one.")
                values[field] = value
        return Record(line, values, cells)

    def _fields_of(self, name: str) -> tuple[str, ...]:
        fields = self._fields.get(name)
        if fields is None:
            if len(self.columns) == _MAX_COLUMNS:
                raise FileError(f"it has more than {_MAX_COLUMNS} different names.")
            fields = self._fields[name] = self._map.fields(name)
            self.columns.append(name)
        return fields
