"""How a bulk run has ended: its exit code, its summary, and what to do next."""

from __future__ import annotations

import shlex
from typing import Any

from attrs import define, field
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .._masking import mask_numbers
from ..errors import AuthenticationError, NotSentError
from ..reports import BulkOutcome, BulkReport, BulkStatus
from .exits import CREDENTIALS, FAILED, INTERRUPTED, NETWORK, OK, UNKNOWN, USAGE
from .progress import clock_time

__all__ = ["Ending", "exit_code", "print_summary", "resume_command", "to_json"]

_MOST_LINES = 20


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


def resume_command(argv: list[str], *more: str) -> str:
    """The same command again, and never one that does again what may have happened unasked."""
    kept = [part for part in argv if part != "--retry-unknown" and part not in more]
    return shlex.join(["plivo-phlo", *kept, *more])


def to_json(ending: Ending) -> dict[str, Any]:
    """The whole as JSON knows it."""
    report = ending.report
    return {
        "exit_code": exit_code(ending),
        "file": ending.name,
        "rows": ending.total,
        **ending.this_run,
        "not_started": ending.not_started,
        "skipped": report.skipped,
        "in_all": ending.over_all,
        "failed_lines": sorted(ending.failed_lines),
        "unknown_lines": sorted(ending.unknown_lines),
        "errors": [
            {"type": error.name, "count": error.count, "line": _line(ending, error.example),
             "example": str(error.example)}
            for error in report.errors
        ],
        "elapsed": report.elapsed,
        "rate": report.rate,
        "waited": report.waited,
        "interrupted": ending.interrupted,
        "stopped_by": None if ending.stopped_by is None else mask_numbers(str(ending.stopped_by)),
        "resume": resume_command(ending.argv, *_retrying(ending)) if _resumes(ending) else None,
    }  # fmt: skip


def _line(ending: Ending, error: Exception) -> int | None:
    return ending.lines.get(id(getattr(error, "action", None)))


def _resumes(ending: Ending) -> bool:
    return ending.journal and ending.not_started > 0


def _retrying(ending: Ending) -> list[str]:
    """Nothing is wrong with what failed for the credentials alone."""
    return ["--retry-failed"] if ending.denied is not None else []


def print_summary(ending: Ending, console: Console) -> None:
    """The numbers as a table, the commonest errors, and what to do next."""
    report = ending.report
    took = f"{clock_time(report.elapsed)}, {report.rate:.1f} per second"
    _say(console, f"{ending.name}: {ending.total} rows, {took}", "bold")
    console.print(_table(ending))
    for error in report.errors:
        line = _line(ending, error.example)
        where = "" if line is None else f"line {line}: "
        times = "" if error.count == 1 else f", {error.count} times, as in"
        _say(console, f"{error.name}{times}: {where}{error.example}")
    for advice in _advice(ending):
        _say(console, advice)
    if ending.journal:
        for what, command in _commands(ending):
            _say(console, f"{what}{' (with the same input)' if ending.piped else ''}:")
            console.print(Text(f"  {command}"), soft_wrap=True)  # to be copied whole


def _say(console: Console, line: str, style: str = "") -> None:
    """A line, broken between words on a terminal, and not at all elsewhere."""
    console.print(Text(line, style), soft_wrap=not console.is_terminal)


def _table(ending: Ending) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 2), show_header=ending.resumes)
    table.add_column("")
    table.add_column("this run", justify="right")
    looks = {"done": "green", "failed": "red", "unknown": "yellow", "not started": "bright_black"}
    here = {**ending.this_run, "not started": ending.not_started}
    over_all = {**ending.over_all, "not started": ending.not_started}
    if ending.resumes:
        table.add_column("in all", justify="right")
    for word, colour in looks.items():
        counts = [here[word], *([over_all[word]] if ending.resumes else [])]
        if word in {"done", "failed", "unknown"} or any(counts):
            table.add_row(word, *map(str, counts), style=colour if any(counts) else "bright_black")
    return table


def _advice(ending: Ending) -> list[str]:
    advice = []
    if ending.stopped_by is not None:
        advice.append(f"Stopped: {mask_numbers(str(ending.stopped_by))}")
    if ending.denied is not None:
        advice.append("Stopped: the credentials were refused, and nothing else can work then.")
    if ending.unknown_lines:
        advice.append(
            f"Unknown: {_listed(ending.unknown_lines)}. What is unknown may have happened: look at"
            " Plivo's call logs before you repeat it."
        )
    if ending.failed_lines:
        advice.append(f"Failed: {_listed(ending.failed_lines)}.")
    if ending.not_started and not ending.journal:
        advice.append(
            "Nothing remembers what was done: take the finished rows out before you start again,"
            " and give --journal PATH, so that the same command goes on where it stopped."
        )
    return advice


def _commands(ending: Ending) -> list[tuple[str, str]]:
    """What can be done next, and the command that does it."""
    counts, argv = ending.over_all, ending.argv
    commands = []
    if ending.not_started:
        commands.append(("To go on", resume_command(argv, *_retrying(ending))))
    if counts["failed"] and not (ending.not_started and ending.denied):
        commands.append(("To try again what failed", resume_command(argv, "--retry-failed")))
    if counts["unknown"]:
        again = resume_command(argv, "--retry-unknown")
        commands.append(("To repeat what is unknown, once you have looked", again))
    return commands


def _listed(lines: list[int]) -> str:
    shown = ", ".join(map(str, sorted(lines)[:_MOST_LINES]))
    more = len(lines) - _MOST_LINES
    return f"line{'s' * (len(lines) > 1)} {shown}{f' and {more} more' if more > 0 else ''}"
