"""The summary of a finished bulk run: its counts, and what to do next."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..printing import print_line
from .advice import advice_for, end_reason, resume_command, stop_text
from .outcome import RunOutcome, exit_code
from .progress import clock_time

__all__ = ["print_summary", "to_json"]


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
        "reason": end_reason(outcome).value,
        "stopped_by": stop_text(outcome),
        "resume": resume_command(outcome),
    }  # fmt: skip


def print_summary(outcome: RunOutcome, console: Console) -> None:
    """Print the counts as a table, the commonest errors, and what to do next."""
    report = outcome.report
    took = f", {clock_time(report.elapsed)}, {report.rate:.1f} per second" if outcome.sent else ""
    print_line(console, f"{outcome.name}: {outcome.total} rows{took}", "bold")
    console.print(_table(outcome))
    for error in report.errors:
        example, line = outcome.example(error)
        where = "" if line is None else f"line {line}: "
        times = "" if error.count == 1 else f", {error.count} times, as in"
        print_line(console, f"{error.name}{times}: {where}{example}")
    advice = advice_for(outcome)
    for sentence in advice.lines:
        print_line(console, sentence)
    for purpose, command in advice.commands:
        print_line(console, f"{purpose}{' (with the same input)' if outcome.piped else ''}:")
        console.print(Text(f"  {command}"), soft_wrap=True)  # one line, to be copied


def _table(outcome: RunOutcome) -> Table:
    both = outcome.resumes and outcome.in_all is not None
    table = Table(box=None, padding=(0, 2, 0, 2), show_header=both)
    table.add_column("")
    table.add_column("this run", justify="right")
    looks = {"done": "green", "failed": "red", "unknown": "yellow", "not started": "bright_black"}
    here = {**outcome.this_run, "not started": outcome.not_started}
    over_all = {**outcome.over_all, "not started": outcome.not_started}
    if both:
        table.add_column("in all", justify="right")
    for word, colour in looks.items():
        counts = [here[word], *([over_all[word]] if both else [])]
        if word in {"done", "failed", "unknown"} or any(counts):
            table.add_row(word, *map(str, counts), style=colour if any(counts) else "bright_black")
    return table
