"""The check of a whole list, before anything is sent."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from contextlib import closing

from attrs import define, field, frozen

from ..._addresses import address_identity
from ..._masking import mask
from .columns import ColumnError
from .formats import FileError, RowError
from .list_file import ListFile, changed
from .messages import Findings, shown
from .plan import DIALS, Plan
from .rows import Cleaned, Duplicates, ListOptions, Row, RowReader
from .seen import SeenTexts

__all__ = ["CheckedList", "Layout", "Repeat", "check_list"]

_MAX_SHOWN_ERRORS = 50
_MAX_SHOWN = 5
_DUPLICATES = (
    "To dial each phone once, pass --duplicates skip; to dial it again, --duplicates allow."
)


@frozen
class Repeat:
    """A row that dials the same phone as an earlier one."""

    line: int
    first_line: int
    address: str


@frozen
class Layout:
    """How a list is written; a CSV file of results is written alike.

    Attributes:
        columns: the names of its columns.
        delimiter: what separates the cells.
        has_bom: whether it begins with a byte order mark.
    """

    columns: tuple[str, ...] = ()
    delimiter: str = ","
    has_bom: bool = False


@define
class CheckedList:
    """A list and what its check found.

    Attributes:
        file: the list.
        options: how it is read.
        total: the number of rows that are sent.
        plan: the actions by verb, and the calls.
        layout: how it is written.
        errors: the invalid rows.
        hints: the options that accept some of them.
        cleaned: the addresses that were cleaned.
        repeats: the rows that dial a phone again.
    """

    file: ListFile
    options: ListOptions
    total: int = 0
    plan: Plan = field(factory=Plan)
    layout: Layout = field(factory=Layout)
    errors: Findings[RowError] = field(factory=lambda: Findings(_MAX_SHOWN_ERRORS))
    hints: dict[str, None] = field(factory=dict)
    cleaned: Findings[Cleaned] = field(factory=lambda: Findings(_MAX_SHOWN))
    repeats: Findings[Repeat] = field(factory=lambda: Findings(_MAX_SHOWN))
    skipped_lines: array[int] = field(factory=lambda: array("Q"))

    def refuse(self, error: RowError) -> None:
        """Add an invalid row."""
        self.errors.add(error)
        if error.hint:
            self.hints[error.hint] = None

    def rows(self) -> Iterator[Row]:
        """Read the rows again, one at a time.

        Raises:
            FileError: the file has changed since the check.
        """
        reader = RowReader(self.file.form, self.options)
        skipped = iter(self.skipped_lines)
        next_skipped = next(skipped, None)
        for row in reader.read(self.file.lines()):
            if isinstance(row, RowError):  # the check found none
                raise changed()
            if row.line == next_skipped:
                next_skipped = next(skipped, None)
            else:
                yield row


def check_list(
    file: ListFile, options: ListOptions, on_row: Callable[[Row], object] | None = None
) -> CheckedList:
    """Read and check every row.

    Args:
        file: the list.
        options: how it is read.
        on_row: called with each row that would be sent.

    Raises:
        FileError: the file is invalid as a whole.
    """
    checked = CheckedList(file, options)
    reader = RowReader(file.form, options)
    with closing(SeenTexts()) as keys, closing(SeenTexts()) as phones:
        check = _Check(checked, keys, phones)
        for row in reader.read(file.lines()):
            if isinstance(row, RowError):
                checked.refuse(row)
            elif check.add(row) and on_row is not None:
                on_row(row)
    columns = reader.records.columns
    try:
        if columns:
            reader.columns.check_chosen(columns)
    except ColumnError as error:
        raise FileError(str(error)) from None
    if not checked.total and not checked.errors.count:
        raise FileError("it is empty; write one row per action.")
    checked.layout = Layout(tuple(columns), reader.records.delimiter, file.has_bom)
    return checked


@define
class _Check:
    """Counts the rows, and finds keys and phones that are there twice."""

    checked: CheckedList
    keys: SeenTexts
    phones: SeenTexts

    def add(self, row: Row) -> bool:
        """Check a row; return whether it is sent."""
        checked, action = self.checked, row.action
        for each in row.cleaned:
            checked.cleaned.add(each)
        key_line = row.line if action.key is None else self.keys.first_line(action.key, row.line)
        if key_line != row.line:
            used = f"key: {shown(action.key or '')} is used on line {key_line} already"
            checked.refuse(RowError(row.line, f"{used}; each row needs its own key."))
        dials = action.verb in DIALS
        repeats = dials and self._repeats(row, action.to or "")
        if repeats and checked.options.duplicates is Duplicates.SKIP:
            checked.skipped_lines.append(row.line)
            return False
        checked.total += 1
        checked.plan.add(action, dials and not repeats)
        return True

    def _repeats(self, row: Row, to: str) -> bool:
        first = self.phones.first_line(address_identity(to), row.line)
        if first == row.line:
            return False
        self.checked.repeats.add(Repeat(row.line, first, to))
        if self.checked.options.duplicates is Duplicates.REFUSE:
            reason = f"to: {mask(to)} is dialled on line {first} already."
            self.checked.refuse(RowError(row.line, reason, _DUPLICATES))
        return True
