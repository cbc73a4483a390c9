"""Many actions: bounded, streaming, journalled, none ending the others."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Collection, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio

from ._parsing import kind_of
from ._transport.hooks import tell
from ._transport.transport import Delivery, Transport
from .actions import Action
from .errors import InvalidArgumentError, OutcomeUnknownError
from .journal import Journal, Standing, identity
from .reports import BulkOutcome, BulkReport, BulkStatus, Tally
from .results import Result
from .sqlite_journal import SqliteJournal

if TYPE_CHECKING:
    from anyio.abc import TaskGroup
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

__all__ = ["BulkRun", "Redo"]

Redo = Collection[str] | Callable[[Action], Collection[str]]


class _Source:
    """The actions to do, read one at a time, however many ask."""

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
        """The next action and its number, from 1; None when there is none, or it was closed.

        Raises:
            Exception: what reading the list raised.
        """
        if self.closed:
            return None
        if not isinstance(self._actions, AsyncIterator):
            return self._numbered(next(self._actions, None))
        async with self._turn:  # an async iterator is asked by one at a time
            return None if self.closed else self._numbered(await anext(self._actions, None))

    def _numbered(self, action: object) -> tuple[int, Action] | None:
        if action is None:
            self.closed = True
            return None
        self._read += 1
        if isinstance(action, Action):
            return self._read, action
        kind = type(action).__name__
        raise InvalidArgumentError(f"actions: number {self._read} is no Action, but {kind}.")


class BulkRun:
    """A bulk run: `async with` it, `async for` its outcomes, then read its `report`.

    Outcomes come as actions finish. Leaving the block early, like `stop`, starts nothing more and
    waits for what is in flight.
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
        self._record = _record(journal, redo)
        self._error: Exception | None = None
        self._stopped = False
        self._under_way: dict[Delivery, anyio.CancelScope] = {}
        self._outcomes: MemoryObjectReceiveStream[BulkOutcome] | None = None
        self._on_progress = on_progress
        self._tally = Tally(transport.line.clock)

    @property
    def report(self) -> BulkReport:
        """The run in numbers, so far."""
        return self._tally.report()

    def stop(self) -> None:
        """Start nothing more; what is in flight ends, and its outcomes still come.

        What waits for the rate limit, a connection or a repeat, and cannot have happened, waits no
        longer: it was not started.
        """
        self._stopped = self._source.closed = True
        for delivery, scope in self._under_way.items():
            if delivery.only_waits:
                scope.cancel()

    async def __aenter__(self) -> Self:
        """Open the journal and begin.

        Raises:
            JournalError: the journal cannot be used; nothing was sent.
        """
        if self._record is not None:
            await self._start(self._record)
        self._tally.start()
        send, outcomes = anyio.create_memory_object_stream[BulkOutcome](self._concurrency)
        self._outcomes = outcomes
        self._group: TaskGroup = anyio.create_task_group()
        await self._group.__aenter__()
        for _ in range(self._concurrency):
            self._group.start_soon(self._work, send.clone())
        send.close()
        return self

    async def _start(self, record: _Record) -> None:
        try:
            await record.start()
        except BaseException:
            await record.aclose()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The body's own exception must not cancel requests in flight, so the group is not told.
        self.stop()
        assert self._outcomes is not None  # it was entered
        self._outcomes.close()
        self._outcomes = None
        try:
            await self._group.__aexit__(None, None, None)
        finally:
            self._tally.end()
            if self._record is not None:
                await self._try(self._record.aclose())
        if error is None:
            self._raise_error()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BulkOutcome:
        if self._outcomes is None:
            raise RuntimeError("A bulk run is entered first: async with it, then async for it.")
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
        """The list or the journal failed: the run ends, and the first error is raised then."""
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
                tell(self._on_progress, self._tally.report)
                await self._hand_over(outcome, outcomes)
            if self._record is not None:
                await self._try(self._record.flush())

    async def _hand_over(
        self, outcome: BulkOutcome, outcomes: MemoryObjectSendStream[BulkOutcome]
    ) -> None:
        try:
            try:
                outcomes.send_nowait(outcome)
            except anyio.WouldBlock:
                if self._record is not None:  # the reader may take its time
                    await self._try(self._record.flush())
                await outcomes.send(outcome)
        except anyio.BrokenResourceError:
            pass  # the run was left: the outcome is counted, and nobody listens

    async def _next(self) -> tuple[int, Action] | None:
        try:
            return await self._source.next()
        except Exception as error:
            self._fail(error)
            return None

    async def _handle(self, number: int, action: Action) -> BulkOutcome | None:
        """How the action ended; None when an earlier run has finished it."""
        if self._stopped:
            return BulkOutcome(action, BulkStatus.NOT_STARTED)
        if self._record is None:
            return await self._perform(action)
        key = identity(action, number)
        try:
            standing = await self._record.begin(key, action)
        except Exception as error:
            self._fail(error)
            return BulkOutcome(action, BulkStatus.NOT_STARTED)
        if standing is Standing.FINISHED:
            return None
        if standing is Standing.IN_DOUBT:
            return _in_doubt(action)
        return await self._perform_begun(self._record, key, action)

    async def _perform_begun(self, record: _Record, key: str, action: Action) -> BulkOutcome:
        outcome = BulkOutcome(action, BulkStatus.NOT_STARTED)
        if not self._stopped:
            delivery = Delivery(self._transport, action)
            try:
                outcome = await self._deliver(delivery)
            except BaseException:  # cancelled
                ended = _in_doubt(action) if delivery.in_doubt else outcome
                with anyio.CancelScope(shield=True):
                    await self._try(record.finish(key, ended))
                    await self._try(record.flush())
                raise
        await self._try(record.finish(key, outcome))
        return outcome

    async def _perform(self, action: Action) -> BulkOutcome:
        return await self._deliver(Delivery(self._transport, action))

    async def _deliver(self, delivery: Delivery) -> BulkOutcome:
        action = delivery.action
        result: Result | None = None
        error: Exception | None = None
        status = BulkStatus.NOT_STARTED
        with anyio.CancelScope() as scope:
            self._under_way[delivery] = scope
            try:
                result = await delivery.run(kind_of(action.verb))
                status = BulkStatus.DONE
            except Exception as raised:
                error = raised
                status = BulkStatus.UNKNOWN if delivery.in_doubt else BulkStatus.FAILED
            finally:
                del self._under_way[delivery]
        self._tally.waited += delivery.waited
        if scope.cancelled_caught and delivery.in_doubt:  # it was sent before the news of the stop
            return _in_doubt(action)
        elapsed = delivery.line.clock() - delivery.started
        return BulkOutcome(action, status, result, error, delivery.attempts, elapsed)

    async def _try(self, writing: Awaitable[None]) -> None:
        try:
            await writing
        except Exception as error:
            self._fail(error)


