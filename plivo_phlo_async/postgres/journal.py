"""A journal in PostgreSQL, which any number of processes and hosts share.

async with PostgresJournal("postgresql://journal.internal/calls", run="reminders") as journal:
    result = await client.perform(action, journal=journal)
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Collection
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from attrs import frozen
from psycopg_pool import AsyncConnectionPool

from .._transport.hooks import logger
from ..bulk.journal import (
    BaseJournal,
    JournalEntry,
    PriorState,
    age_of,
    began_before,
    name_of,
    prior_state,
    settled_status,
)
from ..bulk.recorded import RecordedOutcome, json_of, settled
from ..bulk.report import BulkOutcome, BulkStatus
from ..errors import ConfigurationError, InvalidArgumentError, JournalError, NotSentError
from . import statements
from .database import Database, StatementResult

__all__ = ["PostgresJournal"]

_LONGEST = 3600.0  # seconds that an attempt without a timeout is taken to last
_PAGE = 500  # outcomes that are read together
_BOOT_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def boot_clock() -> float:
    """Return a time in seconds that also counts while the machine sleeps, where there is one."""
    return time.monotonic() if _BOOT_CLOCK is None else time.clock_gettime(_BOOT_CLOCK)


@frozen
class Beginning:
    """One beginning of an action by this process.

    Attributes:
        fence: distinguishes it from every other.
        send_by: until when its request may be sent, by this machine's clock.
    """

    fence: str
    send_by: float


class PostgresJournal(BaseJournal):
    """A journal in PostgreSQL, which any number of processes and hosts share.

    Use it with `client.perform`, or with `client.bulk` in several processes over one list: whoever
    begins an action first sends it. An action is begun on the server's disk before its request is
    sent, whatever `synchronous_commit` is. It is under way until `start_within` and the client's
    timeouts have passed; from then on it is in doubt. The server's clock counts.

    A program that was stopped between beginning and sending does not send later than
    `start_within`. It looks at the clock immediately before the request is written. One that is
    stopped in the microseconds after that look, or whose whole machine is, may still send late.

    The tables are created on first use. They serve many runs. PostgreSQL 12 or later, also through
    pgbouncer; asyncio, in one event loop.

    Args:
        dsn_or_pool: a connection string, e.g. "postgresql://journal.internal/calls"; then use it
            with `async with`. Or a `psycopg_pool.AsyncConnectionPool`, which the caller opens and
            closes and may use for other things.
        run: the name of the work, within which a key names one action, and within which it is done
            once. Lists with one run name must begin alike.
        start_within: seconds after which an action that was begun is no longer sent. A server
            that does not answer within half of them cannot be used.
        patience: seconds for which it tries to record how an action ended. After that the action
            is in doubt.
        clock: returns the time in seconds; used only within this process.

    Raises:
        InvalidArgumentError: an argument is invalid; the message names it.
    """

    def __init__(
        self,
        dsn_or_pool: str | AsyncConnectionPool[Any],
        *,
        run: str,
        start_within: float = 10.0,
        patience: float = 30.0,
        clock: Callable[[], float] = boot_clock,
    ) -> None:
        _check(dsn_or_pool, run, start_within, patience)
        self._database = Database(dsn_or_pool)
        self._run, self._start_within, self._patience = run, start_within, patience
        self._clock = clock
        self._begun: dict[str, Beginning] = {}  # by this process, and not ended
        self._started: datetime | None = None  # the bulk run, by the server's clock
        self._list_checked: asyncio.Lock | None = None
        self._is_list_checked = self._is_shared = False
        self._writing: set[asyncio.Task[None]] = set()  # no caller waits for these

    def __repr__(self) -> str:
        return f"PostgresJournal(run={self._run!r})"

    async def __aenter__(self) -> Self:
        """Open the pool and the tables; raises `JournalError`."""
        _check_loop()
        await self._database.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Write what is pending, and close the pool if it is not the caller's; never raises."""
        try:
            await self.flush()
        finally:
            await self._database.aclose()

    # Beginning

    async def start(self) -> None:
        """Start a bulk run.

        Raises:
            JournalError: the database cannot be used; the message says why and what to do.
            ConfigurationError: the event loop is not asyncio's.
        """
        self._started = await self.now()
        self._list_checked, self._is_list_checked = asyncio.Lock(), False

    async def now(self) -> datetime:
        """Return the time by the server's clock.

        Raises:
            JournalError: the database cannot be used.
            ConfigurationError: the event loop is not asyncio's.
        """
        await self._ready()
        now: datetime = (await self._read(statements.NOW)).rows[0][0]
        return now

    async def prior(self, entry: JournalEntry, redo: Collection[BulkStatus] = ()) -> PriorState:
        """Return the state of an action; as `Journal.prior`.

        Args:
            entry: the action.
            redo: how the action may have ended in an earlier run to begin again.

        Raises:
            JournalError: the database cannot be used, or the run has another list or action.
            ConfigurationError: the event loop is not asyncio's.
        """
        await self._ready()
        if entry.in_a_list and not self._is_list_checked:
            await self._check_list(entry)
        if entry.in_a_list and not self._is_shared:  # `begin` finds what another run has begun
            return PriorState.FRESH
        found = await self._read(statements.PRIOR, **self._name(entry))
        if not found.rows:
            return PriorState.FRESH
        return self._state(found.rows[0], entry, redo)

    async def begin(self, entry: JournalEntry, redo: Collection[BulkStatus] = ()) -> PriorState:
        """Record that an action begins, unless it was begun before; return once it is durable.

        Args:
            entry: the action.
            redo: how the action may have ended in an earlier run to begin again.

        Raises:
            JournalError: the database cannot be used, or knows another action by this name.
            ConfigurationError: the event loop is not asyncio's.
        """
        await self._ready()
        while True:
            beginning = Beginning(secrets.token_hex(8), self._clock() + self._start_within)
            if entry.name not in self._begun and await self._begin(entry, redo, beginning):
                self._begun[entry.name] = beginning
                return PriorState.FRESH
            found = await self._read(statements.PRIOR, **self._name(entry))
            self._is_shared = True
            if found.rows:  # else whoever began it has taken that back
                return self._state(found.rows[0], entry, ())

    def may_send(self, entry: JournalEntry) -> bool:
        """Return whether an action that was begun may still be sent: its time is not over.

        Args:
            entry: the action.
        """
        beginning = self._begun.get(entry.name)
        return beginning is not None and self._clock() <= beginning.send_by

    async def _begin(
        self, entry: JournalEntry, redo: Collection[BulkStatus], beginning: Beginning
    ) -> bool:
        """Ask to begin an action; take the beginning back if there is no answer."""
        asking = asyncio.create_task(
            self._read(
                statements.BEGIN,
                **self._values(entry),
                fence=beginning.fence,
                lasts=self._start_within + min(entry.longest_attempt, _LONGEST),
                since=self._started if entry.in_a_list else entry.asked,
                redo=[status.value for status in redo],
            )
        )
        try:
            return (await asyncio.shield(asking)).count == 1
        except BaseException:  # it may be begun nevertheless, and is not sent
            self._go_on(asyncio.create_task(self._take_back(entry, beginning, asking)))
            raise

    async def _take_back(
        self, entry: JournalEntry, beginning: Beginning, asking: asyncio.Task[StatementResult]
    ) -> None:
        await asyncio.wait({asking})
        await self._write(statements.UNDO, **self._name(entry), fence=beginning.fence)

    def _state(
        self, row: tuple[Any, ...], entry: JournalEntry, redo: Collection[BulkStatus]
    ) -> PriorState:
        content, status, is_under_way, begun = row
        if content != entry.content:
            raise JournalError(
                f"run {self._run!r}: {entry.name} is another action there; give each action its"
                " own key, or give another run."
            )
        if is_under_way or entry.name in self._begun:
            return PriorState.UNDER_WAY
        if entry.in_a_list:
            is_earlier = self._started is None or begun < self._started
        else:
            is_earlier = began_before(entry, begun)
        return prior_state(status, is_earlier, redo)

    async def _check_list(self, entry: JournalEntry) -> None:
        """Check that the list begins as the one with which the run was begun."""
        self._list_checked = self._list_checked or asyncio.Lock()
        async with self._list_checked:
            if self._is_list_checked:
                return
            first = json_of({"name": entry.name, "content": entry.content})
            claim = {"run": self._run, "first": first}
            found = await self._read(statements.CLAIM_RUN, **claim)
            if not found.rows:  # another process was faster, by less than a statement
                found = await self._read(statements.CLAIM_RUN, **claim)
            list_of_run, self._is_shared = found.rows[0]
            if list_of_run != first:
                raise JournalError(
                    f"run {self._run!r}: it belongs to another list of actions, which begins with"
                    " another action. Give another run, or the list that was begun with it."
                )
            self._is_list_checked = True

    # Ending

    async def finish(self, entry: JournalEntry, outcome: BulkOutcome) -> None:
        """Record how an action ended; keep trying for `patience` seconds, even if cancelled.

        Args:
            entry: the action.
            outcome: how it ended; `not_started` undoes `begin`.

        Raises:
            JournalError: it could not be written; the action is in doubt.
        """
        writing = asyncio.create_task(self._finish(entry, outcome))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            self._go_on(writing)
            raise

    async def flush(self) -> None:
        """Wait until what was cancelled is written, or has failed; never raises."""
        if self._writing:
            await asyncio.wait(self._writing.copy())

    def _go_on(self, writing: asyncio.Task[None]) -> None:
        """Let a task write on for which no caller waits."""
        self._writing.add(writing)
        writing.add_done_callback(self._written)

    def _written(self, task: asyncio.Task[None]) -> None:
        self._writing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("%r lacks how an action ended, which is in doubt: %s", self, error)

    async def _finish(self, entry: JournalEntry, outcome: BulkOutcome) -> None:
        beginning = self._begun.get(entry.name)
        try:
            await self._end(entry, outcome, beginning)
        finally:
            self._begun.pop(entry.name, None)

    async def _end(
        self, entry: JournalEntry, outcome: BulkOutcome, beginning: Beginning | None
    ) -> None:
        was_sent = not isinstance(outcome.error, NotSentError)
        is_ended = outcome.status is not BulkStatus.NOT_STARTED
        fence = secrets.token_hex(8) if beginning is None else beginning.fence
        if beginning is not None and not (was_sent and is_ended):
            await self._write(statements.UNDO, **self._name(entry), fence=fence)
        if not is_ended:
            return
        recorded = RecordedOutcome.of(outcome)
        ended = {
            **{"status": recorded.status, "result": recorded.result, "error": recorded.error},
            **{"attempts": recorded.attempts, "elapsed": recorded.elapsed, "fence": fence},
        }
        if beginning is None or not was_sent:
            await self._write(statements.INSERT_ENDED, **self._values(entry), **ended)
        elif not (await self._write(statements.FINISH, **self._name(entry), **ended)).count:
            logger.warning(
                "%s: it ended late (%s), after it was done again or settled; the journal keeps"
                " the later outcome",
                *(entry.action, outcome.status),
            )

    # Reading it back

    async def recorded(self, entry: JournalEntry) -> BulkOutcome | None:
        """Return the recorded outcome of an action; None if it has none.

        Args:
            entry: the action.

        Raises:
            JournalError: the database cannot be read.
        """
        return await self._recorded(entry.name)

    async def _recorded(self, name: str) -> BulkOutcome | None:
        found = await self._read(statements.RECORDED, run=self._run, name=name)
        return RecordedOutcome(*found.rows[0]).restore() if found.rows else None

    async def outcomes(self) -> AsyncIterator[BulkOutcome]:
        """Return every outcome of the run, in the order in which the actions first began.

        An action that is under way has none yet.

        Raises:
            JournalError: the database cannot be read.
        """
        async for outcome in self._outcomes(only_unknown=False):
            yield outcome

    async def unknown(self) -> AsyncIterator[BulkOutcome]:
        """Return the outcomes of the run that are unknown.

        Raises:
            JournalError: the database cannot be read.
        """
        async for outcome in self._outcomes(only_unknown=True):
            yield outcome

    async def _outcomes(self, *, only_unknown: bool) -> AsyncIterator[BulkOutcome]:
        after = 0
        while True:
            values = {"run": self._run, "after": after, "only_unknown": only_unknown}
            found = await self._read(statements.OUTCOMES, **values, page=_PAGE)
            for after, *recorded in found.rows:  # noqa: B007  the next page begins after the last
                yield RecordedOutcome(*recorded).restore()
            if len(found.rows) < _PAGE:
                return

    async def counts(self) -> dict[BulkStatus, int]:
        """Return how many actions of the run ended how; one that is under way counts nowhere.

        Raises:
            JournalError: the database cannot be read.
        """
        counts = dict.fromkeys((BulkStatus.DONE, BulkStatus.FAILED, BulkStatus.UNKNOWN), 0)
        for status, count in (await self._read(statements.COUNTS, run=self._run)).rows:
            counts[BulkStatus(status)] += count
        return counts

    async def settle(self, key: str | int, status: BulkStatus | str) -> BulkOutcome:
        """Record how an unknown action ended, as a person has found out.

        Args:
            key: the action's key; for an action without one, its position in the list, from 1.
            status: "done" or "failed".

        Returns:
            The new outcome.

        Raises:
            InvalidArgumentError: the status is another one.
            JournalError: there is no such action, or it is not unknown.
        """
        known, name = settled_status(status), name_of(key)
        outcome = await self._recorded(name)
        if outcome is None:
            raise JournalError(f"run {self._run!r}: it has no action with {name}.")
        outcome = settled(outcome, known, datetime.now(UTC))
        found = await self._read(
            statements.SETTLE,
            **{"run": self._run, "name": name, "status": known.value},
            fence=secrets.token_hex(8),
            error=RecordedOutcome.of(outcome).error,
        )
        if not found.count:
            raise JournalError(f"run {self._run!r}: {name} is not unknown; only that is settled.")
        return outcome

    async def forget(self, *, older_than: timedelta) -> int:
        """Remove the actions of the run that are done or failed since long, never an unknown one.

        A forgotten action is sent if it is asked for again: keep it for as long as a queue may
        deliver it.

        Args:
            older_than: how long ago an action has ended, at least.

        Returns:
            How many were removed.

        Raises:
            InvalidArgumentError: `older_than` is no time.
            JournalError: they could not be removed.
        """
        seconds = age_of(older_than).total_seconds()
        return (await self._read(statements.FORGET, run=self._run, seconds=seconds)).count

    # Statements

    async def _ready(self) -> None:
        _check_loop()
        await self._database.ready()

    async def _read(self, statement: str, **values: object) -> StatementResult:
        return await self._database.execute(statement, values, within=self._start_within / 2)

    async def _write(self, statement: str, **values: object) -> StatementResult:
        return await self._database.execute(statement, values, within=self._patience)

    def _name(self, entry: JournalEntry) -> dict[str, object]:
        return {"run": self._run, "name": entry.name}

    def _values(self, entry: JournalEntry) -> dict[str, object]:
        action = json_of(entry.action.to_dict())
        return self._name(entry) | {
            **{"content": entry.content, "number": entry.number, "action": action}
        }


def _check_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError(
            "PostgresJournal works on asyncio only, as psycopg does."
        ) from None


def _check(dsn_or_pool: object, run: object, start_within: object, patience: object) -> None:
    if not isinstance(dsn_or_pool, AsyncConnectionPool) and not (
        isinstance(dsn_or_pool, str) and dsn_or_pool
    ):
        raise InvalidArgumentError(
            "dsn_or_pool: give a connection string, or a psycopg_pool.AsyncConnectionPool."
        )
    if not isinstance(run, str) or not run or not run.isprintable():
        raise InvalidArgumentError("run: give the work a name, in printable characters.")
    for name, value in (("start_within", start_within), ("patience", patience)):
        if not isinstance(value, int | float) or not value > 0:
            raise InvalidArgumentError(f"{name}: give a number of seconds above 0.")
