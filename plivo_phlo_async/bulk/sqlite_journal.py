"""A journal in a SQLite file: an action is begun on the disk before its request is sent."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
from attrs import define, field

from ..errors import JournalError
from .journal import BEGUN, BaseJournal, PriorState, prior_state
from .report import BulkOutcome, BulkStatus

if TYPE_CHECKING:
    import sqlite3

__all__ = ["SqliteJournal"]

_OURS = 0x50484C4F  # SQLite's application_id
_FORM = 1  # of the tables, and of an action's identity
_TABLES = """
CREATE TABLE actions (
    name TEXT PRIMARY KEY, content TEXT, run INTEGER, status TEXT, before TEXT,
    attempts INTEGER, detail TEXT
) WITHOUT ROWID;
CREATE TABLE list (name TEXT, content TEXT);
"""
_INSERT = """
INSERT INTO actions (name, content, run, status) VALUES (?, ?, ?, 'begun') ON CONFLICT DO NOTHING
"""
_SELECT = "SELECT content, status, run FROM actions WHERE name = ?"
_BEGIN_AGAIN = """
UPDATE actions SET before = ifnull(nullif(status, 'begun'), 'unknown'), status = 'begun', run = ?
WHERE name = ?
"""


@define(eq=False)
class _Batch:
    """What one transaction writes: the task that comes first writes it, the others wait."""

    writes: list[Callable[[sqlite3.Connection], None]] = field(factory=list)
    led: bool = False
    turn: anyio.Event = field(factory=lambda: anyio.Event())  # anyio loads it when it is named
    done: anyio.Event = field(factory=lambda: anyio.Event())
    error: JournalError | None = None


class SqliteJournal(BaseJournal):
    """A journal in a SQLite file; give `bulk` its path, or a `SqliteJournal` to keep it open.

    It belongs to one list of actions and to one run at a time. An action is begun on the disk
    before its request is sent, and finished there before the same worker begins another. One
    transaction writes everything that is pending.

    Args:
        path: the file; it is created if it does not exist.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._db: sqlite3.Connection | None = None
        self._run = 0
        self._first = True  # the next to begin is the run's first
        self._batch = _Batch()
        self._busy = False
        self._broken: JournalError | None = None

    async def __aenter__(self) -> Self:
        """Open the file; raises `JournalError`."""
        await self.flush()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def start(self) -> None:
        """Start a run.

        Raises:
            JournalError: the file cannot be used; the message says why and what to do.
        """
        await self._write(self._next_run)

    async def begin(self, key: str, redo: Collection[BulkStatus] = ()) -> PriorState:
        """Record that an action begins, unless it was begun before; return once it is on the disk.

        Args:
            key: the action's identity.
            redo: how the action may have ended in an earlier run to begin again.

        Raises:
            JournalError: it could not be written, or the journal belongs to another list.
        """
        answers: list[PriorState | JournalError] = []
        try:
            await self._write(lambda db: answers.append(self._begin(db, key, redo)))
        except anyio.get_cancelled_exc_class():  # it is written nevertheless, and not sent
            if answers and answers[0] is PriorState.FRESH:
                self._batch.writes.append(lambda db: _take_back(db, key))
            raise
        if isinstance(answers[0], JournalError):
            raise answers[0]
        return answers[0]

    async def finish(self, key: str, outcome: BulkOutcome) -> None:
        """Record how an action ended; the next `begin` or `flush` writes it.

        Args:
            key: as given to `begin`.
            outcome: how it ended; `not_started` undoes `begin`.
        """
        self._batch.writes.append(lambda db: _finish(db, key, outcome))

    async def flush(self) -> None:
        """Write what is pending.

        Raises:
            JournalError: it could not be written; an action that was not written stays in doubt.
        """
        await self._write(lambda db: None)

    async def counts(self) -> dict[BulkStatus, int]:
        """Return how many actions ended how, over all runs; what is only begun counts as unknown.

        Raises:
            JournalError: the file cannot be read.
        """
        counts: dict[BulkStatus, int] = {}
        await self._write(lambda db: counts.update(_count(db)))
        return counts

    async def aclose(self) -> None:
        """Write what is pending and close the file.

        Raises:
            JournalError: it could not be written; an action that was not written stays in doubt.
                An earlier failure is not raised again.
        """
        with anyio.CancelScope(shield=True):
            try:
                if self._broken is None and (self._db is not None or self._batch.writes):
                    await self.flush()
            finally:
                if self._db is not None:
                    await anyio.to_thread.run_sync(self._db.close)
                    self._db = None

    # Writing

    async def _write(self, write: Callable[[sqlite3.Connection], None]) -> None:
        """Write, and return once it is on the disk, even if cancelled meanwhile."""
        batch = self._batch
        batch.writes.append(write)
        try:
            await self._written(batch)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await batch.done.wait()
            raise
        if batch.error is not None:
            raise batch.error

    async def _written(self, batch: _Batch) -> None:
        if batch.led:
            await batch.done.wait()
            return
        batch.led = True
        with anyio.CancelScope(shield=True):
            if self._busy:
                await batch.turn.wait()
            self._busy, self._batch = True, _Batch()
            try:
                await self._transaction(await self._opened(), batch.writes)
            except BaseException as error:
                batch.error = self._broken = self._unwritten(error)
                if not isinstance(error, Exception):
                    raise
            finally:
                batch.done.set()
                self._busy = self._batch.led
                self._batch.turn.set()
        await anyio.lowlevel.checkpoint_if_cancelled()  # the shield held it back

    async def _transaction(
        self, db: sqlite3.Connection, writes: list[Callable[[sqlite3.Connection], None]]
    ) -> None:
        """Write the rows here, which is quick, and wait for the disk in a thread."""
        try:
            db.execute("BEGIN")
            for write in writes:
                write(db)
            await anyio.to_thread.run_sync(db.commit)
        except BaseException:
            if db.in_transaction:
                db.rollback()
            raise

    def _unwritten(self, error: BaseException) -> JournalError:
        if isinstance(error, JournalError):
            return error
        wrong = JournalError(
            f"{self._path}: the journal cannot be written ({error}); nothing more is sent."
            " Fix that and run it again."
        )
        wrong.__cause__ = error
        return wrong

    # Opening

    async def _opened(self) -> sqlite3.Connection:
        if self._broken is not None:
            raise self._broken
        if self._db is None:
            self._db = await anyio.to_thread.run_sync(_connected, self._path)
        return self._db

    def _next_run(self, db: sqlite3.Connection) -> None:
        (last,) = db.execute("SELECT max(run) FROM actions").fetchone()
        self._run, self._first = (last or 0) + 1, True

    # What is written

    def _begin(
        self, db: sqlite3.Connection, key: str, redo: Collection[BulkStatus]
    ) -> PriorState | JournalError:
        name, content = _parts(key)
        if self._first and (other := self._other_first(db, name, content)):
            return other
        self._first = False
        if db.execute(_INSERT, (name, content, self._run)).rowcount:
            return PriorState.FRESH
        known, status, run = db.execute(_SELECT, (name,)).fetchone()
        if known != content and run == self._run:
            return JournalError(
                f"{self._path}: {name} is given to two different actions of this list; give each"
                " its own key."
            )
        if known != content:
            return self._other_list(f"{name} is another action there")
        state = prior_state(status, run < self._run, redo)
        if state is PriorState.FRESH:
            db.execute(_BEGIN_AGAIN, (self._run, name))
        return state

    def _other_first(self, db: sqlite3.Connection, name: str, content: str) -> JournalError | None:
        """Return an error if the journal's list begins with another action."""
        known = db.execute("SELECT name, content FROM list").fetchone()
        if known is None:
            db.execute("INSERT INTO list VALUES (?, ?)", (name, content))
        elif known != (name, content):
            return self._other_list(f"that one begins with another action, {known[0]}")
        return None

    def _other_list(self, why: str) -> JournalError:
        return JournalError(
            f"{self._path}: this journal belongs to another list of actions: {why}."
            " Give another path, or the list that was begun with it."
        )


