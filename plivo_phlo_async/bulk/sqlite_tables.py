"""The SQLite file of a journal: its tables, and what is read from and written to them."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import UTC, datetime

from attrs import define, field

from ..errors import JournalError, NotSentError
from .integrity import Mark, Summary, mark_path
from .journal import (
    BEGUN,
    JournalEntry,
    PriorState,
    began_before,
    content_of,
    name_of,
    prior_state,
)
from .recorded import RecordedOutcome, json_of, settled
from .report import BulkOutcome, BulkStatus
from .sqlite_opening import (
    DECIDING,
    JournalRow,
    check_size,
    create_journal,
    damaged,
    lock,
    reason_of,
    verify,
)

__all__ = ["JournalFile"]

_RECORDED = "number, action, status, result, error, attempts, elapsed, begun, ended"
_INSERT = (
    f"INSERT INTO actions ({DECIDING}, {_RECORDED.replace(' status,', '')})"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_BEGIN_AGAIN = (
    "UPDATE actions SET run = ?, status = 'begun', before = ?, number = ?, action = ?,"
    " begun = ? WHERE name = ?"
)
_UNDO = "UPDATE actions SET run = ?, status = ?, before = NULL WHERE name = ?"
_FINISH = (
    "UPDATE actions SET run = ?, status = ?, before = NULL, result = ?, error = ?, attempts = ?,"
    " elapsed = ?, begun = ifnull(begun, ?), ended = ? WHERE name = ?"
)
_PAGE = 500  # outcomes that are read together


@define
class JournalFile:
    """An open journal, locked for this process.

    Methods that write belong to the transaction that `begin_transaction` opens and `commit` ends.
    """

    path: str
    db: sqlite3.Connection
    mark: Mark
    summary: Summary
    run: int = 0
    is_first: bool = True  # the next action is the run's first
    resumes: bool = False  # an earlier run has begun actions
    _begun: dict[str, JournalRow] = field(factory=dict)  # by this run, and not ended

    # Transactions

    def begin_transaction(self) -> None:
        """Open a transaction."""
        self.db.execute("BEGIN")

    def commit(self) -> None:
        """Write the transaction to the disk."""
        self.db.commit()
        self.mark.set(self.summary.transaction)

    def write_summary(self) -> None:
        """Write the summary, as the last part of a transaction."""
        self.summary.transaction += 1
        columns = "(journal, first, is_open, inode, sequence, rows, total, checksum)"
        self.db.execute(
            f"UPDATE summary SET {columns} = (?, ?, ?, ?, ?, ?, ?, ?)", self.summary.values()
        )

    def next_run(self) -> None:
        """Start a run."""
        (last,) = self.db.execute("SELECT max(run) FROM actions").fetchone()
        self.run, self.is_first, self.resumes = (last or 0) + 1, True, last is not None
        self._begun.clear()

    # One action

    def check_first(self, entry: JournalEntry) -> None:
        """Check that the list begins as the one that the journal was begun with.

        Raises:
            JournalError: the journal belongs to another list.
        """
        if not self.is_first or not entry.in_a_list:
            return
        first = json.dumps([entry.name, entry.content])
        if not self.summary.first:
            self.summary.first = first
        elif self.summary.first != first:
            name = json.loads(self.summary.first)[0]
            raise self._other_list(f"that one begins with another action, {name}")
        self.is_first = False

    def prior(self, entry: JournalEntry, redo: Collection[BulkStatus]) -> PriorState:
        """Return the state of an action.

        Raises:
            JournalError: the journal belongs to another list.
        """
        self.check_first(entry)
        row = self._row(entry.name)
        return PriorState.FRESH if row is None else self._prior(row, entry, redo)

    def recorded(self, name: str) -> BulkOutcome | None:
        """Return the recorded outcome of an action; None if it has none."""
        found = self.db.execute(f"SELECT {_RECORDED} FROM actions WHERE name = ?", (name,))
        values = found.fetchone()
        return None if values is None else RecordedOutcome(*values).restore()

    def begin(self, entry: JournalEntry, redo: Collection[BulkStatus], now: float) -> PriorState:
        """Record that an action begins, unless it was begun before."""
        self.check_first(entry)
        new = JournalRow(entry.name, entry.content, self.run, BEGUN)
        if self._insert(new, RecordedOutcome(entry.number, _action(entry), BEGUN, begun=now)):
            self._begun[entry.name] = new
            return PriorState.FRESH
        row = self._row(entry.name)
        assert row is not None  # it conflicts
        state = self._prior(row, entry, redo)
        if state is PriorState.FRESH:
            self._begin_again(row, entry, now)
        return state

    def _insert(self, row: JournalRow, recorded: RecordedOutcome) -> bool:
        """Insert a row; return whether there was none of its name."""
        deciding = (row.name, row.content, row.run, row.status, row.before)
        rest = (recorded.number, recorded.action, recorded.result, recorded.error)
        times = (recorded.attempts, recorded.elapsed, recorded.begun, recorded.ended)
        if not self.db.execute(_INSERT, (*deciding, *rest, *times)).rowcount:
            return False
        self.summary.add(row.checksum)
        return True

    def _begin_again(self, row: JournalRow, entry: JournalEntry, now: float) -> None:
        before = f"{row.run} {BulkStatus.UNKNOWN if row.status == BEGUN else row.status}"
        new = JournalRow(row.name, row.content, self.run, BEGUN, before)
        self.summary.replace(row.checksum, new.checksum)
        self._begun[row.name] = new
        self.db.execute(
            _BEGIN_AGAIN, (self.run, before, entry.number, _action(entry), now, row.name)
        )

    def finish(self, entry: JournalEntry, outcome: BulkOutcome) -> None:
        """Record how an action ended; `not_started` undoes `begin`.

        An action that was not sent this time stays unknown, if it was.
        """
        if outcome.status is BulkStatus.NOT_STARTED:
            self.undo(entry.name)
            return
        if isinstance(outcome.error, NotSentError):
            self.undo(entry.name)
        begun = self._begun.pop(entry.name, None)
        row = begun or self._row(entry.name)
        if row is None:
            new = JournalRow(entry.name, entry.content, self.run, outcome.status.value)
            self._insert(new, RecordedOutcome.of(outcome, entry.number, _action(entry)))
        elif begun or row.status not in {BEGUN, BulkStatus.UNKNOWN}:
            self._finish(row, self.run, RecordedOutcome.of(outcome))

    def _finish(self, row: JournalRow, run: int, recorded: RecordedOutcome) -> None:
        new = JournalRow(row.name, row.content, run, recorded.status)
        self.summary.replace(row.checksum, new.checksum)
        ended = (recorded.result, recorded.error, recorded.attempts, recorded.elapsed)
        times = (recorded.begun, recorded.ended)
        self.db.execute(_FINISH, (run, recorded.status, *ended, *times, row.name))

    def undo(self, name: str) -> None:
        """Restore the state before `begin`: the action was not sent."""
        row = self._begun.pop(name, None)
        if row is None:
            return
        if row.before is None:
            self._remove(row)
            return
        run, status = row.before.split()
        self.summary.replace(row.checksum, JournalRow(name, row.content, int(run), status).checksum)
        self.db.execute(_UNDO, (int(run), status, name))

    def settle(self, key: str | int, status: BulkStatus) -> BulkOutcome:
        """Record how an unknown action ended, as a person has found out."""
        name = name_of(key)
        row, outcome = self._row(name), self.recorded(name)
        if row is None or outcome is None:
            raise JournalError(f"{self.path}: it has no action with {name}.")
        if outcome.status is not BulkStatus.UNKNOWN:
            raise JournalError(
                f"{self.path}: {name} is {outcome.status}; only an unknown action can be settled."
            )
        outcome = settled(outcome, status, datetime.now(UTC))
        self._finish(row, row.run, RecordedOutcome.of(outcome))
        return outcome

    def forget(self, before: float) -> int:
        """Remove the actions that were done or failed before a time; return how many."""
        found = f"SELECT {DECIDING} FROM actions WHERE status IN ('done', 'failed') AND ended <= ?"
        rows = [JournalRow(*values) for values in self.db.execute(found, (before,))]
        for row in rows:
            self._remove(row)
        return len(rows)

    def _remove(self, row: JournalRow) -> None:
        self.summary.remove(row.checksum)
        self.db.execute("DELETE FROM actions WHERE name = ?", (row.name,))

    # All actions

    def pages(self) -> Iterator[list[BulkOutcome]]:
        """Read all outcomes, some at a time, in the order in which the actions began."""
        outcomes, after = self.outcomes(0)
        while outcomes:
            yield outcomes
            outcomes, after = self.outcomes(after)

    def counts(self) -> dict[BulkStatus, int]:
        """Return how many actions ended how; what is only begun counts as unknown."""
        counts = dict.fromkeys((BulkStatus.DONE, BulkStatus.FAILED, BulkStatus.UNKNOWN), 0)
        for status, count in self.db.execute("SELECT status, count(*) FROM actions GROUP BY 1"):
            counts[BulkStatus.UNKNOWN if status == BEGUN else BulkStatus(status)] += count
        return counts

    def outcomes(self, after: int) -> tuple[list[BulkOutcome], int]:
        """Return some outcomes and the number of the last, which is the next `after`.

        Raises:
            JournalError: an action is damaged.
        """
        rows = self.db.execute(
            f"SELECT id, content, {_RECORDED} FROM actions WHERE id > ? ORDER BY id LIMIT {_PAGE}",
            (after,),
        ).fetchall()
        outcomes = [self._restore(content, values) for _, content, *values in rows]
        return outcomes, rows[-1][0] if rows else after

    def _restore(self, content: str, values: list[object]) -> BulkOutcome:
        try:
            outcome = RecordedOutcome(*values).restore()  # type: ignore[arg-type]  # as stored
        except (ValueError, TypeError, KeyError) as error:
            raise damaged(self.path, f"an action cannot be read: {error}") from error
        if content_of(outcome.action) != content:
            raise damaged(self.path, "an action was altered")
        return outcome

    # How rows compare

    def _row(self, name: str) -> JournalRow | None:
        found = self.db.execute(f"SELECT {DECIDING} FROM actions WHERE name = ?", (name,))
        values = found.fetchone()
        return None if values is None else JournalRow(*values)

    def _prior(
        self, row: JournalRow, entry: JournalEntry, redo: Collection[BulkStatus]
    ) -> PriorState:
        if row.content != entry.content and not entry.in_a_list:
            raise JournalError(
                f"{self.path}: {row.name} is another action in this journal; give each action its"
                " own key."
            )
        if row.content != entry.content and row.run == self.run:
            raise JournalError(
                f"{self.path}: {row.name} is given to two different actions of this list; give each"
                " its own key."
            )
        if row.content != entry.content:
            raise self._other_list(f"{row.name} is another action there")
        if row.name in self._begun:
            return PriorState.UNDER_WAY
        single = not entry.in_a_list and began_before(entry, self._began(row.name))
        return prior_state(row.status, row.run < self.run or single, redo)

    def _began(self, name: str) -> datetime | None:
        found = self.db.execute("SELECT ifnull(begun, ended) FROM actions WHERE name = ?", (name,))
        (seconds,) = found.fetchone()
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

    def _other_list(self, why: str) -> JournalError:
        return JournalError(
            f"{self.path}: this journal belongs to another list of actions: {why}."
            " Give another path, or the list that was begun with it."
        )

    # Opening and closing

    @classmethod
    def open(cls, path: str, *, accept_copy: bool = False) -> JournalFile:
        """Open a journal for this process alone; create it if there is no file.

        Args:
            path: the file.
            accept_copy: whether a copy of a journal that was not closed is accepted.

        Raises:
            JournalError: the file cannot be used, or is not whole; the message says what to do.
        """
        path = os.path.realpath(path) if os.path.islink(path) else path
        db: sqlite3.Connection | None = None
        try:
            if not os.path.exists(path):
                create_journal(path)
            check_size(path)
            db = lock(path)
            summary = verify(db, path, accept_copy=accept_copy)
            return cls(path, db, _mark_open(db, path, summary), summary)
        except (sqlite3.Error, JournalError, OSError) as error:
            if db is not None:
                db.close()
            if isinstance(error, JournalError):
                raise
            raise JournalError(f"{path}: {reason_of(error)}") from error

    def close(self, *, is_whole: bool) -> None:
        """Close the file.

        Args:
            is_whole: whether everything was written; the file alone is then the whole journal.
        """
        try:
            if is_whole:
                self.db.execute("PRAGMA journal_mode = DELETE")
                self.summary.is_open = False
                self.db.execute("BEGIN")
                self.write_summary()
                self.db.commit()
        finally:
            self.db.close()
            self.mark.close()
        if is_whole:
            with suppress(OSError):
                os.unlink(mark_path(self.path))


def _action(entry: JournalEntry) -> str:
    return json_of(entry.action.to_dict())


def _mark_open(db: sqlite3.Connection, path: str, summary: Summary) -> Mark:
    """Mark the journal as open, in the file itself, before anything is written beside it."""
    mark = Mark.create(path, summary)
    try:
        summary.is_open, summary.inode = True, os.stat(path).st_ino
        file = JournalFile(path, db, mark, summary)
        file.write_summary()
        file.commit()
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("UPDATE actions SET run = run WHERE 0")  # takes the lock in the new mode, too
    except BaseException:
        mark.close()
        raise
    return mark
