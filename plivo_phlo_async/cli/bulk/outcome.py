"""The outcome of a bulk run, and its exit code."""

from __future__ import annotations

from array import array

from attrs import define, field

from ...bulk.report import BulkOutcome, BulkReport, BulkStatus, CommonError
from ...errors import AuthenticationError, NotSentError
from ..exit_codes import CREDENTIALS, FAILED, INTERRUPTED, NETWORK, OK, UNKNOWN, USAGE

__all__ = ["RunOutcome", "exit_code"]


@define
class RunOutcome:
    """The outcome of a run.

    Attributes:
        name: name of the file.
        argv: arguments of the command.
        total: number of rows.
        journal: whether the run has a journal.
        piped: whether the file is standard input.
        report: counts of the run.
        cancelled: lines of cancelled actions that may have happened; the report does not have them.
        earlier: number of actions by status before this run, from the journal.
        in_all: number of actions by status over all runs, from the journal.
        interrupted: whether a signal stopped the run.
        stopped_by: the error that stopped the run.
        denied: the first authentication error.
        sent: whether a request was sent.
        performed: number of actions that were performed in this run.
        unreachable: number of actions that could not be sent.
        failed_lines: lines of the actions that failed in this run.
        unknown_lines: lines of the actions that may have happened.
        examples: the first error of each type, and its line.
    """

    name: str
    argv: list[str]
    total: int
    journal: bool
    piped: bool = False
    report: BulkReport = field(factory=BulkReport)
    cancelled: array[int] = field(factory=lambda: array("Q"))
    earlier: dict[BulkStatus, int] | None = None
    in_all: dict[BulkStatus, int] | None = None
    interrupted: bool = False
    stopped_by: Exception | None = None
    denied: AuthenticationError | None = None
    sent: bool = False
    performed: int = 0
    unreachable: int = 0
    failed_lines: array[int] = field(factory=lambda: array("Q"))
    unknown_lines: array[int] = field(factory=lambda: array("Q"))
    examples: dict[str, tuple[Exception, int]] = field(factory=dict)

    def add(self, line: int, outcome: BulkOutcome) -> None:
        """Add the outcome of the action on a line."""
        error = outcome.error
        if error is not None:
            self.examples.setdefault(type(error).__name__, (error, line))
        self.sent = self.sent or outcome.attempts > 0
        self.performed += outcome.attempts > 0
        self.unreachable += isinstance(error, NotSentError)
        if isinstance(error, AuthenticationError):
            self.denied = self.denied or error
        if outcome.status is BulkStatus.FAILED:
            self.failed_lines.append(line)
        elif outcome.status is BulkStatus.UNKNOWN:
            self.unknown_lines.append(line)

    def example(self, error: CommonError) -> tuple[Exception, int | None]:
        """Return an example of an error, and its line if it is known."""
        return self.examples.get(error.name, (error.example, None))

    def add_cancelled(self, line: int) -> None:
        """Add an action that was cancelled and may have happened."""
        self.sent = True
        self.cancelled.append(line)
        self.unknown_lines.append(line)

    @property
    def this_run(self) -> dict[str, int]:
        """The number of rows by status in this run."""
        unknown = self.report.unknown + len(self.cancelled)
        return {"done": self.report.done, "failed": self.report.failed, "unknown": unknown}

    @property
    def over_all(self) -> dict[str, int]:
        """The number of rows by status over all runs, if there is a journal."""
        if self.in_all is None:
            return self.this_run
        return {status.value: count for status, count in self.in_all.items()}

    @property
    def not_started(self) -> int:
        """The number of rows without an outcome."""
        return max(0, self.total - self.report.skipped - sum(self.this_run.values()))

    @property
    def all_unreachable(self) -> bool:
        """Whether every action failed because it could not be sent."""
        counts = self.over_all
        reached = self.unreachable < counts["failed"] or counts["done"] or counts["unknown"]
        return bool(self.unreachable and not reached)

    @property
    def all_finished_before(self) -> bool:
        """Whether earlier runs had begun every action, so that nothing was left to do."""
        here = self.this_run
        nothing_done = not (self.sent or here["done"] or here["failed"] or self.not_started)
        return self.resumes and nothing_done

    def remaining(self, report: BulkReport, redo: set[str]) -> int:
        """Return the number of actions that are still to be performed.

        Args:
            report: counts of the run so far.
            redo: the statuses in earlier runs that are performed again.
        """
        earlier = self.earlier or {}
        before = sum(count for status, count in earlier.items() if status not in redo)
        ended = report.done + report.failed + report.unknown + report.skipped
        return max(0, min(self.total - before - self.performed, self.total - ended))

    @property
    def resumes(self) -> bool:
        """Whether an earlier run has outcomes in the journal."""
        return self.earlier is not None and any(self.earlier.values())


def exit_code(outcome: RunOutcome) -> int:
    """Return the exit code, of the most severe condition."""
    counts = outcome.over_all
    if outcome.interrupted and (outcome.not_started or outcome.cancelled):
        return INTERRUPTED
    if outcome.denied is not None:
        return CREDENTIALS
    if outcome.stopped_by is not None and not outcome.sent:
        return USAGE
    if counts["unknown"]:
        return UNKNOWN
    if outcome.all_unreachable:
        return NETWORK
    return FAILED if counts["failed"] or outcome.stopped_by is not None else OK
