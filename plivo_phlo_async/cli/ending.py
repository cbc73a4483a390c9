"""How a bulk run has ended, and the exit code for it."""

from __future__ import annotations

from attrs import define, field

from ..bulk.report import BulkOutcome, BulkReport, BulkStatus
from ..errors import AuthenticationError, NotSentError
from .exits import CREDENTIALS, FAILED, INTERRUPTED, NETWORK, OK, UNKNOWN, USAGE

__all__ = ["Ending", "exit_code"]


@define
class Ending:
    """What a run came to.

    Attributes:
        name: the file's.
        argv: the command's arguments.
        total: how many rows there are.
        lines: the line of each action, by the action's `id`.
        journal: a journal was given.
        piped: the file is standard input.
        report: the run's numbers.
        cut_short: actions that were cancelled and may have happened; the report has them not.
        earlier: how actions had ended before this run, as the journal knows.
        in_all: how actions have ended over all runs, as the journal knows.
        interrupted: somebody asked it to stop.
        stopped_by: what ended it early.
        denied: the first refusal of the credentials.
        sent: at least one request was.
        unreachable: how many actions could not be sent.
        failed_lines: the lines of actions that failed in this run.
        unknown_lines: the lines of actions that may have happened.
    """

    name: str
    argv: list[str]
    total: int
    lines: dict[int, int]
    journal: bool
    piped: bool = False
    report: BulkReport = field(factory=BulkReport)
    cut_short: list[int] = field(factory=list)
    earlier: dict[BulkStatus, int] | None = None
    in_all: dict[BulkStatus, int] | None = None
    interrupted: bool = False
    stopped_by: Exception | None = None
    denied: AuthenticationError | None = None
    sent: bool = False
    unreachable: int = 0
    failed_lines: list[int] = field(factory=list)
    unknown_lines: list[int] = field(factory=list)

    def take(self, outcome: BulkOutcome) -> None:
        """Note an outcome."""
        error, line = outcome.error, self.lines[id(outcome.action)]
        self.sent = self.sent or outcome.attempts > 0
        self.unreachable += isinstance(error, NotSentError)
        if isinstance(error, AuthenticationError):
            self.denied = self.denied or error
        if outcome.status is BulkStatus.FAILED:
            self.failed_lines.append(line)
        elif outcome.status is BulkStatus.UNKNOWN:
            self.unknown_lines.append(line)

    def cut(self, line: int) -> None:
        """Note an action that was cancelled and may have happened."""
        self.sent = True
        self.cut_short.append(line)
        self.unknown_lines.append(line)

    @property
    def this_run(self) -> dict[str, int]:
        """How many rows ended how in this run."""
        unknown = self.report.unknown + len(self.cut_short)
        return {"done": self.report.done, "failed": self.report.failed, "unknown": unknown}

    @property
    def over_all(self) -> dict[str, int]:
        """The same over all runs, if there is a journal."""
        if self.in_all is None:
            return self.this_run
        return {status.value: count for status, count in self.in_all.items()}

    @property
    def not_started(self) -> int:
        """Rows that have not ended."""
        return max(0, self.total - self.report.skipped - sum(self.this_run.values()))

    @property
    def resumes(self) -> bool:
        """An earlier run had ended some."""
        return self.earlier is not None and any(self.earlier.values())


def exit_code(ending: Ending) -> int:
    """The exit code: what is worst to miss, first."""
    counts = ending.over_all
    if ending.interrupted and (ending.not_started or ending.cut_short):
        return INTERRUPTED
    if ending.denied is not None:
        return CREDENTIALS
    if ending.stopped_by is not None and not ending.sent:
        return USAGE
    if counts["unknown"]:
        return UNKNOWN
    if ending.unreachable and ending.unreachable == counts["failed"] and not counts["done"]:
        return NETWORK
    return FAILED if counts["failed"] or ending.stopped_by is not None else OK
