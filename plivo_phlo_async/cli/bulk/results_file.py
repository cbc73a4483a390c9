"""The file of outcomes: CSV or JSON Lines by its name, each row written immediately."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, Self

from ..._transport.hooks import OutcomeEvent
from ...bulk.report import BulkOutcome, BulkStatus
from ...errors import OutcomeUnknownError, PhloError
from ..client_runner import result_to_dict
from .check import Layout
from .rows import Row

__all__ = ["ResultsFile"]

COLUMNS = ("status", "error", "api_id", "attempts", "elapsed", "begun", "ended", "line")
_MORE_NAMES = ("action", "result")  # only in JSON
_OUTCOME_FIELDS = {"api_id", "attempts", "elapsed"}


class ResultsFile:
    """A file of outcomes; without a file, it writes nothing."""

    def __init__(self, file: IO[bytes] | None, form: _Format) -> None:
        self._file, self._form = file, form

    @classmethod
    def open(cls, path: Path | None, layout: Layout, *, append: bool) -> ResultsFile:
        """Open the file.

        Args:
            path: the path; `.csv` is CSV, any other JSON Lines; None for no file.
            layout: how the list is written; CSV is written alike.
            append: keep the rows of an earlier run; otherwise the file must be empty.

        Raises:
            OSError: the file is not writable, or not empty, or has other columns.
        """
        is_csv = path is not None and path.suffix.lower() == ".csv"
        form = _Csv(layout) if is_csv else _JsonLines(layout)
        if path is None:
            return cls(None, form)
        # Unbuffered: a failed write must raise now.
        file = open(path, "ab+", buffering=0, opener=_for_its_owner)  # noqa: SIM115  it is kept open
        try:
            if file.tell() > len(form.head) and not append:
                raise FileExistsError(0, "it is not empty; pass another path")
            results = cls(file, form)
            results._begin(file)
        except BaseException:
            file.close()
            raise
        return results

    @classmethod
    @contextmanager
    def replacement(cls, path: Path, layout: Layout) -> Iterator[ResultsFile]:
        """Open a new file that replaces the one at `path` at the end of the block.

        Raises:
            OSError: it cannot be written; the file at `path` is as before.
        """
        path = path.resolve()
        new = path.with_stem(f"{path.stem}-new")
        new.unlink(missing_ok=True)
        with cls.open(new, layout, append=False) as results:
            try:
                yield results
            except BaseException:
                new.unlink(missing_ok=True)
                raise
        new.replace(path)

    def _begin(self, file: IO[bytes]) -> None:
        """Write what stands before the first row, or end the last row of an earlier run."""
        if file.tell():
            file.seek(0)
            self._write(self._form.repair(file))
        else:
            self._write(self._form.head)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, row: Row, outcome: BulkOutcome) -> None:
        """Write the outcome of a row.

        Raises:
            OSError: it cannot be written.
        """
        if self._file is not None:
            self._write(self._form.row(row, outcome))

    def write_cancelled(self, row: Row, event: OutcomeEvent) -> None:
        """Write an action that was cancelled and may have happened."""
        error = OutcomeUnknownError(
            f"{event.action}: it was cancelled and may have happened; check before repeating it.",
            attempts=event.attempts,
            action=event.action,
        )
        unknown = BulkStatus.UNKNOWN
        self.write(
            row, BulkOutcome(event.action, unknown, None, error, event.attempts, event.elapsed)
        )

    def _write(self, rest: bytes) -> None:
        while rest and self._file is not None:
            rest = rest[self._file.write(rest) :]


def _for_its_owner(path: str, flags: int) -> int:
    """Create a file for its owner alone: it holds phone numbers."""
    return os.open(path, flags, 0o600)


class _Format(Protocol):
    """The format of a file of outcomes.

    Attributes:
        head: what an empty file begins with.
    """

    head: bytes

    def repair(self, file: IO[bytes]) -> bytes:
        """Return what ends the last row of a file that may have been cut off."""

    def row(self, row: Row, outcome: BulkOutcome) -> bytes:
        """Return the outcome of a row."""


class _Csv:
    """CSV, with the list's delimiter and byte order mark, as `_Format`."""

    def __init__(self, layout: Layout) -> None:
        self._columns, self._delimiter = layout.columns, layout.delimiter
        bom = codecs.BOM_UTF8 if layout.has_bom else b""
        self.head = bom + self._line([*_renamed(layout.columns, COLUMNS).values(), *COLUMNS])

    def _line(self, cells: Iterable[object]) -> bytes:
        line = io.StringIO()
        csv.writer(line, delimiter=self._delimiter, lineterminator="\n").writerow(cells)
        return line.getvalue().encode("utf-8", "replace")

    def repair(self, file: IO[bytes]) -> bytes:
        """Return what ends the last row: an open quote is closed first."""
        if file.read(len(self.head)) != self.head:
            raise FileExistsError(0, "it has other columns; pass another path")
        quotes, last = self.head.count(b'"'), b"\n"
        while chunk := file.read(1 << 20):
            quotes, last = quotes + chunk.count(b'"'), chunk[-1:]
        return b'"\n' if quotes % 2 else b"" if last == b"\n" else b"\n"

    def row(self, row: Row, outcome: BulkOutcome) -> bytes:
        """Return the outcome of a row."""
        error = outcome.error
        text = "" if error is None else f"{type(error).__name__}: {error}"
        values = {**_values(row, outcome), "error": text}
        given = (_cell(row.cells.get(name)) for name in self._columns)
        return self._line([*given, *(values[name] for name in COLUMNS)])


class _JsonLines:
    """A JSON object per line, as `_Format`."""

    def __init__(self, layout: Layout) -> None:
        self.head = b""
        self._names = _renamed(layout.columns, (*COLUMNS, *_MORE_NAMES))

    def repair(self, file: IO[bytes]) -> bytes:
        """Return what ends the last row: a line feed, if it has none."""
        file.seek(-1, 2)
        return b"" if file.read(1) == b"\n" else b"\n"

    def row(self, row: Row, outcome: BulkOutcome) -> bytes:
        """Return the outcome of a row."""
        result, error = outcome.result, outcome.error
        details = None if result is None else result_to_dict(result)
        values = {
            **{self._names[name]: value for name, value in row.cells.items()},
            **_values(row, outcome),
            "action": row.action.to_dict(),
            "result": details
            and {name: value for name, value in details.items() if name not in _OUTCOME_FIELDS},
            "error": None if error is None else _error_to_dict(error),
        }
        return json.dumps(values).encode() + b"\n"


def _renamed(names: Iterable[str], taken: tuple[str, ...]) -> Mapping[str, str]:
    """Return the name of each column of the list in the file: `input_status` for `status`."""
    renamed = dict.fromkeys(taken, "")
    for name in names:
        other = name
        while other in renamed:
            other = f"input_{other}"
        renamed[other] = name
    return {name: other for other, name in renamed.items() if other not in taken}


def _values(row: Row, outcome: BulkOutcome) -> dict[str, Any]:
    result = outcome.result
    return {
        "status": outcome.status.value,
        "api_id": None if result is None else result.api_id,
        "attempts": outcome.attempts,
        "elapsed": round(outcome.elapsed, 6),
        "begun": _time(outcome.begun),
        "ended": _time(outcome.ended),
        "line": row.line,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds")


def _cell(value: object) -> str:
    """Return a value of a JSON list as the text of a cell."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value)


def _error_to_dict(error: Exception) -> dict[str, Any]:
    return {
        "type": type(error).__name__,
        "message": str(error),
        "may_have_happened": isinstance(error, PhloError) and error.may_have_happened,
    }
