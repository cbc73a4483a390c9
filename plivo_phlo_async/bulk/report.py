"""A bulk run's outcomes, one for each action, and its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import frozen

from .._json_values import JsonObject, field_types, to_json_value
from ..actions import Action
from ..errors import PhloError
from ..results import Result

__all__ = ["BulkOutcome", "BulkReport", "BulkStatus", "CommonError", "Tally", "error_to_dict"]

_COMMONEST = 5


class BulkStatus(StrEnum):
    """How one action of a bulk run ended.

    Attributes:
        DONE: Plivo accepted it.
        FAILED: it was not carried out.
        UNKNOWN: it may have been carried out; check before repeating it.
        NOT_STARTED: the run ended before its turn.
    """

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_STARTED = "not_started"


@frozen
class BulkOutcome(JsonObject):
    """How one action ended.

    Attributes:
        action: the action.
        status: how it ended.
        result: the result, if it is done.
        error: the exception, if one was raised.
        attempts: how many requests it took in this run; 0 if an earlier run left it unknown.
        elapsed: seconds it took, including waits.
        begun: when its first request began, with time zone; None if none did.
        ended: when it ended, with time zone; None if that is not known.
        number: its position in the list, from 1.
    """

    action: Action
    status: BulkStatus
    result: Result | None = None
    error: Exception | None = None
    attempts: int = 0
    elapsed: float = 0.0
    begun: datetime | None = None
    ended: datetime | None = None
    number: int | None = None

    @property
    def key(self) -> str | None:
        """The action's key."""
        return self.action.key

    @property
    def api_id(self) -> str | None:
        """Plivo's id of the request, if the response has one."""
        return getattr(self.result or self.error, "api_id", None)

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as plain JSON values."""
        return {
            "action": self.action.to_dict(),
            "key": self.key,
            "number": self.number,
            "status": self.status.value,
            "result": None if self.result is None else self.result.to_dict(),
            "error": None if self.error is None else error_to_dict(self.error),
            "api_id": self.api_id,
            "attempts": self.attempts,
            "elapsed": self.elapsed,
            "begun": to_json_value(self.begun),
            "ended": to_json_value(self.ended),
        }

    @classmethod
    def _json_types(cls) -> dict[str, Any]:
        own = {"error": PhloError | dict[str, str] | None, "key": str | None, "api_id": str | None}
        return field_types(cls) | own


def error_to_dict(error: Exception) -> dict[str, Any]:
    """Return an error as plain JSON values."""
    if isinstance(error, PhloError):
        return error.to_dict()
    return {"type": type(error).__name__, "message": str(error)}


@frozen
class CommonError(JsonObject):
    """A kind of error that actions ended with.

    Attributes:
        name: the class's name, e.g. "RateLimitedError".
        count: how many actions ended with it.
        example: the first of them.
    """

    name: str
    count: int
    example: Exception

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as plain JSON values."""
        return {**super().to_dict(), "example": error_to_dict(self.example)}

    @classmethod
    def _json_types(cls) -> dict[str, Any]:
        return field_types(cls) | {"example": PhloError | dict[str, str]}


@frozen
class BulkReport(JsonObject):
    """A bulk run in numbers, so far.

    Attributes:
        done: actions that Plivo accepted.
        failed: actions that were not carried out.
        unknown: actions that may have been carried out.
        not_started: actions read from the list and not started.
        skipped: actions that another run with the same journal has finished, or is at; they have
            no outcome in this run.
        errors: the most common errors, most frequent first.
        elapsed: seconds since the run began.
        waited: seconds that all actions together waited for the rate limit, for a connection and
            between attempts.
    """

    done: int = 0
    failed: int = 0
    unknown: int = 0
    not_started: int = 0
    skipped: int = 0
    errors: tuple[CommonError, ...] = ()
    elapsed: float = 0.0
    waited: float = 0.0

    @property
    def total(self) -> int:
        """How many actions have an outcome."""
        return self.done + self.failed + self.unknown + self.not_started

    @property
    def rate(self) -> float:
        """Actions ended per second."""
        return (self.total - self.not_started) / self.elapsed if self.elapsed else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values, with `total` and `rate`."""
        return {**super().to_dict(), "total": self.total, "rate": self.rate}

    @classmethod
    def _json_types(cls) -> dict[str, Any]:
        return field_types(cls) | {"total": int, "rate": float}


class Tally:
    """Counts a run's outcomes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started: float | None = None
        self._ended: float | None = None
        self._statuses: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._examples: dict[str, Exception] = {}
        self._skipped = 0
        self.waited: float = 0.0  # seconds, over all actions

    def start(self) -> None:
        """Start the run's time."""
        self._started = self._clock()

    def end(self) -> None:
        """Stop the run's time."""
        self._ended = self._clock()

    def skip(self) -> None:
        """Count an action that another run has finished, or is at."""
        self._skipped += 1

    def add(self, outcome: BulkOutcome) -> None:
        """Count an action that has ended."""
        self._statuses[outcome.status] += 1
        if outcome.error is not None:
            name = type(outcome.error).__name__
            self._errors[name] += 1
            self._examples.setdefault(name, outcome.error)

    def report(self) -> BulkReport:
        """Return the report so far."""
        if self._started is None:
            return BulkReport()
        until = self._clock() if self._ended is None else self._ended
        return BulkReport(
            **{status: self._statuses[status] for status in BulkStatus},
            skipped=self._skipped,
            errors=tuple(
                CommonError(name, count, self._examples[name])
                for name, count in self._errors.most_common(_COMMONEST)
            ),
            elapsed=until - self._started,
            waited=self.waited,
        )