def _parts(key: str) -> tuple[str, str]:
    name, _, content = key.rpartition(" ")
    return (name, content) if name else (content, "")


def _finish(db: sqlite3.Connection, key: str, outcome: BulkOutcome) -> None:
    name, _ = _parts(key)
    if outcome.status is BulkStatus.NOT_STARTED:
        _take_back(db, key)
        return
    detail = outcome.result.api_id if outcome.result is not None else str(outcome.error or "")
    db.execute(
        "UPDATE actions SET status = ?, before = NULL, attempts = ?, detail = ? WHERE name = ?",
        (outcome.status.value, outcome.attempts, detail, name),
    )


def _take_back(db: sqlite3.Connection, key: str) -> None:
    """Restore the state before `begin`: the action was not sent."""
    name, _ = _parts(key)
    db.execute("DELETE FROM actions WHERE name = ? AND before IS NULL", (name,))
    db.execute("UPDATE actions SET status = before, before = NULL WHERE name = ?", (name,))


def _count(db: sqlite3.Connection) -> dict[BulkStatus, int]:
    counts = dict.fromkeys((BulkStatus.DONE, BulkStatus.FAILED, BulkStatus.UNKNOWN), 0)
    for status, count in db.execute("SELECT status, count(*) FROM actions GROUP BY status"):
        counts[BulkStatus.UNKNOWN if status == BEGUN else BulkStatus(status)] += count
    return counts


def _connected(path: str) -> sqlite3.Connection:
    """Open the file for this run alone, with its tables."""
    import sqlite3

    db: sqlite3.Connection | None = None
    try:
        _make_private(path)
        db = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE")
        _make_tables(db, path)
        db.execute("COMMIT")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("UPDATE actions SET run = run WHERE 0")  # takes the lock in the new mode, too
    except (sqlite3.Error, JournalError, OSError) as error:
        if db is not None:
            db.close()
        if isinstance(error, JournalError):
            raise
        raise JournalError(f"{path}: {_reason(error)}") from error
    return db


def _make_private(path: str) -> None:
    """Create the file, if it is new, for its owner alone: it holds phone numbers.

    What SQLite writes beside it has the same mode.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _make_tables(db: sqlite3.Connection, path: str) -> None:
    (mark,) = db.execute("PRAGMA application_id").fetchone()
    (form,) = db.execute("PRAGMA user_version").fetchone()
    if mark == _OURS and form == _FORM:
        return
    if mark == _OURS:
        raise JournalError(
            f"{path}: another version of this package began this journal (form {form}, this one"
            f" knows {_FORM}); use that version."
        )
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables:
        raise JournalError(f"{path}: this is another database, no journal; give another path.")
    for statement in _TABLES.split(";"):
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {_OURS}")
    db.execute(f"PRAGMA user_version = {_FORM}")


def _reason(error: Exception) -> str:
    text = str(getattr(error, "strerror", None) or error)
    if "locked" in text:
        return "another run is using this journal; wait for it to end, or give another path."
    if "not a database" in text:
        return "this is no journal; give another path."
    return f"the journal cannot be opened ({text}); give a path that can be written."
