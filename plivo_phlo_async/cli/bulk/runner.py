"""Runs a file of actions: collects the outcomes, shows the progress, handles signals."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import click
from attrs import define, field
from rich.console import Console

from ..._transport.hooks import OutcomeEvent, PauseEvent, logger
from ..._transport.limiter import RateLimit
from ...bulk.journal import JournalEntry
from ...bulk.report import BulkReport
from ...bulk.run import BulkRun
from ...bulk.sqlite_journal import SqliteJournal
from ...client import AsyncPhloClient
from ...errors import JournalError, PhloError
from .check import CheckedList
from .formats import FileError
from .in_flight import RowsInFlight
from .outcome import RunOutcome
from .plan import Plan
from .progress import LiveLine, PlainLines, Progress, RunState
from .results_file import ResultsFile
from .signals import StopSignals
from .speed import SpeedEstimate, seconds_left

__all__ = ["BulkRunner", "SetupError"]

_TICK = 0.1  # seconds


class SetupError(Exception):
    """The journal or the results file cannot be used; nothing was sent."""


@define(eq=False)
class BulkRunner:
    """Runs the rows of a file.

    Its fields are the options of the command; `outcome` is filled by `run`.
    """

    checked: CheckedList
    piped: bool
    concurrency: int
    limit: RateLimit | None
    journal: Path | None
    results: Path | None
    retry_failed: bool
    retry_unknown: bool
    auth_id: str | None
    base_url: str | None
    timeout: float | None
    console: Console = field(factory=lambda: Console(stderr=True, highlight=False))
    signals: StopSignals = field(factory=StopSignals)
    stopping: bool = False
    finished: bool = False
    earlier_printed: bool = False
    paused_until: float = 0.0
    speed: SpeedEstimate = field(factory=SpeedEstimate)
    progress: Progress = field(init=False)
    client: AsyncPhloClient = field(init=False)
    outcome: RunOutcome = field(init=False)
    results_file: ResultsFile = field(init=False)
    in_flight: RowsInFlight = field(factory=RowsInFlight)

    def __attrs_post_init__(self) -> None:
        on_terminal = self.console.is_terminal and not self.console.is_dumb_terminal
        self.progress = LiveLine(self.console) if on_terminal else PlainLines(self.console)
        self.outcome = RunOutcome(
            self.checked.file.name,
            sys.argv[1:],
            self.checked.total,
            journal=self.journal is not None,
            piped=self.piped,
        )
        options: dict[str, Any] = {} if self.timeout is None else {"timeout": self.timeout}
        self.client = AsyncPhloClient(
            self.auth_id,
            base_url=self.base_url,
            rate_limit=self.limit,
            max_connections=max(100, self.concurrency),
            on_outcome=self._on_outcome,
            on_pause=self._on_pause,
            **options,
        )

    def print_start(self, plan: Plan) -> None:
        """Print what the run will do."""
        verbs = ", ".join(f"{count} {verb}" for verb, count in plan.verbs.items())
        name, total = self.checked.file.name, self.checked.total
        self.progress.print(f"{name}: {total} rows ({verbs}); it {plan}.")

    async def run(self) -> None:
        """Run the rows and fill `outcome`.

        Raises:
            SetupError: the journal or the results file cannot be used; nothing was sent.
        """
        logger.addHandler(logging.NullHandler())  # the summary has its warnings
        # Until the summary is printed: a late Ctrl-C changes neither it nor the exit code.
        click.get_current_context().with_resource(self.signals)
        async with self.client, _open(self.journal) as journal:
            await self._run_with_journal(journal)
        self.outcome.interrupted = self.signals.should_stop

    async def _run_with_journal(self, journal: SqliteJournal | None) -> None:
        """Run the rows, and read the counts of the journal before and after."""
        outcome = self.outcome
        if journal is not None:
            outcome.earlier = outcome.in_all = await journal.counts()
        with self._open_results() as self.results_file:
            await self._run(journal)
        if isinstance(outcome.stopped_by, JournalError):
            if not outcome.sent:
                raise SetupError(f"{outcome.stopped_by} Nothing was sent.")
            outcome.in_all = None  # the journal lacks what this run has done
        elif journal is not None:
            self._print_earlier()
            outcome.in_all = await journal.counts()
            await self._complete_results(journal)

    async def _complete_results(self, journal: SqliteJournal) -> None:
        """Replace the results by those of all runs: one for each row, in the order of the list."""
        if self.results is None or not self.results.is_file():  # a pipe has them already
            return
        try:
            with ResultsFile.replacement(self.results, self.checked.layout) as results:
                for number, row in enumerate(self.checked.rows(), 1):
                    recorded = await journal.recorded(JournalEntry.of(row.action, number))
                    if recorded is not None:
                        results.write(row, recorded)
        except OSError as error:
            error.filename = str(self.results)
            self.outcome.stopped_by = self.outcome.stopped_by or error
        except FileError as error:
            self.outcome.stopped_by = self.outcome.stopped_by or error

    async def _run(self, journal: SqliteJournal | None) -> None:
        run = self.client.bulk(
            self.in_flight.actions(self.checked.rows()),
            concurrency=self.concurrency,
            journal=journal,
            redo=self._redo,
        )
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(self._watch, run, scope)
                try:
                    await self._collect(run)
                except OSError as error:
                    error.filename = str(self.results)
                    self.outcome.stopped_by = error
                except (PhloError, FileError) as error:
                    self.outcome.stopped_by = error
                self.finished = True
        self.outcome.report = run.report

    async def _collect(self, run: BulkRun) -> None:
        async with run:
            async for outcome in run:
                row = self.in_flight.row(outcome.action)
                self.outcome.add(row.line, outcome)
                self.results_file.write(row, outcome)
                if self.outcome.denied is not None:
                    run.stop()

    async def _watch(self, run: BulkRun, scope: anyio.CancelScope) -> None:
        """Poll the signals and show the progress, several times a second."""
        while not self.finished:
            if self.signals.should_stop:
                self._stop(run)
            if self.signals.should_abort:
                scope.cancel()
            if run.report.total or run.report.skipped:  # then the journal is the list's
                self._print_earlier()
            self.progress.show(self._state(run.report))
            await anyio.sleep(_TICK)

    @property
    def _redo(self) -> set[str]:
        chosen = {"failed": self.retry_failed, "unknown": self.retry_unknown}
        return {status for status, repeat in chosen.items() if repeat}

    def _state(self, report: BulkReport) -> RunState:
        """Measure the speed, and return what the progress shows."""
        now, outcome, limit = time.monotonic(), self.outcome, self.limit
        pause = max(0.0, self.paused_until - now)
        self.speed.add(now, outcome.performed, paused=pause > 0)
        speed, remaining = self.speed.per_second, outcome.remaining(report, self._redo)
        allowed = None if limit is None else limit.rate
        return RunState(
            outcome.total,
            report,
            pause,
            stopping=self.signals.should_stop or outcome.denied is not None,
            speed=speed,
            limit=None if limit is None else limit.requests / limit.per,
            seconds_left=seconds_left(remaining, speed, allowed, pause),
        )

    def _stop(self, run: BulkRun) -> None:
        if not self.stopping:
            self.stopping = True
            self.progress.print(
                "Stopping: waiting for the actions in flight. Press Ctrl-C to abort them."
            )
            run.stop()

    def _print_earlier(self) -> None:
        """Print once what the journal has of earlier runs."""
        if self.outcome.resumes and not self.earlier_printed:
            self.earlier_printed = True
            earlier = self.outcome.earlier or {}
            counts = ", ".join(f"{count} {status}" for status, count in earlier.items())
            self.progress.print(f"{self.journal} has outcomes of earlier runs: {counts}.")

    def _open_results(self) -> ResultsFile:
        try:
            return ResultsFile.open(self.results, self.checked.layout, append=self.outcome.resumes)
        except OSError as error:
            raise SetupError(
                f"--results {self.results}: {error.strerror or error}. Nothing was sent."
            ) from error

    def _on_pause(self, event: PauseEvent) -> None:
        self.paused_until = max(self.paused_until, time.monotonic() + event.seconds)

    def _on_outcome(self, event: OutcomeEvent) -> None:
        if event.cancelled and event.may_have_happened:
            row = self.in_flight.row(event.action)
            self.outcome.add_cancelled(row.line)
            self.results_file.write_cancelled(row, event)


@asynccontextmanager
async def _open(path: Path | None) -> AsyncIterator[SqliteJournal | None]:
    """Open the journal; an error of a broken one was reported before it is closed."""
    if path is None:
        yield None
        return
    journal = SqliteJournal(path)
    try:
        await journal.flush()
    except JournalError as error:
        raise SetupError(f"{error} Nothing was sent.") from error
    try:
        yield journal
    finally:
        with suppress(JournalError):
            await journal.aclose()
