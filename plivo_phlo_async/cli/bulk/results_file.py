"""The file of outcomes: one JSON object per line, written immediately."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from ..._transport.hooks import OutcomeEvent
from ...bulk.report import BulkOutcome, BulkStatus
from ...errors import OutcomeUnknownError, PhloError
from ..client_runner import result_to_dict

__all__ = ["ResultsFile"]

_OUTCOME_FIELDS = {"api_id", "attempts", "elapsed"}


class ResultsFile:
    """A file of outcomes; without a file, it writes nothing."""

    def __init__(self, file: IO[bytes] | None) -> None:
        self._file = file

    @classmethod
    def open(cls, path: Path | None, *, append: bool) -> ResultsFile:
        """Open the file.

        Args:
            path: the path; None for no file.
            append: keep the lines of an earlier run; otherwise the file must be empty.

        Raises:
            OSError: the file is not writable, or not empty.
        """
        if path is None:
            return cls(None)
        # Unbuffered: a failed write must raise now.
        file = open(path, "ab+", buffering=0, opener=_for_its_owner)  # noqa: SIM115  it is kept open
        if file.tell() and not append:
            file.close()
            raise FileExistsError(0, "it is not empty; pass another path")
        if file.tell():
            file.seek(-1, 2)
            if file.read(1) != b"\n":  # the last line is incomplete
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

    def write_cancelled(self, line: int, event: OutcomeEvent) -> None:
        """Write an action that was cancelled and may have happened."""
        error = OutcomeUnknownError(
            f"{event.action}: it was cancelled and may have happened; check before repeating it.",
            attempts=event.attempts,
            action=event.action,
        )
        unknown = BulkStatus.UNKNOWN
        self.write(
            line, BulkOutcome(event.action, unknown, None, error, event.attempts, event.elapsed)
        )


def _for_its_owner(path: str, flags: int) -> int:
    """Create a file for its owner alone: it holds phone numbers."""
    return os.open(path, flags, 0o600)


def _values(line: int, outcome: BulkOutcome) -> dict[str, Any]:
    action, result, error = outcome.action, outcome.result, outcome.error
    result_values: dict[str, Any] | None = None
    if result is not None:
        values = result_to_dict(result).items()
        result_values = {name: value for name, value in values if name not in _OUTCOME_FIELDS}
    return {
        "line": line,
        "key": action.key,
        "action": action.to_dict(),
        "status": outcome.status.value,
        "attempts": outcome.attempts,
        "elapsed": round(outcome.elapsed, 6),
        "api_id": None if result is None else result.api_id,
        "result": result_values,
        "error": None if error is None else _error_to_dict(error),
    }


def _error_to_dict(error: Exception) -> dict[str, Any]:
    return {
        "type": type(error).__name__,
        "message": str(error),
        "may_have_happened": isinstance(error, PhloError) and error.may_have_happened,
    }
