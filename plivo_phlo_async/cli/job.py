"""One run of `plivo-phlo bulk`: it collects outcomes, shows how it stands, and can be stopped."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
from attrs import define, field
from rich.console import Console

from .._transport.hooks import OutcomeEvent, PauseEvent, logger
from .._transport.limiter import RateLimit
from ..bulk.report import BulkStatus
from ..bulk.run import BulkRun
from ..bulk.sqlite_journal import SqliteJournal
from ..client import AsyncPhloClient
from ..errors import JournalError, PhloError
from .brake import Brake
from .ending import Ending
from .plan import Plan
from .progress import LiveLine, PlainLines, Progress, Scene
from .results import Results
from .rows import Row

__all__ = ["CannotBeginError", "Job"]

_TICK = 0.1  # seconds


class CannotBeginError(Exception):
    """The journal or the results cannot be opened; nothing was sent."""


@define(eq=False)
class Job:
    """One run of the command."""

    name: str
    rows: list[Row]
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
    brake: Brake = field(factory=Brake)
    told_to_stop: bool = False
    over: bool = False
    paused_until: float = 0.0
    progress: Progress = field(init=False)
    client: AsyncPhloClient = field(init=False)
    ending: Ending = field(init=False)
    out: Results = field(init=False)

    def __attrs_post_init__(self) -> None:
        on_terminal = self.console.is_terminal and not self.console.is_dumb_terminal
        self.progress = LiveLine(self.console) if on_terminal else PlainLines(self.console)
        lines = {id(row.action): row.line for row in self.rows}
        self.ending = Ending(
            self.name,
            sys.argv[1:],
            len(self.rows),
            lines,
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

    def tell_start(self, plan: Plan) -> None:
        """Say what begins."""
        verbs = ", ".join(f"{count} {verb}" for verb, count in plan.verbs.items())
        self.progress.tell(f"{self.name}: {len(self.rows)} rows ({verbs}); it {plan}.")

    async def run(self) -> None:
        """Carry out the rows; `ending` then tells how it went.

        Raises:
            CannotBeginError: the journal or the results cannot be opened; nothing was sent.
        """
        logger.addHandler(logging.NullHandler())  # the summary tells what it would warn of
        with self.brake:
            async with self.client, _open(self.journal) as journal:
                await self._carry_out(journal)
        self.ending.interrupted = self.brake.pulled

    async def _carry_out(self, journal: SqliteJournal | None) -> None:
        """The run, and what the journal knows before and after it."""
        ending = self.ending
        if journal is not None:
            ending.earlier = ending.in_all = await journal.counts()
            self._tell_earlier(ending.earlier)
        with self._open_results() as self.out:
            await self._run(journal)
        if journal is not None and not isinstance(ending.stopped_by, JournalError):
            ending.in_all = await journal.counts()

    async def _run(self, journal: SqliteJournal | None) -> None:
        chosen = {"failed": self.retry_failed, "unknown": self.retry_unknown}
        run = self.client.bulk(
            (row.action for row in self.rows),
            concurrency=self.concurrency,
            journal=journal,
            redo={ending for ending, again in chosen.items() if again},
        )
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(self._watch, run, scope)
                try:
                    await self._collect(run)
                except (PhloError, OSError) as error:
                    self.ending.stopped_by = error
                self.over = True
        self.ending.report = run.report

    async def _collect(self, run: BulkRun) -> None:
        async with run:
            async for outcome in run:
                self.ending.take(outcome)
                self.out.write(self.ending.lines[id(outcome.action)], outcome)
                if self.ending.denied is not None:
                    run.stop()

    async def _watch(self, run: BulkRun, scope: anyio.CancelScope) -> None:
        """Look at the brake and show how it stands, some times a second."""
        while not self.over:
            if self.brake.pulled:
                self._stop(run)
            if self.brake.at_once:
                scope.cancel()
            pause = max(0.0, self.paused_until - time.monotonic())
            stopping = self.brake.pulled or self.ending.denied is not None
            self.progress.show(Scene(len(self.rows), run.report, pause, stopping))
            await anyio.sleep(_TICK)

    def _stop(self, run: BulkRun) -> None:
        if not self.told_to_stop:
            self.told_to_stop = True
            self.progress.tell(
                "Stopping: nothing more is started, what is in flight ends. Ctrl-C stops at once."
            )
            run.stop()

    def _tell_earlier(self, earlier: dict[BulkStatus, int]) -> None:
        if any(earlier.values()):
            told = ", ".join(f"{count} {status}" for status, count in earlier.items())
            self.progress.tell(f"{self.journal} knows of earlier runs: {told}.")

    def _open_results(self) -> Results:
        try:
            return Results.open(self.results, goes_on=self.ending.resumes)
        except OSError as error:
            raise CannotBeginError(
                f"--results {self.results}: {error.strerror or error}. Nothing was sent."
            ) from error

    def _on_pause(self, event: PauseEvent) -> None:
        self.paused_until = max(self.paused_until, time.monotonic() + event.seconds)

    def _on_outcome(self, event: OutcomeEvent) -> None:
        if event.cancelled and event.may_have_happened:
            line = self.ending.lines[id(event.action)]
            self.ending.cut(line)
            self.out.write_cut_short(line, event)


@asynccontextmanager
async def _open(path: Path | None) -> AsyncIterator[SqliteJournal | None]:
    """The journal; what is wrong with closing one that is broken was told before."""
    if path is None:
        yield None
        return
    journal = SqliteJournal(path)
    try:
        await journal.flush()
    except JournalError as error:
        raise CannotBeginError(str(error)) from error
    try:
        yield journal
    finally:
        with suppress(JournalError):
            await journal.aclose()
