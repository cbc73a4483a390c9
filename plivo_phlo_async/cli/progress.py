"""What a bulk run shows on its way: one live line on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from attrs import frozen
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..bulk.report import BulkReport

__all__ = ["LiveLine", "PlainLines", "Progress", "Scene", "clock_time", "line_of", "live_line"]

_WIDEST, _NARROWEST = 40, 8  # of the bar
_QUIET = 10.0  # seconds after which a plain line comes
_HASTE = 1.0  # seconds before which none comes


@frozen
class Scene:
    """A run at a moment.

    Attributes:
        total: how many rows there are.
        report: the run's numbers so far.
        pause: seconds for which the server asked to wait, from now.
        stopping: nothing more is started.
    """

    total: int
    report: BulkReport
    pause: float = 0.0
    stopping: bool = False

    @property
    def ended(self) -> int:
        """Rows that have ended, in this run or before."""
        report = self.report
        return report.done + report.failed + report.unknown + report.skipped

    @property
    def counts(self) -> list[tuple[int, str, str]]:
        """How many ended how, with the word and its colour."""
        report = self.report
        before = [(report.skipped, "before", "bright_black")] if report.skipped else []
        return [
            *before,
            (report.done, "done", "green"),
            (report.failed, "failed", "red"),
            (report.unknown, "unknown", "yellow"),
        ]

    @property
    def left(self) -> str:
        """How long it will take at this rate."""
        rate = self.report.rate
        return f"{clock_time((self.total - self.ended) / rate)} left" if rate else ""


class Progress(Protocol):
    """Shows a run on its way."""

    def tell(self, line: str) -> None:
        """Show a line that stays."""

    def show(self, scene: Scene) -> None:
        """Show how it stands; called several times a second."""

    def end(self) -> None:
        """Show nothing more."""


def clock_time(seconds: float) -> str:
    """0:07, 12:30, 1:02:03."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    clock = f"{minutes}:{whole % 60:02}"
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else clock


def live_line(scene: Scene, width: int) -> Table:
    """The one line of a terminal so wide; what has no room goes, the least needed first."""
    words = next(
        (words for words in _ways(scene) if words.cell_len + _NARROWEST + 1 <= width), None
    )
    words = words or _ways(scene)[-1]
    line = Table.grid(padding=(0, 1, 0, 0))
    bar = min(_WIDEST, width - words.cell_len - 2)
    if bar >= _NARROWEST:
        line.add_row(ProgressBar(scene.total, scene.ended, width=bar), words)
    else:
        words.truncate(width - 1, overflow="ellipsis")
        line.add_row(words)
    return line


def _ways(scene: Scene) -> list[Text]:
    """How to say it, the longest first."""
    rate = f"{scene.report.rate:.1f}/s" if scene.report.rate else ""
    plain = [part for part in (rate, scene.left) if part]
    some = [count for count in scene.counts if count[0]]
    if scene.stopping:
        tails = [["stopping: waiting for what is in flight"], ["stopping"]]
    elif scene.pause > 0:
        waiting = f"waiting {scene.pause:.0f} s"
        tails = [[f"{waiting}: the server asks to slow down"], [f"{waiting}: slow down"], [waiting]]
    else:
        tails = [plain, plain[-1:]]
    ways = [_words(scene, scene.counts, tails[0])]
    ways += [_words(scene, some, tail) for tail in tails]
    return [*ways, _words(scene, [], tails[-1])]


def _words(scene: Scene, counts: list[tuple[int, str, str]], tail: list[str]) -> Text:
    text = Text(f"{scene.ended}/{scene.total}", "bold", no_wrap=True)
    for count, word, colour in counts:
        text.append(f"  {count} {word}", f"not bold {colour}" if count else "not bold bright_black")
    for part in tail:
        text.append(f"  {part}", "not bold")
    return text


def line_of(scene: Scene) -> str:
    """The same as plain words."""
    if scene.stopping:
        tail = ["stopping: waiting for what is in flight"]
    elif scene.pause > 0:
        tail = [f"waiting {scene.pause:.0f} s: the server asks to slow down"]
    else:
        tail = [f"{scene.report.rate:.1f} per second" if scene.report.rate else "", scene.left]
    counts = [f"{count} {word}" for count, word, _ in scene.counts]
    return f"{scene.ended}/{scene.total}: {', '.join([*counts, *filter(None, tail)])}"


class LiveLine:
    """One line that changes, below the lines that stay."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def tell(self, line: str) -> None:
        """As `Progress.tell`."""
        self._console.print(Text(line))

    def show(self, scene: Scene) -> None:
        """As `Progress.show`."""
        self._live.start()
        self._live.update(live_line(scene, self._console.width), refresh=True)

    def end(self) -> None:
        """As `Progress.end`."""
        self._live.stop()  # nothing, if it has not begun


class PlainLines:
    """A line each tenth of the way or each ten seconds, and not more than one a second."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._told_at: float | None = None
        self._tenth = 0

    def tell(self, line: str) -> None:
        """As `Progress.tell`."""
        self._console.print(Text(line), soft_wrap=True)

    def show(self, scene: Scene) -> None:
        """As `Progress.show`."""
        now, tenth = self._clock(), 10 * scene.ended // scene.total
        if self._told_at is None:  # what began was told
            self._told_at, self._tenth = now, tenth
        quiet = now - self._told_at
        if quiet >= _QUIET or (quiet >= _HASTE and tenth > self._tenth):
            self.tell(line_of(scene))
            self._told_at, self._tenth = now, tenth

    def end(self) -> None:
        """As `Progress.end`."""
