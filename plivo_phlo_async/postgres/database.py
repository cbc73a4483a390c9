"""Execute statements in PostgreSQL: each in bounded time, and again while the server is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
from attrs import frozen
from psycopg import AsyncConnection, AsyncCursor
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import tuple_row
from psycopg_pool import AsyncConnectionPool

from ..errors import ConfigurationError, JournalError
from .schema import prepare_schema

__all__ = ["Database", "StatementResult"]

_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, OSError, TimeoutError)
_FIRST_WAIT, _LONGEST_WAIT = 0.02, 0.5  # seconds between two tries
_CONNECT = 5.0  # seconds


@frozen
class StatementResult:
    """What a statement returned: its rows, and how many rows it read or changed."""

    rows: list[tuple[Any, ...]]
    count: int


class Database:
    """A pool of connections, the caller's or its own, to a database with a journal's tables.

    Args:
        dsn_or_pool: a connection string, for a pool of its own, or the caller's pool.
    """

    def __init__(self, dsn_or_pool: str | AsyncConnectionPool[Any]) -> None:
        self._dsn = dsn_or_pool if isinstance(dsn_or_pool, str) else None
        self._pool = None if isinstance(dsn_or_pool, str) else dsn_or_pool
        self._is_ready = False
        self._opening: asyncio.Lock | None = None
        self._running: set[asyncio.Task[StatementResult]] = set()

    async def ready(self) -> None:
        """Check the tables, once.

        Raises:
            ConfigurationError: it has a connection string, and was not opened.
            JournalError: the database cannot be used; the message says why.
        """
        if self._is_ready:
            return
        if self._dsn is not None:
            raise ConfigurationError(
                "open the journal first: async with PostgresJournal(dsn, run=...)."
            )
        await self.open()

    async def open(self) -> None:
        """Open a pool of its own, if it has a connection string, and check the tables.

        Raises:
            JournalError: the database cannot be used; the message says why.
        """
        self._opening = self._opening or asyncio.Lock()
        async with self._opening:
            await self._open_once()

    async def _open_once(self) -> None:
        if self._is_ready:  # by the task that had the lock before
            return
        try:
            await self._open()
        except (psycopg.Error, *_AWAY) as error:
            raise _journal_error(error) from error
        self._is_ready = True

    async def _open(self) -> None:
        if self._dsn is None:
            async with asyncio.timeout(2 * _CONNECT), self._connection(_CONNECT) as connection:
                await prepare_schema(connection)
            return
        _check_dsn(self._dsn)
        options: dict[str, Any] = {"autocommit": True, "prepare_threshold": None}
        async with asyncio.timeout(2 * _CONNECT):
            # The pool would not say why it cannot connect.
            async with await AsyncConnection.connect(self._dsn, **options) as connection:
                await prepare_schema(connection)
        self._pool = AsyncConnectionPool(
            self._dsn, kwargs=options, min_size=1, max_size=10, open=False
        )
        await self._pool.open()

    async def aclose(self) -> None:
        """Close the pool, if it is its own."""
        self._is_ready = False
        if self._dsn is not None and self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.close()

    async def execute(
        self, statement: str, values: Mapping[str, object], *, within: float
    ) -> StatementResult:
        """Execute a statement that may be executed twice; try again while the server is away.

        Args:
            statement: the statement.
            values: its parameters.
            within: seconds, for all tries.

        Raises:
            JournalError: it failed. It may have been executed if the server was away.
        """
        await self.ready()
        until, wait = time.monotonic() + within, _FIRST_WAIT
        while True:
            try:
                return await self._once(statement, values, until - time.monotonic())
            except _AWAY as error:
                if time.monotonic() + wait >= until:
                    raise _journal_error(error) from error
            except psycopg.Error as error:
                raise _journal_error(error) from error
            await asyncio.sleep(wait)
            wait = min(1.5 * wait, _LONGEST_WAIT)

    async def _once(
        self, statement: str, values: Mapping[str, object], within: float
    ) -> StatementResult:
        """Execute a statement; a server that does not answer is not waited for longer."""
        task = asyncio.create_task(self._execute(statement, values, within))
        self._running.add(task)
        task.add_done_callback(self._ended)
        done, _ = await asyncio.wait({task}, timeout=within)
        if not done:
            task.cancel()
            raise TimeoutError(f"it did not answer within {within:.1f} s")
        return task.result()

    def _ended(self, task: asyncio.Task[StatementResult]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # `_once` has raised it, or was cancelled

    async def _execute(
        self, statement: str, values: Mapping[str, object], within: float
    ) -> StatementResult:
        async with self._connection(within) as connection:
            cursor = AsyncCursor(connection, row_factory=tuple_row)
            await cursor.execute(statement, values, prepare=False)
            rows = await cursor.fetchall() if cursor.description is not None else []
            return StatementResult(rows, cursor.rowcount)

    @asynccontextmanager
    async def _connection(self, within: float) -> AsyncIterator[AsyncConnection[Any]]:
        """Return a connection in autocommit mode, so that each statement is a transaction."""
        assert self._pool is not None  # it was opened
        async with self._pool.connection(timeout=within) as connection:
            if connection.autocommit:
                yield connection
                return
            await connection.set_autocommit(True)
            try:
                yield connection
            finally:
                with suppress(psycopg.Error):  # it is broken, and the pool drops it
                    await connection.set_autocommit(False)


def _check_dsn(dsn: str) -> None:
    try:
        conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:  # it may repeat the string, which may have a password
        raise JournalError(
            "PostgreSQL: this is no connection string; give postgresql://USER@HOST/DATABASE."
        ) from None


def _journal_error(error: Exception) -> JournalError:
    reason = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        reason = "the server is read-only by now; reconnect to the primary"
    elif isinstance(error, _AWAY):
        reason = f"it cannot be used ({reason.rstrip('.')}); nothing begins until it can"
    return JournalError(f"PostgreSQL: {reason.rstrip('.')}.")
