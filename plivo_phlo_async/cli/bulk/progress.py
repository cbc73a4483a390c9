"""The progress of a bulk run: one live line on a terminal, occasional lines elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Protocol

from attrs import frozen
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ...bulk.report import BulkReport

__all__ = ["LiveLine", "PlainLines", "Progress", "RunState", "clock_time", "line_of", "live_line"]

_MAX_BAR, _MIN_BAR = 40, 8  # width of the bar
_MAX_INTERVAL = 10.0  # seconds between plain lines
_MIN_INTERVAL = 1.0


@frozen
class RunState:
    """The state of a run.

    Attributes:
        total: number of rows.
        report: counts of the run so far.
        pause: remaining seconds of a pause that the server requested.
        stopping: whether the run starts no more actions.
        speed: actions per second at present; None if it is unknown.
        limit: requests per second that the account allows; None for no limit.
        seconds_left: the remaining time; None if it is unknown.
    """

    total: int
    report: BulkReport
    pause: float = 0.0
    stopping: bool = False
    speed: float | None = None
    limit: float | None = None
    seconds_left: float | None = None

    @property
    def ended(self) -> int:
        """The number of rows with an outcome, in this run or before."""
        report = self.report
        return report.done + report.failed + report.unknown + report.skipped

    @property
    def counts(self) -> list[tuple[int, str, str]]:
        """The number of rows by status, with the label and colour of each."""
        report = self.report
        before = [(report.skipped, "before", "bright_black")] if report.skipped else []
        return [
            *before,
            (report.done, "done", "green"),
            (report.failed, "failed", "red"),
            (report.unknown, "unknown", "yellow"),
        ]

    @property
    def rate(self) -> str:
        """The speed against the limit, such as 58/60; "" if it is unknown."""
        if self.speed is None:
            return ""
        limit = "" if self.limit is None else f"/{_number(self.limit)}"
        return f"{_number(self.speed)}{limit}"

    @property
    def left(self) -> str:
        """The remaining time, in words; "" if it is unknown."""
        return "" if self.seconds_left is None else f"{clock_time(self.seconds_left)} left"


class Progress(Protocol):
    """Shows the progress of a run."""

    def print(self, line: str) -> None:
        """Print a permanent line."""

    def show(self, state: RunState) -> None:
        """Show the state; called several times a second."""

    def end(self) -> None:
        """Stop showing the progress."""


def clock_time(seconds: float) -> str:
    """Format seconds as 0:07, 12:30 or 1:02:03."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    clock = f"{minutes}:{whole % 60:02}"
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else clock


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 9.95 or value == round(value) else f"{value:.1f}"


def live_line(state: RunState, width: int) -> Table:
    """Return the live line for a terminal width; the least important parts are left out."""
    variants = _variants(state)
    words = next((words for words in variants if words.cell_len < width), variants[-1])
    line = Table.grid(padding=(0, 1, 0, 0))
    bar = min(_MAX_BAR, width - words.cell_len - 2)
    if bar >= _MIN_BAR:
        line.add_row(ProgressBar(state.total, state.ended, width=bar), words)
    else:
        words.truncate(width - 1, overflow="ellipsis")
        line.add_row(words)
    return line


def _variants(state: RunState) -> list[Text]:
    """Return the texts of the line, the longest first."""
    every = state.counts
    here = [count for count in every if count[1] != "before"]
    some = [count for count in here if count[0]]
    wrong = [count for count in some if count[1] != "done"]
    long, middle, short = _tails(state)
    variants = [
        *((every, long), (every, middle), (here, middle), (some, middle)),
        *((wrong, middle), (wrong, short), ([], short)),
    ]
    return [_words(state, counts, tail) for counts, tail in variants]


def _tails(state: RunState) -> tuple[list[str], list[str], list[str]]:
    """Return what follows the counts: long, middle and short."""
    if state.stopping:
        text = "stopping: waiting for actions in flight"
        return [text], ["stopping: waiting"], ["stopping"]
    if state.pause > 0:
        waiting, left = f"waiting {math.ceil(state.pause)} s", [state.left] if state.left else []
        long = f"{waiting}: the server asks to slow down"
        return [long, *left], [f"{waiting}: slow down", *left], [waiting]
    left = [state.left] if state.left else []
    if not state.rate:
        return left, left, left
    return [f"{state.rate} per second", *left], [f"{state.rate}/s", *left], left


def _words(state: RunState, counts: list[tuple[int, str, str]], tail: list[str]) -> Text:
    text = Text(f"{state.ended}/{state.total}", "bold", no_wrap=True)
    for count, word, colour in counts:
        text.append(f"  {count} {word}", f"not bold {colour}" if count else "not bold bright_black")
    for part in tail:
        text.append(f"  {part}", "not bold")
    return text


def line_of(state: RunState) -> str:
    """Return the line as plain text."""
    counts = [f"{count} {word}" for count, word, _ in state.counts]
    return f"{state.ended}/{state.total}: {', '.join([*counts, *_tails(state)[0]])}"


class LiveLine:
    """One live line, below the permanent lines."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def print(self, line: str) -> None:
        """As `Progress.print`."""
        self._console.print(Text(line))

    def show(self, state: RunState) -> None:
        """As `Progress.show`."""
        self._live.start()
        self._live.update(live_line(state, self._console.width), refresh=True)

    def end(self) -> None:
        """As `Progress.end`."""
        self._live.stop()  # no effect when it was not started


class PlainLines:
    """A line for each tenth of the rows or each ten seconds, at most one per second."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._printed_at: float | None = None
        self._tenth = 0

    def print(self, line: str) -> None:
        """As `Progress.print`."""
        self._console.print(Text(line), soft_wrap=True)

    def show(self, state: RunState) -> None:
        """As `Progress.show`."""
        now, tenth = self._clock(), 10 * state.ended // state.total
        if self._printed_at is None:  # the start was printed
            self._printed_at, self._tenth = now, tenth
        interval = now - self._printed_at
        if interval >= _MAX_INTERVAL or (interval >= _MIN_INTERVAL and tenth > self._tenth):
            self.print(line_of(state))
            self._printed_at, self._tenth = now, tenth

    def end(self) -> None:
        """As `Progress.end`."""
