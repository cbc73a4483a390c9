"""Run many actions with bounded concurrency; one that fails does not end the others."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Collection, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio

from .._parsing import kind_of
from .._transport.hooks import call_hook
from .._transport.transport import ActionExecution, Transport
from ..actions import Action
from ..errors import InvalidArgumentError, OutcomeUnknownError
from ..results import Result
from .journal import Journal, PriorState, identity
from .report import BulkOutcome, BulkReport, BulkStatus, Tally
from .sqlite_journal import SqliteJournal

if TYPE_CHECKING:
    from anyio.abc import TaskGroup
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

__all__ = ["BulkRun", "Redo"]

Redo = Collection[str] | Callable[[Action], Collection[str]]


class _Source:
    """The list of actions, read one at a time by any number of workers."""

    def __init__(self, actions: Iterable[Action] | AsyncIterable[Action]) -> None:
        if not isinstance(actions, Iterable | AsyncIterable):
            raise InvalidArgumentError(
                f"actions: give an iterable of Action, not {type(actions).__name__}."
            )
        self._actions = aiter(actions) if isinstance(actions, AsyncIterable) else iter(actions)
        self._turn = anyio.Lock(fast_acquire=True)
        self._read = 0
        self.closed = False

    async def next(self) -> tuple[int, Action] | None:
        """Return the next action and its number, from 1; None at the end, or once it is closed.

        Raises:
            Exception: what the iterable raised.
        """
        if self.closed:
            return None
        if not isinstance(self._actions, AsyncIterator):
            return self._numbered(next(self._actions, None))
        async with self._turn:  # an async iterator serves one caller at a time
            return None if self.closed else self._numbered(await anext(self._actions, None))

    def _numbered(self, action: object) -> tuple[int, Action] | None:
        if action is None:
            self.closed = True
            return None
        self._read += 1
        if isinstance(action, Action):
            return self._read, action
        kind = type(action).__name__
        raise InvalidArgumentError(f"actions: number {self._read} is not an Action, but {kind}.")


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
        self._source = _Source(actions)
        self._session = _session(journal, redo)
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
            if self._session is not None:
                await self._try(self._session.aclose())
        if error is None:
            self._raise_error()

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
        """Return how the action ended; None if an earlier run finished it."""
        if self._stopped:
            return BulkOutcome(action, BulkStatus.NOT_STARTED)
        if self._session is None:
            return await self._perform(action)
        key = identity(action, number)
        try:
            state = await self._session.begin(key, action)
        except Exception as error:
            self._fail(error)
            return BulkOutcome(action, BulkStatus.NOT_STARTED)
        if state is PriorState.FINISHED:
            return None
        if state is PriorState.IN_DOUBT:
            return _in_doubt(action)
        return await self._perform_begun(self._session, key, action)

    async def _perform_begun(
        self, session: JournalSession, key: str, action: Action
    ) -> BulkOutcome:
        outcome = BulkOutcome(action, BulkStatus.NOT_STARTED)
        if not self._stopped:
            execution = ActionExecution(self._transport, action)
            try:
                outcome = await self._execute(execution)
            except BaseException:  # cancelled
                ended = _in_doubt(action) if execution.in_doubt else outcome
                with anyio.CancelScope(shield=True):
                    await self._try(session.finish(key, ended))
                    await self._try(session.flush())
                raise
        await self._try(session.finish(key, outcome))
        return outcome

    async def _perform(self, action: Action) -> BulkOutcome:
        return await self._execute(ActionExecution(self._transport, action))

    async def _execute(self, execution: ActionExecution) -> BulkOutcome:
        action = execution.action
        result: Result | None = None
        error: Exception | None = None
        status = BulkStatus.NOT_STARTED
        with anyio.CancelScope() as scope:
            self._under_way[execution] = scope
            try:
                result = await execution.run(kind_of(action.verb))
                status = BulkStatus.DONE
            except Exception as raised:
                error = raised
                status = BulkStatus.UNKNOWN if execution.in_doubt else BulkStatus.FAILED
            finally:
                del self._under_way[execution]
        self._tally.waited += execution.waited
        if scope.cancelled_caught and execution.in_doubt:  # it was sent before the cancellation
            return _in_doubt(action)
        elapsed = self._transport.shared.clock() - execution.started
        return BulkOutcome(action, status, result, error, execution.attempts, elapsed)

    async def _try(self, writing: Awaitable[None]) -> None:
        try:
            await writing
        except Exception as error:
            self._fail(error)


class JournalSession:
    """A run's use of its journal.

    Args:
        journal: the journal.
        redo: what to do again.
        owned: the same journal, if the run opens and closes it.
    """

    def __init__(self, journal: Journal, redo: Redo, *, owned: SqliteJournal | None) -> None:
        self._journal, self._owned = journal, owned
        self._redo = redo if callable(redo) else _endings(redo)

    async def start(self) -> None:
        """Start a run."""
        await self._journal.start()

    async def begin(self, key: str, action: Action) -> PriorState:
        """Begin an action, and return its state before."""
        redo = _endings(self._redo(action)) if callable(self._redo) else self._redo
        return await self._journal.begin(key, redo)

    async def finish(self, key: str, outcome: BulkOutcome) -> None:
        """Finish an action."""
        await self._journal.finish(key, outcome)

    async def flush(self) -> None:
        """Write what is pending."""
        await self._journal.flush()

    async def aclose(self) -> None:
        """Close the journal, if the run opened it."""
        if self._owned is not None:
            await self._owned.aclose()


_METHODS = ("start", "begin", "finish", "flush")


def _session(journal: str | os.PathLike[str] | Journal | None, redo: Redo) -> JournalSession | None:
    if journal is None:
        if redo:
            raise InvalidArgumentError("redo: it needs the journal of an earlier run.")
        return None
    if isinstance(journal, str | os.PathLike):
        own = SqliteJournal(journal)
        return JournalSession(own, redo, owned=own)
    if not all(hasattr(journal, method) for method in _METHODS):
        raise InvalidArgumentError("journal: give a path, or a Journal with all its methods.")
    return JournalSession(journal, redo, owned=None)


def _endings(names: Collection[str]) -> frozenset[BulkStatus]:
    """Return how an action may have ended to be done again."""
    if isinstance(names, str) or not set(names) <= {BulkStatus.FAILED, BulkStatus.UNKNOWN}:
        raise InvalidArgumentError('redo: give a set of "failed" and "unknown", or of one of them.')
    return frozenset(BulkStatus(name) for name in names)


def _in_doubt(action: Action) -> BulkOutcome:
    error = OutcomeUnknownError(
        f"{action}: it was begun before, and how it ended is not known; check before repeating it.",
        action=action,
    )
    return BulkOutcome(action, BulkStatus.UNKNOWN, error=error)
