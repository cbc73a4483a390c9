"""What a bulk run writes: one JSON object for each outcome, at once."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from .._transport.hooks import OutcomeEvent
from ..bulk.report import BulkOutcome, BulkStatus
from ..errors import OutcomeUnknownError
from .reach import plain

__all__ = ["Results"]

_TOLD_BESIDE = {"api_id", "attempts", "elapsed"}


class Results:
    """A file of outcomes; with no file, it writes nothing."""

    def __init__(self, file: IO[bytes] | None) -> None:
        self._file = file

    @classmethod
    def open(cls, path: Path | None, *, goes_on: bool) -> Results:
        """Open the file.

        Args:
            path: where it is; None for no file.
            goes_on: an earlier run may have written to it: its lines stay. Else it must be empty.

        Raises:
            OSError: it cannot be written, or holds something.
        """
        if path is None:
            return cls(None)
        file = path.open("ab+", buffering=0)  # what cannot be written must not come up later
        if file.tell() and not goes_on:
            file.close()
            raise FileExistsError(0, "it holds something already; give another path")
        if file.tell():
            file.seek(-1, 2)
            if file.read(1) != b"\n":  # its last line was cut off
                file.write(b"\n")
        return cls(file)

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

    def write(self, line: int, outcome: BulkOutcome) -> None:
        """Write an outcome; raises `OSError`."""
        if self._file is not None:
            rest = json.dumps(_values(line, outcome)).encode() + b"\n"
            while rest:
                rest = rest[self._file.write(rest) :]

    def write_cut_short(self, line: int, event: OutcomeEvent) -> None:
        """Write that an action was cancelled and may have happened."""
        error = OutcomeUnknownError(
            f"{event.action}: it was cut short; it may have happened; check before repeating it.",
            attempts=event.attempts,
            action=event.action,
        )
        unknown = BulkStatus.UNKNOWN
        self.write(
            line, BulkOutcome(event.action, unknown, None, error, event.attempts, event.elapsed)
        )


def _values(line: int, outcome: BulkOutcome) -> dict[str, Any]:
    action, result, error = outcome.action, outcome.result, outcome.error
    told: dict[str, Any] | None = None
    if result is not None:
        values = plain(result).items()
        told = {name: value for name, value in values if name not in _TOLD_BESIDE}
    return {
        "line": line,
        "key": action.key,
        "action": action.to_dict(),
        "status": outcome.status.value,
        "attempts": outcome.attempts,
        "elapsed": round(outcome.elapsed, 6),
        "api_id": None if result is None else result.api_id,
        "result": told,
        "error": None if error is None else _of_error(error),
    }


def _of_error(error: Exception) -> dict[str, Any]:
    doubt = getattr(error, "may_have_happened", False)
    return {"type": type(error).__name__, "message": str(error), "may_have_happened": doubt}
