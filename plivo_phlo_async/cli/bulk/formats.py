"""The formats of a file of actions: CSV and JSON Lines. Pure: it does no I/O."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import fields_dict, frozen

from ..._masking import mask, mask_numbers
from ...actions import Action

__all__ = ["FileError", "Record", "RowError", "format_of", "masked", "read_lines", "shown"]

COLUMNS = tuple(fields_dict(Action))
_ROUNDED = re.compile(r"\d+(?:[.,]\d+)?[eE]\+?\d+").fullmatch
_ADDRESSES = ("member_address", "trigger_source", "to")


class FileError(Exception):
    """The file is invalid as a whole; the message is one line."""


@frozen
class Record:
    """The values of a line, by the field names of an action."""

    line: int
    values: dict[str, Any]


@frozen
class RowError:
    """An invalid line and the reason, without a full phone number."""

    line: int
    reason: str


def format_of(name: str, data: bytes) -> str:
    """Detect "csv" or "jsonl" from the file's extension, else from its first character."""
    for ending, found in ((".csv", "csv"), (".jsonl", "jsonl"), (".ndjson", "jsonl")):
        if name.lower().endswith(ending):
            return found
    text = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    return "jsonl" if text.startswith((b"{", b"[")) else "csv"


def read_lines(data: bytes, form: str) -> Iterator[Record | RowError]:
    """Read each line that is not empty.

    Args:
        data: the file's bytes.
        form: "csv" or "jsonl".

    Raises:
        FileError: the file is not UTF-8 text.
    """
    text = _text(data)
    return _csv(text) if form == "csv" else _json_lines(text)


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        line = data.count(b"\n", 0, start) + 1
        raise FileError(
            f"line {line}: byte {start + 1} of the file, 0x{data[start]:02x}, is not UTF-8;"
            " save it as UTF-8."
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise FileError(f"line {line}: it has a null byte, as UTF-16 does; save it as UTF-8.")
    return text


# CSV


def _csv(text: str) -> Iterator[Record | RowError]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    names: list[str] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            yield RowError(line, f"it is invalid CSV ({error}); the following lines were not read.")
            return
        if names and any(cells):
            yield _row(line, names, cells)
        elif any(cells):
            names = cells
            wrong = [RowError(line, reason) for reason in _wrong_names(names)]
            yield from wrong
            if wrong:
                return


def _delimiter(text: str) -> str:
    """Detect the delimiter from the first line: a comma, a semicolon or a tab."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=header.count)


def _wrong_names(names: list[str]) -> Iterator[str]:
    for number, name in enumerate(names, 1):
        if not name:
            yield f"column {number} has no name."
        elif name not in COLUMNS:
            known = f"the columns are {', '.join(COLUMNS)}."
            yield f"{shown(name)}: unknown column; {known}"
        elif name in names[: number - 1]:
            yield f"{name}: duplicate column."


def _row(line: int, names: list[str], cells: list[str]) -> Record | RowError:
    if len(cells) != len(names):
        counts = f"it has {len(cells)} fields, but there are {len(names)} columns"
        return RowError(line, f"{counts}; quote a value that holds the delimiter.")
    values: dict[str, Any] = dict(zip(names, cells, strict=True))
    for name in _ADDRESSES:
        if _ROUNDED(values.get(name, "")):
            rounded = f"{name}: {values[name]!r} is a number rounded by a spreadsheet"
            return RowError(line, f"{rounded}; format that column as text.")
    return _with_payload(line, values)


def _with_payload(line: int, values: dict[str, Any]) -> Record | RowError:
    """Parse the payload of a CSV row as JSON."""
    if not values.get("payload"):
        return Record(line, values)
    try:
        payload = json.loads(values["payload"])
    except (ValueError, RecursionError) as error:
        return RowError(line, f"payload: it is not valid JSON: {_where(error)}.")
    if not isinstance(payload, dict):
        return RowError(line, 'payload: it is not a JSON object such as {"name": "Ann"}.')
    return Record(line, {**values, "payload": payload})


# JSON lines


def _json_lines(text: str) -> Iterator[Record | RowError]:
    for line, words in enumerate(text.split("\n"), 1):
        if words.strip():
            yield _object(line, words)


def _object(line: int, words: str) -> Record | RowError:
    try:
        values = json.loads(words)
    except (ValueError, RecursionError) as error:
        return RowError(line, f"it is not valid JSON: {_where(error)}; write one object per line.")
    if not isinstance(values, dict):
        return RowError(line, "it is not a JSON object; write one object per line.")
    if unknown := [name for name in values if name not in COLUMNS]:
        names = ", ".join(map(shown, unknown))
        return RowError(line, f"{names}: unknown field; the fields are {', '.join(COLUMNS)}.")
    return Record(line, values)


# Masked values in messages


def _where(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, column {error.colno}"
    return str(error)


def shown(value: str) -> str:
    """Return a value for a message: shortened, quoted and masked."""
    short = value if len(value) <= 40 else f"{value[:39]}…"
    return masked(repr(short), [value, short])


def masked(text: str, values: Iterable[Any]) -> str:
    """Mask every address of `values` in the text, in any spelling."""
    for value in values:
        if isinstance(value, str) and sum(map(str.isdigit, value)) >= 7:
            text = text.replace(value, mask(value))
    return mask_numbers(text)
