"""A journal in a SQLite file: an action is begun on the disk before its request is sent."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import anyio
from attrs import define, field, frozen

from ..errors import JournalError
from .journal import BaseJournal, JournalEntry, PriorState, age_of, settled_status
from .report import BulkOutcome, BulkStatus

if TYPE_CHECKING:
    from .sqlite_tables import JournalFile

__all__ = ["JournalOutcomes", "SqliteJournal"]

# How many iterations of the event loop a transaction waits for other actions to join it.
_GATHERING = 4

T = TypeVar("T")


@define(eq=False)
class _Batch:
    """What one transaction does: the task that comes first does it, the others wait."""

    steps: list[Callable[[JournalFile], None]] = field(factory=list)
    led: bool = False
    turn: anyio.Event = field(factory=lambda: anyio.Event())  # anyio loads it when it is named
    done: anyio.Event = field(factory=lambda: anyio.Event())
    error: JournalError | None = None


class SqliteJournal(BaseJournal):
    """A journal in a SQLite file; give `bulk` its path, or a `SqliteJournal` to keep it open.

    It belongs to one list of actions and to one run at a time, or to `perform`. While it is open,
    no other process can open it. So an action is under way while this process performs it, and in
    doubt if an earlier process has begun it and not finished. An action is begun on the disk
    before its request is sent, and one transaction writes everything that is pending.

    A closed journal is one file, `PATH`. An open one has `PATH-wal` and `PATH-mark` beside it, and
    so has one whose process was killed: they belong together. A journal of which a file is missing,
    older or damaged is refused, and so is a copy of an open one.

    Args:
        path: the file; it is created if it does not exist.
        accept_copy: whether to accept a copy of a journal that was not closed. What was begun after
            the copy was made is missing from it.
    """

    def __init__(self, path: str | os.PathLike[str], *, accept_copy: bool = False) -> None:
        self._path = os.fspath(path)
        self._accept_copy = accept_copy
        self._file: JournalFile | None = None
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
        await self._do(lambda file: file.next_run())

    async def prior(self, entry: JournalEntry, redo: Collection[BulkStatus] = ()) -> PriorState:
        """Return the state of an action; as `Journal.prior`.

        Args:
            entry: the action.
            redo: how the action may have ended in an earlier run to begin again.

        Raises:
            JournalError: the journal cannot be used, or belongs to another list.
        """
        if entry.in_a_list and self._file is not None and not self._file.resumes:
            # `begin` finds what this run began.
            self._file.check_first(entry)
            return PriorState.FRESH
        return await self._do(lambda file: file.prior(entry, redo))

    async def recorded(self, entry: JournalEntry) -> BulkOutcome | None:
        """Return the recorded outcome of an action; None if it has none.

        Args:
            entry: the action.

        Raises:
            JournalError: the file cannot be read.
        """
        return await self._do(lambda file: file.recorded(entry.name))

    async def begin(self, entry: JournalEntry, redo: Collection[BulkStatus] = ()) -> PriorState:
        """Record that an action begins, unless it was begun before; return once it is on the disk.

        Args:
            entry: the action.
            redo: how the action may have ended in an earlier run to begin again.

        Raises:
            JournalError: it could not be written, or the journal belongs to another list.
        """
        states: list[PriorState] = []
        try:
            return await self._do(lambda file: file.begin(entry, redo, time.time()), states)
        except anyio.get_cancelled_exc_class():  # it is written nevertheless, and not sent
            if states == [PriorState.FRESH]:
                self._batch.steps.append(lambda file: file.undo(entry.name))
            raise

    async def finish(self, entry: JournalEntry, outcome: BulkOutcome) -> None:
        """Record how an action ended; the next `begin` or `flush` writes it.

        Args:
            entry: the action.
            outcome: how it ended; `not_started` undoes `begin`.
        """
        self._batch.steps.append(lambda file: file.finish(entry, outcome))

    async def flush(self) -> None:
        """Write what is pending.

        Raises:
            JournalError: it could not be written; an action that was not written stays in doubt.
        """
        await self._do(lambda file: None)

    # Reading it back

    def outcomes(self) -> JournalOutcomes:
        """Return every outcome of every run: use `async for`, or `for` while the file is not open.

        They come in the order in which the actions first began. What was begun and never finished
        is `unknown`.
        """
        return JournalOutcomes(self)

    async def _page(self, after: int) -> tuple[list[BulkOutcome], int]:
        return await self._do(lambda file: file.outcomes(after))

    async def counts(self) -> dict[BulkStatus, int]:
        """Return how many actions ended how, over all runs; what is only begun counts as unknown.

        Raises:
            JournalError: the file cannot be read.
        """
        return await self._do(lambda file: file.counts())

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
        known = settled_status(status)
        return await self._do(lambda file: file.settle(key, known))

    async def forget(self, *, older_than: timedelta) -> int:
        """Remove the actions that are done or failed since long; as `Journal.forget`.

        Args:
            older_than: how long ago an action has ended, at least.

        Returns:
            How many were removed.

        Raises:
            InvalidArgumentError: `older_than` is no time.
            JournalError: the file could not be written.
        """
        before = time.time() - age_of(older_than).total_seconds()
        return await self._do(lambda file: file.forget(before))

    async def aclose(self) -> None:
        """Write what is pending and close the file, which is then the whole journal.

        Raises:
            JournalError: it could not be written; an action that was not written stays in doubt.
                An earlier failure is not raised again.
        """
        with anyio.CancelScope(shield=True):
            try:
                if self._broken is None and (self._file is not None or self._batch.steps):
                    await self.flush()
            finally:
                await self._close()

    async def _close(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        is_whole = self._broken is None
        try:
            await anyio.to_thread.run_sync(lambda: file.close(is_whole=is_whole))
        except Exception as error:
            if is_whole:
                raise self._unwritten(error) from error

    # Transactions

    async def _do(self, step: Callable[[JournalFile], T], results: list[T] | None = None) -> T:
        """Do a step in a transaction, and return once it is on the disk, even if cancelled."""
        results = [] if results is None else results
        errors: list[JournalError] = []

        def attempt(file: JournalFile) -> None:
            try:
                results.append(step(file))
            except JournalError as error:  # of this step alone
                errors.append(error)

        batch = self._batch
        batch.steps.append(attempt)
        try:
            await self._written(batch)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await batch.done.wait()
            raise
        for error in (batch.error, *errors):
            if error is not None:
                raise error
        return results[0]

    async def _written(self, batch: _Batch) -> None:
        if batch.led:
            await batch.done.wait()
            return
        batch.led = True
        with anyio.CancelScope(shield=True):
            if self._busy:
                await batch.turn.wait()
            for _ in range(_GATHERING):
                await anyio.lowlevel.checkpoint()
            self._busy, self._batch = True, _Batch()
            try:
                await self._transaction(await self._opened(), batch.steps)
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
        self, file: JournalFile, steps: list[Callable[[JournalFile], None]]
    ) -> None:
        """Write the rows here, which is quick, and wait for the disk in a thread."""
        db = file.db
        try:
            file.begin_transaction()
            changes = db.total_changes
            for step in steps:
                step(file)
            if db.total_changes > changes:
                file.write_summary()
                await anyio.to_thread.run_sync(file.commit)
            else:
                db.rollback()
        except BaseException:
            if db.in_transaction:
                db.rollback()
            raise

    async def _opened(self) -> JournalFile:
        if self._broken is not None:
            raise self._broken
        if self._file is None:
            self._file = await anyio.to_thread.run_sync(self._open)
        return self._file

    def _open(self) -> JournalFile:
        from .sqlite_tables import JournalFile

        return JournalFile.open(self._path, accept_copy=self._accept_copy)

    def _unwritten(self, error: BaseException) -> JournalError:
        if isinstance(error, JournalError):
            return error
        wrong = JournalError(
            f"{self._path}: the journal cannot be written ({error}); nothing more is sent."
            " Fix that and run it again."
        )
        wrong.__cause__ = error
        return wrong


@frozen
class JournalOutcomes:
    """The outcomes of a `SqliteJournal`: use `for` or `async for`.

    Raises:
        JournalError: the file cannot be read.
    """

    _journal: SqliteJournal

    def __iter__(self) -> Iterator[BulkOutcome]:
        if self._journal._file is not None:
            raise JournalError("outcomes: use async for, while the journal is open.")
        file = self._journal._open()
        try:
            for page in file.pages():
                yield from page
        finally:
            file.close(is_whole=True)

    def __aiter__(self) -> AsyncIterator[BulkOutcome]:
        return _Pages(self._journal)


@define
class _Pages:
    """Reads outcomes a page at a time; one that is left early leaves nothing open."""

    _journal: SqliteJournal
    _after: int = 0
    _read: list[BulkOutcome] = field(factory=list)  # the next one is the last

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BulkOutcome:
        if not self._read:
            page, self._after = await self._journal._page(self._after)
            self._read = page[::-1]
        if not self._read:
            raise StopAsyncIteration
        return self._read.pop()
