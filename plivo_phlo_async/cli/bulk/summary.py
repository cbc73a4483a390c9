"""The summary of a finished bulk run: its counts, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from heapq import nsmallest
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..._masking import mask_numbers
from ..printing import print_line
from .outcome import RunOutcome, exit_code
from .progress import clock_time

__all__ = ["print_summary", "to_json"]

_MAX_LINES = 20


def _resume(argv: list[str], *more: str) -> str:
    """Return the command again, without --retry-unknown unless it is passed here."""
    kept = [part for part in argv if part != "--retry-unknown" and part not in more]
    return shlex.join(["plivo-phlo", *kept, *more])


def to_json(outcome: RunOutcome) -> dict[str, Any]:
    """Return the summary as a JSON value."""
    report = outcome.report
    return {
        "exit_code": exit_code(outcome),
        "file": outcome.name,
        "rows": outcome.total,
        **outcome.this_run,
        "not_started": outcome.not_started,
        "skipped": report.skipped,
        "in_all": outcome.over_all,
        "failed_lines": sorted(outcome.failed_lines),
        "unknown_lines": sorted(outcome.unknown_lines),
        "errors": [
            {"type": error.name, "count": error.count, "line": line, "example": str(example)}
            for error in report.errors
            for example, line in [outcome.example(error)]
        ],
        "elapsed": report.elapsed,
        "rate": report.rate,
        "waited": report.waited,
        "interrupted": outcome.interrupted,
        "stopped_by": None if outcome.stopped_by is None else mask_numbers(str(outcome.stopped_by)),
        "resume": _resume(outcome.argv, *_retrying(outcome)) if _resumes(outcome) else None,
    }  # fmt: skip


def _resumes(outcome: RunOutcome) -> bool:
    return outcome.journal and outcome.not_started > 0


def _retrying(outcome: RunOutcome) -> list[str]:
    """Retry the actions that failed because of the credentials."""
    return ["--retry-failed"] if outcome.denied is not None else []


def print_summary(outcome: RunOutcome, console: Console) -> None:
    """Print the counts as a table, the commonest errors, and what to do next."""
    report = outcome.report
    took = f"{clock_time(report.elapsed)}, {report.rate:.1f} per second"
    print_line(console, f"{outcome.name}: {outcome.total} rows, {took}", "bold")
    console.print(_table(outcome))
    for error in report.errors:
        example, line = outcome.example(error)
        where = "" if line is None else f"line {line}: "
        times = "" if error.count == 1 else f", {error.count} times, as in"
        print_line(console, f"{error.name}{times}: {where}{example}")
    for advice in _advice(outcome):
        print_line(console, advice)
    if outcome.journal:
        for what, command in _commands(outcome):
            print_line(console, f"{what}{' (with the same input)' if outcome.piped else ''}:")
            console.print(Text(f"  {command}"), soft_wrap=True)  # one line, to be copied


def _table(outcome: RunOutcome) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 2), show_header=outcome.resumes)
    table.add_column("")
    table.add_column("this run", justify="right")
    looks = {"done": "green", "failed": "red", "unknown": "yellow", "not started": "bright_black"}
    here = {**outcome.this_run, "not started": outcome.not_started}
    over_all = {**outcome.over_all, "not started": outcome.not_started}
    if outcome.resumes:
        table.add_column("in all", justify="right")
    for word, colour in looks.items():
        counts = [here[word], *([over_all[word]] if outcome.resumes else [])]
        if word in {"done", "failed", "unknown"} or any(counts):
            table.add_row(word, *map(str, counts), style=colour if any(counts) else "bright_black")
    return table


def _advice(outcome: RunOutcome) -> list[str]:
    advice = []
    if outcome.stopped_by is not None:
        advice.append(f"Stopped: {mask_numbers(str(outcome.stopped_by))}")
    if outcome.denied is not None:
        advice.append("Stopped: the server rejected the credentials.")
    if outcome.unknown_lines:
        advice.append(
            f"Unknown: {_listed(outcome.unknown_lines)}. These actions may have happened: check"
            " Plivo's call logs before you repeat them."
        )
    if outcome.failed_lines:
        advice.append(f"Failed: {_listed(outcome.failed_lines)}.")
    if outcome.not_started and not outcome.journal:
        advice.append(
            "There is no journal: remove the finished rows before you start again, and pass"
            " --journal PATH, so that the same command resumes where it stopped."
        )
    return advice


def _commands(outcome: RunOutcome) -> list[tuple[str, str]]:
    """Return the possible next steps, each with its command."""
    counts, argv = outcome.over_all, outcome.argv
    commands = []
    if outcome.not_started:
        commands.append(("To resume", _resume(argv, *_retrying(outcome))))
    if counts["failed"] and not (outcome.not_started and outcome.denied):
        commands.append(("To retry the failed actions", _resume(argv, "--retry-failed")))
    if counts["unknown"]:
        again = _resume(argv, "--retry-unknown")
        commands.append(("To repeat the unknown actions, after checking", again))
    return commands


def _listed(lines: Sequence[int]) -> str:
    shown = ", ".join(map(str, nsmallest(_MAX_LINES, lines)))
    more = len(lines) - _MAX_LINES
    return f"line{'s' * (len(lines) > 1)} {shown}{f' and {more} more' if more > 0 else ''}"
