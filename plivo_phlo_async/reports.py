"""What a bulk run tells: one outcome for each action, and the run in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from attrs import frozen

from .actions import Action
from .results import Result

__all__ = ["BulkOutcome", "BulkReport", "BulkStatus", "CommonError", "Tally"]

_COMMONEST = 5


class BulkStatus(StrEnum):
    """How one action of a bulk run ended.

    `UNKNOWN`: it may have been carried out; check before repeating it. `NOT_STARTED`: the run was
    left before its turn.
    """

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_STARTED = "not_started"


@frozen
class BulkOutcome:
    """How one action ended.

    Attributes:
        action: the action.
        status: how it ended.
        result: what Plivo told, when done.
        error: what was raised, when not.
        attempts: how many requests it took.
        elapsed: seconds it took, waits included.
    """

    action: Action
    status: BulkStatus
    result: Result | None = None
    error: Exception | None = None
    attempts: int = 0
    elapsed: float = 0.0


@frozen
class CommonError:
    """A kind of error.

    Attributes:
        name: the class's name, as "RateLimitedError".
        count: how many actions ended with it.
        example: the first of them.
    """

    name: str
    count: int
    example: Exception


@frozen
class BulkReport:
    """A bulk run in numbers, so far.

    Attributes:
        done: actions carried out.
        failed: actions that were not.
        unknown: actions that may have been.
        not_started: actions read from the list whose turn did not come.
        skipped: actions that an earlier run with the same journal has finished; they have no
            outcome in this one.
        errors: the commonest errors, most frequent first.
        elapsed: seconds since the run began.
        waited: seconds that actions spent waiting for the rate limit, a connection or a repeat,
            added up over all of them.
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
        """Actions that have an outcome."""
        return self.done + self.failed + self.unknown + self.not_started

    @property
    def rate(self) -> float:
        """Actions that ended, per second."""
        return (self.total - self.not_started) / self.elapsed if self.elapsed else 0.0


class Tally:
    """Counts outcomes."""

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
        """The run begins."""
        self._started = self._clock()

    def end(self) -> None:
        """The run has ended."""
        self._ended = self._clock()

    def skip(self) -> None:
        """An earlier run has finished an action."""
        self._skipped += 1

    def add(self, outcome: BulkOutcome) -> None:
        """An action has ended."""
        self._statuses[outcome.status] += 1
        if outcome.error is not None:
            name = type(outcome.error).__name__
            self._errors[name] += 1
            self._examples.setdefault(name, outcome.error)

    def report(self) -> BulkReport:
        """The numbers so far."""
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
