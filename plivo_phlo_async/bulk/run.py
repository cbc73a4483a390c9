"""Run many actions with bounded concurrency; one that fails does not end the others."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
from attrs import evolve

from .._transport.action_execution import ActionExecution
from .._transport.hooks import call_hook
from .._transport.transport import Transport
from ..actions import Action
from ..errors import InvalidArgumentError
from .journal import Journal, JournalEntry, PriorState
from .journal_session import (
    JournalRecorder,
    JournalSession,
    NotFresh,
    NotRecorded,
    session_of,
)
from .recorded import in_doubt
from .recording import ended, outcome_of, perform_recorded
from .redo import Redo
from .report import BulkOutcome, BulkReport, BulkStatus, Tally
from .source import ActionSource

if TYPE_CHECKING:
    from anyio.abc import TaskGroup
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

__all__ = ["BulkRun"]


class BulkRun:
    """A bulk run: `async with` it, `async for` its outcomes, then read its `report`.

    Outcomes come as actions finish. Leaving the block early starts nothing more, like `stop`, and
    waits for the requests in flight.
    """

    def __init__(
        self,
        transport: Transport,
        actions: Iterable[Action] | AsyncIterable[Action],
        concurrency: int,
        journal: str | os.PathLike[str] | Journal | None,
        redo: Redo,
        on_progress: Callable[[BulkReport], object] | None,
    ) -> None:
        if not isinstance(concurrency, int) or concurrency < 1:
            raise InvalidArgumentError("concurrency: give a whole number, at least 1.")
        self._transport, self._concurrency = transport, concurrency
        self._source = ActionSource(actions)
        self._session = session_of(journal, redo)
        self._error: Exception | None = None
        self._stopped = False
        self._under_way: dict[ActionExecution, anyio.CancelScope] = {}
        self._outcomes: MemoryObjectReceiveStream[BulkOutcome] | None = None
        self._on_progress = on_progress
        self._tally = Tally(transport.shared.clock)

    @property
    def report(self) -> BulkReport:
        """The report so far."""
        return self._tally.report()

    def stop(self) -> None:
        """Start nothing more; requests in flight end, and their outcomes still come.

        An action that waits for the rate limit, for a connection or between attempts, and cannot
        have happened, is `not_started`.
        """
        self._stopped = self._source.closed = True
        for execution, scope in self._under_way.items():
            if execution.is_waiting:
                scope.cancel()

    async def __aenter__(self) -> Self:
        """Open the journal and start.

        Raises:
            JournalError: the journal cannot be used; nothing was sent.
        """
        if self._session is not None:
            await self._start(self._session)
        self._tally.start()
        send, outcomes = anyio.create_memory_object_stream[BulkOutcome](self._concurrency)
        self._outcomes = outcomes
        self._group: TaskGroup = anyio.create_task_group()
        await self._group.__aenter__()
        for _ in range(self._concurrency):
            self._group.start_soon(self._work, send.clone())
        send.close()
        return self

    async def _start(self, session: JournalSession) -> None:
        try:
            await session.start()
        except BaseException:
            await session.aclose()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # An exception in the body must not cancel requests in flight, so the group never sees it.
        self.stop()
        assert self._outcomes is not None  # it was entered
        self._outcomes.close()
        self._outcomes = None
        try:
            await self._group.__aexit__(None, None, None)
        finally:
            self._tally.end()
            await self._close()
        if error is None:
            self._raise_error()

    async def _close(self) -> None:
        with anyio.CancelScope(shield=True):
            await self._try(self._source.aclose())
            if self._session is not None:
                await self._try(self._session.aclose())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BulkOutcome:
        if self._outcomes is None:
            raise RuntimeError("Enter a bulk run first: async with it, then async for it.")
        try:
            try:
                return self._outcomes.receive_nowait()
            except anyio.WouldBlock:
                return await self._outcomes.receive()
        except anyio.EndOfStream:
            self._tally.end()
            self._raise_error()
            raise StopAsyncIteration from None

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _fail(self, error: Exception) -> None:
        """End the run because the list or the journal failed; the first error is raised then."""
        self._error = self._error or error
        self.stop()

    async def _work(self, outcomes: MemoryObjectSendStream[BulkOutcome]) -> None:
        with outcomes:
            while (read := await self._next()) is not None:
                outcome = await self._handle(*read)
                if outcome is None:
                    self._tally.skip()
                    await anyio.lowlevel.checkpoint()
                    continue
                outcome = evolve(outcome, number=read[0])
                self._tally.add(outcome)
                call_hook(self._on_progress, self._tally.report)
                await self._hand_over(outcome, outcomes)
            if self._session is not None:
                await self._try(self._session.flush())

    async def _hand_over(
        self, outcome: BulkOutcome, outcomes: MemoryObjectSendStream[BulkOutcome]
    ) -> None:
        try:
            try:
                outcomes.send_nowait(outcome)
            except anyio.WouldBlock:
                if self._session is not None:  # the reader may be slow
                    await self._try(self._session.flush())
                await outcomes.send(outcome)
        except anyio.BrokenResourceError:
            pass  # the block was left: the outcome is only counted

    async def _next(self) -> tuple[int, Action] | None:
        try:
            return await self._source.next()
        except Exception as error:
            self._fail(error)
            return None

    async def _handle(self, number: int, action: Action) -> BulkOutcome | None:
        """Return how the action ended; None if it is another run's."""
        if self._stopped:
            return BulkOutcome(action, BulkStatus.NOT_STARTED)
        if self._session is None:
            return await self._execute(ActionExecution(self._transport, action))
        longest = self._transport.longest_attempt
        entry = JournalEntry.of(action, number, longest_attempt=longest)
        try:
            state = await self._session.prior(entry)
            if state is PriorState.FRESH:
                return await self._perform(self._session, entry)
            return await self._before(self._session, entry, state)
        except NotFresh as found:
            return await self._before(self._session, entry, found.state)
        except Exception as error:
            self._fail(error.error if isinstance(error, NotRecorded) else error)
            return BulkOutcome(action, BulkStatus.NOT_STARTED)

    async def _before(
        self, session: JournalSession, entry: JournalEntry, state: PriorState
    ) -> BulkOutcome | None:
        """Return the outcome of an action that is in doubt; None if another run has or does it."""
        if state is not PriorState.IN_DOUBT:
            return None
        recorded = await session.recorded(entry) or in_doubt(entry.action)
        # Its action is the caller's own object, and this run has made no attempt.
        return evolve(recorded, action=entry.action, attempts=0, elapsed=0.0)

    async def _perform(self, session: JournalSession, entry: JournalEntry) -> BulkOutcome:
        recorder = JournalRecorder(session, entry, lambda: self._write_behind(session))
        execution = ActionExecution(self._transport, entry.action, recorder)
        return await perform_recorded(session, entry, execution, self._execute, self._try)

    async def _execute(self, execution: ActionExecution) -> BulkOutcome:
        with anyio.CancelScope() as scope:
            self._under_way[execution] = scope
            try:
                return await outcome_of(execution)
            finally:
                del self._under_way[execution]
                self._tally.waited += execution.waited
        if execution.in_doubt:  # it was sent before the cancellation
            return in_doubt(execution.action, execution.begun)
        return ended(execution, BulkStatus.NOT_STARTED)

    def _write_behind(self, session: JournalSession) -> None:
        """Write what is pending in the journal while an action waits."""
        if session.is_pending:
            session.is_pending = False
            self._group.start_soon(self._flush, session)

    async def _flush(self, session: JournalSession) -> None:
        await self._try(session.flush())

    async def _try(self, writing: Awaitable[None]) -> None:
        try:
            await writing
        except Exception as error:
            self._fail(error)
