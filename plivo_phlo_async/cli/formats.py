"""The two formats of a file of actions, CSV and JSON lines, as values by line (pure)."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import fields_dict, frozen

from .._masking import mask, mask_numbers
from ..actions import Action

__all__ = ["BadFile", "BadRow", "Line", "format_of", "masked", "read_lines", "shown"]

COLUMNS = tuple(fields_dict(Action))
_ROUNDED = re.compile(r"\d+(?:[.,]\d+)?[eE]\+?\d+").fullmatch
_ADDRESSES = ("member_address", "trigger_source", "to")


class BadFile(Exception):
    """The file as a whole cannot be read; the message is one line that says why."""


@frozen
class Line:
    """What a line says, by the names of an action's fields."""

    line: int
    values: dict[str, Any]


@frozen
class BadRow:
    """A line that cannot be done, and why, with no full phone number."""

    line: int
    reason: str


def format_of(name: str, data: bytes) -> str:
    """Whether a file is "csv" or "jsonl": by its name's end, else by its first character."""
    for ending, found in ((".csv", "csv"), (".jsonl", "jsonl"), (".ndjson", "jsonl")):
        if name.lower().endswith(ending):
            return found
    text = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    return "jsonl" if text.startswith((b"{", b"[")) else "csv"


def read_lines(data: bytes, form: str) -> Iterator[Line | BadRow]:
    """What each line says that is not empty, or why it cannot be read.

    Args:
        data: the file's bytes.
        form: "csv" or "jsonl".

    Raises:
        BadFile: it is no text in UTF-8.
    """
    text = _text(data)
    return _csv(text) if form == "csv" else _json_lines(text)


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


# CSV


def _csv(text: str) -> Iterator[Line | BadRow]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    names: list[str] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(line, f"it is broken CSV ({error}); the rest was not read.")
            return
        if names and any(cells):
            yield _row(line, names, cells)
        elif any(cells):
            names = cells
            wrong = [BadRow(line, reason) for reason in _wrong_names(names)]
            yield from wrong
            if wrong:
                return


def _delimiter(text: str) -> str:
    """What stands between the first line's names: a comma, or what some spreadsheets write."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=header.count)


def _wrong_names(names: list[str]) -> Iterator[str]:
    for number, name in enumerate(names, 1):
        if not name:
            yield f"column {number} has no name."
        elif name not in COLUMNS:
            known = f"the first line names the columns, out of {', '.join(COLUMNS)}."
            yield f"{shown(name)}: no such column; {known}"
        elif name in names[: number - 1]:
            yield f"{name}: there are two columns of that name."


def _row(line: int, names: list[str], cells: list[str]) -> Line | BadRow:
    if len(cells) != len(names):
        counts = f"it has {len(cells)} fields, and the first line names {len(names)} columns"
        return BadRow(line, f"{counts}; quote a value that holds the delimiter.")
    values: dict[str, Any] = dict(zip(names, cells, strict=True))
    for name in _ADDRESSES:
        if _ROUNDED(values.get(name, "")):
            rounded = f"{name}: {values[name]!r} is a number that a spreadsheet has rounded"
            return BadRow(line, f"{rounded}; format that column as text.")
    return _with_payload(line, values)


def _with_payload(line: int, values: dict[str, Any]) -> Line | BadRow:
    """A CSV row whose payload, if it has one, is read as JSON."""
    if not values.get("payload"):
        return Line(line, values)
    try:
        payload = json.loads(values["payload"])
    except (ValueError, RecursionError) as error:
        return BadRow(line, f"payload: it is not JSON: {_where(error)}.")
    if not isinstance(payload, dict):
        return BadRow(line, 'payload: it is not a JSON object, as {"name": "Ann"} is.')
    return Line(line, {**values, "payload": payload})


# JSON lines


def _json_lines(text: str) -> Iterator[Line | BadRow]:
    for line, words in enumerate(text.split("\n"), 1):
        if words.strip():
            yield _object(line, words)


def _object(line: int, words: str) -> Line | BadRow:
    try:
        values = json.loads(words)
    except (ValueError, RecursionError) as error:
        return BadRow(line, f"it is not JSON: {_where(error)}; write one object on a line.")
    if not isinstance(values, dict):
        return BadRow(line, "it is not a JSON object; write one object on each line.")
    if unknown := [name for name in values if name not in COLUMNS]:
        names = ", ".join(map(shown, unknown))
        return BadRow(line, f"{names}: no such field; there are {', '.join(COLUMNS)}.")
    return Line(line, values)


# What messages may show


def _where(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, column {error.colno}"
    return str(error)


def shown(value: str) -> str:
    """A value of the file as a message may show it: short, in quotes, and no phone number."""
    short = value if len(value) <= 40 else f"{value[:39]}…"
    return masked(repr(short), [value, short])


def masked(text: str, values: Iterable[Any]) -> str:
    """`text` with every address among `values` masked, however it is written."""
    for value in values:
        if isinstance(value, str) and sum(map(str.isdigit, value)) >= 7:
            text = text.replace(value, mask(value))
    return mask_numbers(text)
