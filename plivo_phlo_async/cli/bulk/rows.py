"""The rows of a list: each is one action, checked. Pure: it does no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from ...actions import Action, Verb
from ...errors import InvalidArgumentError
from .addresses import AddressError, clean_address
from .columns import Columns
from .formats import Reader, Record, RowError, reader_of
from .messages import masked, shown

__all__ = ["ADDRESSES", "OPTIONS", "Cleaned", "Duplicates", "ListOptions", "Row", "RowReader"]

OPTIONS = {
    "verb": "--verb",
    "phlo_id": "--phlo",
    "node_id": "--node",
    "member_address": "--member-address",
    "trigger_source": "--trigger-source",
    "to": "--to",
    "role": "--role",
    "node_type": "--node-type",
    "payload": "--payload",
}
ADDRESSES = ("member_address", "trigger_source", "to")


class Duplicates(StrEnum):
    """What happens to a row that dials the same phone as an earlier row."""

    REFUSE = "refuse"
    SKIP = "skip"
    ALLOW = "allow"


@frozen
class ListOptions:
    """How a list is read.

    Attributes:
        defaults: values by field, for rows without them.
        columns: the column of each field that has another name.
        any_address: whether addresses are used as they are.
        duplicates: what happens to rows that dial the same phone.
    """

    defaults: Mapping[str, Any] = field(factory=dict)
    columns: Mapping[str, str] = field(factory=dict)
    any_address: bool = False
    duplicates: Duplicates = Duplicates.REFUSE


@frozen
class Cleaned:
    """An address of a row that was cleaned.

    Attributes:
        line: the row's line.
        name: the field.
        address: the address as it is sent.
        removed: what was cleaned, in words.
    """

    line: int
    name: str
    address: str
    removed: tuple[str, ...]


@frozen
class Row:
    """An action and its row in the list.

    Attributes:
        line: the line in the file.
        action: the action.
        cells: the values of the row by column, as they are in the file.
        cleaned: the addresses that were cleaned.
    """

    line: int
    action: Action
    cells: Mapping[str, Any] = field(factory=dict)
    cleaned: tuple[Cleaned, ...] = ()


class RowReader:
    """Makes rows of the lines of a list.

    Args:
        form: "csv" or "jsonl".
        options: how to read it.
    """

    def __init__(self, form: str, options: ListOptions) -> None:
        self.columns: Columns = Columns(options.columns)
        self.records: Reader = reader_of(form, self.columns)
        self._options, self._has_columns = options, form == "csv"
        self._missing_columns: set[str] = set()  # reported ones

    def read(self, lines: Iterable[str]) -> Iterator[Row | RowError]:
        """Return each row, or the errors of an invalid one.

        Raises:
            FileError: the list is invalid as a whole.
        """
        for record in self.records.read(lines):
            if isinstance(record, RowError):
                yield record
            else:
                yield from self._read_record(record)

    def _read_record(self, record: Record) -> Iterator[Row | RowError]:
        given = {name: _text(value) for name, value in record.values.items() if not _blank(value)}
        given.setdefault("verb", self._options.defaults.get("verb"))
        verb = given["verb"]
        if isinstance(verb, str):
            given["verb"] = verb = verb.strip().lower().replace("-", "_")
        if verb is None:
            yield from self._missing(record, "verb", "every row")
        elif isinstance(verb, str) and verb in _VERBS:
            yield from self._read_verb(record, Verb(verb), given)
        else:
            yield _row(record, given)

    def _read_verb(
        self, record: Record, verb: Verb, given: dict[str, Any]
    ) -> Iterator[Row | RowError]:
        defaults = self._options.defaults
        # A node's type applies to every row at a node: a conference bridge takes few verbs.
        names = (*verb.fields, "node_type") if "node_id" in verb.fields else verb.fields
        given = {name: defaults[name] for name in names if name in defaults} | given
        missing = [name for name in verb.required_fields if name not in given]
        for name in missing:
            yield from self._missing(record, name, verb)
        if missing:
            return
        cleaned = [] if self._options.any_address else list(_clean(record.line, given))
        errors = [each for each in cleaned if isinstance(each, RowError)]
        if errors:
            yield from errors
        else:
            yield _row(record, given, tuple(each for each in cleaned if isinstance(each, Cleaned)))

    def _missing(self, record: Record, name: str, who: str) -> Iterator[RowError]:
        """Report a missing value, but a missing column only once."""
        help = f", or pass {OPTIONS[name]}" if name in OPTIONS else ""
        if name in record.values or not self._has_columns:
            state = "empty" if name in record.values else "missing or empty"
            yield RowError(record.line, f"{name}: it is {state}, but {who} requires it{help}.")
            return
        help = f", or pass {OPTIONS.get(name, '--map')}"
        reason = f"{name}: the column is missing, but {who} requires it{help}.{self._hint(name)}"
        if reason not in self._missing_columns:
            self._missing_columns.add(reason)
            yield RowError(record.line, reason)

    def _hint(self, field: str) -> str:
        """Return the columns that may be a field's."""
        close = [name for name in self.records.columns if self.columns.meant_by(name) == field]
        if close:
            return f" Is it {shown(close[0])}? Rename that column, or pass --map {field}=COLUMN."
        return ""


_ANY_ADDRESS = "To send addresses as they are, pass --any-address."
_VERBS = frozenset(verb.value for verb in Verb)


def _row(
    record: Record, values: Mapping[str, Any], cleaned: tuple[Cleaned, ...] = ()
) -> Row | RowError:
    try:
        action = Action(**{"phlo_id": "-", **values})
    except InvalidArgumentError as error:
        return RowError(record.line, masked(str(error), values.values()))
    return Row(record.line, action, record.cells, cleaned)


def _clean(line: int, given: dict[str, Any]) -> Iterator[Cleaned | RowError]:
    """Clean the addresses of a row in place."""
    for name in ADDRESSES:
        if name in given:
            try:
                clean = clean_address(given[name])
            except AddressError as error:
                yield RowError(line, f"{name}: {error}", _ANY_ADDRESS)
                continue
            given[name] = clean.address
            if clean.removed:
                yield Cleaned(line, name, clean.address, clean.removed)


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _text(value: object) -> object:
    """Return a JSON value as the text of a cell, where they are the same without doubt."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if type(value) is int else value
