"""Many actions: bounded, streaming, none ending the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
from attrs import evolve, frozen

from ._parsing import kind_of
from ._transport.hooks import OutcomeEvent, tell
from ._transport.transport import Transport
from .actions import Action
from .errors import InvalidArgumentError
from .results import Result

if TYPE_CHECKING:
    from anyio.abc import TaskGroup
    from anyio.streams.memory import MemoryObjectSendStream

__all__ = ["BulkOutcome", "BulkReport", "BulkRun", "BulkStatus", "CommonError"]

_COMMONEST = 5


class BulkStatus(StrEnum):
    """How one action of a bulk run ended.

    `UNKNOWN`: it may have been carried out; check before repeating it. `NOT_STARTED`: the run was
    left before its turn.
    """

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_STARTED = "not_started"


@frozen
class BulkOutcome:
    """How one action ended.

    Attributes:
        action: the action.
        status: how it ended.
        result: what Plivo told, when done.
        error: what was raised, when not.
        attempts: how many requests it took.
        elapsed: seconds it took, waits included.
    """

    action: Action
    status: BulkStatus
    result: Result | None = None
    error: Exception | None = None
    attempts: int = 0
    elapsed: float = 0.0


@frozen
class CommonError:
    """A kind of error: how often it came, and one example."""

    name: str
    count: int
    example: Exception


@frozen
class BulkReport:
    """A bulk run in numbers, so far.

    Attributes:
        done: actions carried out.
        failed: actions that were not.
        unknown: actions that may have been.
        not_started: actions read from the list whose turn did not come.
        errors: the commonest errors, most frequent first.
        elapsed: seconds since the run began.
        waited: seconds that actions spent waiting for the rate limit, a connection or a repeat,
            added up over all of them.
    """

    done: int = 0
    failed: int = 0
    unknown: int = 0
    not_started: int = 0
    errors: tuple[CommonError, ...] = ()
    elapsed: float = 0.0
    waited: float = 0.0

    @property
    def total(self) -> int:
        """Actions that have an outcome."""
        return self.done + self.failed + self.unknown + self.not_started

    @property
    def rate(self) -> float:
        """Actions that ended, per second."""
        return (self.total - self.not_started) / self.elapsed if self.elapsed else 0.0


class _Tally:
    """Counts outcomes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started: float | None = None
        self._ended: float | None = None
        self._statuses: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._examples: dict[str, Exception] = {}
        self._waited = 0.0

    def start(self) -> None:
        self._started = self._clock()

    def end(self) -> None:
        self._ended = self._clock()

    def add(self, outcome: BulkOutcome, waited: float) -> None:
        self._statuses[outcome.status] += 1
        self._waited += waited
        if outcome.error is not None:
            name = type(outcome.error).__name__
            self._errors[name] += 1
            self._examples.setdefault(name, outcome.error)

    def report(self) -> BulkReport:
        if self._started is None:
            return BulkReport()
        until = self._clock() if self._ended is None else self._ended
        return BulkReport(
            **{status: self._statuses[status] for status in BulkStatus},
            errors=tuple(
                CommonError(name, count, self._examples[name])
                for name, count in self._errors.most_common(_COMMONEST)
            ),
            elapsed=until - self._started,
            waited=self._waited,
        )


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
        self.error: Exception | None = None
        self.closed = False

    async def next(self) -> Action | None:
        """The next action; None when there is none, the source was closed, or reading failed."""
        async with self._turn:
            if self.closed:
                return None
            try:
                action = await self._take()
            except Exception as error:
                action, self.error = None, error
            self.closed = self.closed or action is None
            return action

    async def _take(self) -> Action | None:
        action: object
        if isinstance(self._actions, AsyncIterator):
            action = await anext(self._actions, None)
        else:
            action = next(self._actions, None)
        self._read += 1
        if action is None or isinstance(action, Action):
            return action
        kind = type(action).__name__
        raise InvalidArgumentError(f"actions: number {self._read} is no Action, but {kind}.")


class _Ear:
    """Hears how a worker's actions end, and passes it on to the client's own hook."""

    def __init__(self, hook: Callable[[OutcomeEvent], object] | None) -> None:
        self._hook = hook
        self.forget()

    def forget(self) -> None:
        self.heard: OutcomeEvent | None = None

    def __call__(self, event: OutcomeEvent) -> None:
        self.heard = event
        if self._hook is not None:
            self._hook(event)


class BulkRun:
    """A bulk run: `async with` it, `async for` its outcomes, then read its `report`.

    Outcomes come as actions finish. Leaving the block early starts nothing more and waits for
    what is in flight.
    """

    def __init__(
        self,
        transport: Transport,
        actions: Iterable[Action] | AsyncIterable[Action],
        concurrency: int,
        on_progress: Callable[[BulkReport], object] | None,
    ) -> None:
        if not isinstance(concurrency, int) or concurrency < 1:
            raise InvalidArgumentError("concurrency: give a whole number, at least 1.")
        self._transport, self._concurrency = transport, concurrency
        self._source = _Source(actions)
        self._left = False
        self._on_progress = on_progress
        self._tally = _Tally(transport.line.clock)
        self._send, self._outcomes = anyio.create_memory_object_stream[BulkOutcome](concurrency)
        self._group: TaskGroup = anyio.create_task_group()

    @property
    def report(self) -> BulkReport:
        """The run in numbers, so far."""
        return self._tally.report()

    async def __aenter__(self) -> Self:
        self._tally.start()
        await self._group.__aenter__()
        for _ in range(self._concurrency):
            self._group.start_soon(self._work, self._send.clone())
        self._send.close()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The body's own exception must not cancel requests in flight, so the group is not told.
        self._left = True
        self._source.closed = True
        self._outcomes.close()
        await self._group.__aexit__(None, None, None)
        self._tally.end()
        if error is None:
            self._raise_source_error()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BulkOutcome:
        try:
            return await self._outcomes.receive()
        except anyio.EndOfStream:
            self._tally.end()
            self._raise_source_error()
            raise StopAsyncIteration from None

    def _raise_source_error(self) -> None:
        error, self._source.error = self._source.error, None
        if error is not None:
            raise error

    async def _work(self, outcomes: MemoryObjectSendStream[BulkOutcome]) -> None:
        hooks = self._transport.hooks
        ear = _Ear(hooks.on_outcome)
        transport = evolve(self._transport, hooks=evolve(hooks, on_outcome=ear))
        with outcomes:
            while (action := await self._source.next()) is not None:
                outcome = await self._do(action, transport, ear)
                self._tally.add(outcome, ear.heard.waited if ear.heard else 0.0)
                tell(self._on_progress, self._tally.report)
                try:
                    await outcomes.send(outcome)
                except anyio.BrokenResourceError:
                    continue  # the run was left: the outcome is counted, and nobody listens

    async def _do(self, action: Action, transport: Transport, ear: _Ear) -> BulkOutcome:
        ear.forget()
        if self._left:
            return BulkOutcome(action, BulkStatus.NOT_STARTED)
        result: Result | None = None
        error: Exception | None = None
        try:
            result = await transport.perform(action, kind_of(action.verb))
            status = BulkStatus.DONE
        except Exception as raised:
            error = raised
            doubt = ear.heard is not None and ear.heard.may_have_happened
            status = BulkStatus.UNKNOWN if doubt else BulkStatus.FAILED
        attempts, elapsed = (ear.heard.attempts, ear.heard.elapsed) if ear.heard else (0, 0.0)
        return BulkOutcome(action, status, result, error, attempts, elapsed)
