"""What is told of a bulk run that has ended: its numbers, and what to do next."""

from __future__ import annotations

import shlex
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .._masking import mask_numbers
from .ending import Ending, exit_code
from .printing import print_line
from .progress import clock_time

__all__ = ["print_summary", "to_json"]

_MOST_LINES = 20


def _resume(argv: list[str], *more: str) -> str:
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
        "resume": _resume(ending.argv, *_retrying(ending)) if _resumes(ending) else None,
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
    print_line(console, f"{ending.name}: {ending.total} rows, {took}", "bold")
    console.print(_table(ending))
    for error in report.errors:
        line = _line(ending, error.example)
        where = "" if line is None else f"line {line}: "
        times = "" if error.count == 1 else f", {error.count} times, as in"
        print_line(console, f"{error.name}{times}: {where}{error.example}")
    for advice in _advice(ending):
        print_line(console, advice)
    if ending.journal:
        for what, command in _commands(ending):
            print_line(console, f"{what}{' (with the same input)' if ending.piped else ''}:")
            console.print(Text(f"  {command}"), soft_wrap=True)  # to be copied whole


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
        commands.append(("To go on", _resume(argv, *_retrying(ending))))
    if counts["failed"] and not (ending.not_started and ending.denied):
        commands.append(("To try again what failed", _resume(argv, "--retry-failed")))
    if counts["unknown"]:
        again = _resume(argv, "--retry-unknown")
        commands.append(("To repeat what is unknown, once you have looked", again))
    return commands


def _listed(lines: list[int]) -> str:
    shown = ", ".join(map(str, sorted(lines)[:_MOST_LINES]))
    more = len(lines) - _MOST_LINES
    return f"line{'s' * (len(lines) > 1)} {shown}{f' and {more} more' if more > 0 else ''}"