class _Record:
    """A run's use of its journal."""

    def __init__(self, journal: Journal, redo: Redo, *, owned: SqliteJournal | None) -> None:
        self._journal, self._owned = journal, owned
        self._redo = redo if callable(redo) else _endings(redo)

    async def start(self) -> None:
        start = getattr(self._journal, "start", None)
        if start is not None:
            await start()

    async def begin(self, key: str, action: Action) -> Standing:
        redo = _endings(self._redo(action)) if callable(self._redo) else self._redo
        begin: Callable[..., Awaitable[Standing]] = self._journal.begin
        return await (begin(key, redo) if redo else begin(key))

    async def finish(self, key: str, outcome: BulkOutcome) -> None:
        await self._journal.finish(key, outcome)

    async def flush(self) -> None:
        flush = getattr(self._journal, "flush", None)
        if flush is not None:
            await flush()

    async def aclose(self) -> None:
        if self._owned is not None:
            await self._owned.aclose()


def _record(journal: str | os.PathLike[str] | Journal | None, redo: Redo) -> _Record | None:
    if journal is None:
        if redo:
            raise InvalidArgumentError("redo: it needs the journal of an earlier run.")
        return None
    if isinstance(journal, str | os.PathLike):
        own = SqliteJournal(journal)
        return _Record(own, redo, owned=own)
    if not (hasattr(journal, "begin") and hasattr(journal, "finish")):
        raise InvalidArgumentError("journal: give a path, or an object with begin and finish.")
    return _Record(journal, redo, owned=None)


def _endings(names: Collection[str]) -> frozenset[BulkStatus]:
    """How an action may have ended to be done again."""
    if isinstance(names, str) or not set(names) <= {BulkStatus.FAILED, BulkStatus.UNKNOWN}:
        raise InvalidArgumentError('redo: give a set of "failed" and "unknown", or of one of them.')
    return frozenset(BulkStatus(name) for name in names)


def _in_doubt(action: Action) -> BulkOutcome:
    error = OutcomeUnknownError(
        f"{action}: it was begun before, and how it ended is not known; check before repeating it.",
        action=action,
    )
    return BulkOutcome(action, BulkStatus.UNKNOWN, error=error)
