"""The use of a journal: what to do again, and when an action begins."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection

from attrs import evolve, frozen

from ..actions import Action
from ..errors import InvalidArgumentError, NotSentError
from .journal import Journal, JournalEntry, PriorState
from .redo import Redo, parse_redo
from .report import BulkOutcome, BulkStatus
from .sqlite_journal import SqliteJournal

__all__ = [
    "JournalRecorder",
    "JournalSession",
    "NotFresh",
    "NotRecorded",
    "session_of",
    "session_of_one",
]


class NotFresh(Exception):
    """Another worker or process has begun the action meanwhile."""

    def __init__(self, state: PriorState) -> None:
        self.state = state


class NotRecorded(Exception):
    """The journal failed, so that the action is not sent."""

    def __init__(self, error: Exception) -> None:
        self.error = error


@frozen
class JournalRecorder:
    """Begins an action in the journal immediately before its request."""

    _session: JournalSession
    _entry: JournalEntry
    _write_behind: Callable[[], None]

    def about_to_wait(self) -> None:
        """Write what is pending in the journal meanwhile."""
        self._write_behind()

    async def begin(self) -> None:
        """Record that the request follows.

        Raises:
            NotFresh: the action was begun meanwhile.
            NotRecorded: the journal failed.
        """
        try:
            state = await self._session.begin(self._entry)
        except Exception as error:
            raise NotRecorded(error) from error
        if state is not PriorState.FRESH:
            raise NotFresh(state)

    def may_send(self) -> bool:
        """Return whether the request may still be sent."""
        return self._session.may_send(self._entry)

    async def undo(self) -> None:
        """Record that the action has not begun; raises `NotRecorded`."""
        not_started = BulkOutcome(self._entry.action, BulkStatus.NOT_STARTED)
        try:
            await self._session.finish(self._entry, not_started)
        except Exception as error:
            raise NotRecorded(error) from error


class JournalSession:
    """The use of a journal by a bulk run, or for one action.

    Args:
        journal: the journal.
        redo: what to do again.
        owned: the same journal, if the run opens and closes it.
    """

    def __init__(
        self, journal: Journal, redo: Redo = (), *, owned: SqliteJournal | None = None
    ) -> None:
        self._journal, self._owned = journal, owned
        self._redo = redo if callable(redo) else parse_redo(redo)
        self.is_pending: bool = False  # what is finished may not be written

    def without_redo(self) -> JournalSession:
        """Return a session with the same journal that does nothing again."""
        return JournalSession(self._journal)

    async def start(self) -> None:
        """Start a run."""
        await self._journal.start()

    async def asked_now(self, entry: JournalEntry) -> JournalEntry:
        """Return the entry of an action that is asked for now, if something may be done again."""
        return evolve(entry, asked=await self._journal.now()) if self._redo else entry

    async def prior(self, entry: JournalEntry) -> PriorState:
        """Return the state of an action, before it waits for its turn."""
        return await self._journal.prior(entry, self._redone(entry.action))

    async def recorded(self, entry: JournalEntry) -> BulkOutcome | None:
        """Return the recorded outcome of an action."""
        return await self._journal.recorded(entry)

    async def begin(self, entry: JournalEntry) -> PriorState:
        """Begin an action, and return its state before."""
        return await self._journal.begin(entry, self._redone(entry.action))

    def may_send(self, entry: JournalEntry) -> bool:
        """Return whether an action that was begun may still be sent."""
        return self._journal.may_send(entry)

    def _redone(self, action: Action) -> Collection[BulkStatus]:
        return parse_redo(self._redo(action)) if callable(self._redo) else self._redo

    async def finish(self, entry: JournalEntry, outcome: BulkOutcome) -> None:
        """Finish an action; outside a list, one that was not sent is as if it never began."""
        if isinstance(outcome.error, NotSentError) and not entry.in_a_list:
            outcome = BulkOutcome(entry.action, BulkStatus.NOT_STARTED)
        self.is_pending = True
        await self._journal.finish(entry, outcome)

    async def flush(self) -> None:
        """Write what is pending."""
        await self._journal.flush()

    async def aclose(self) -> None:
        """Close the journal, if the run opened it."""
        if self._owned is not None:
            await self._owned.aclose()


_METHODS = ("start", "now", "prior", "recorded", "begin", "may_send", "finish", "flush")


def session_of(
    journal: str | os.PathLike[str] | Journal | None, redo: Redo
) -> JournalSession | None:
    """Return the session of a run with a journal; None without one.

    Args:
        journal: the path of a SQLite file, or a journal.
        redo: what to do again.

    Raises:
        InvalidArgumentError: an argument is invalid; the message names it.
    """
    if journal is None:
        if redo:
            raise InvalidArgumentError("redo: it needs the journal of an earlier run.")
        return None
    if isinstance(journal, str | os.PathLike):
        own = SqliteJournal(journal)
        return JournalSession(own, redo, owned=own)
    _check_methods(journal, "a path, or a Journal")
    return JournalSession(journal, redo)


def session_of_one(journal: Journal, redo: Redo) -> JournalSession:
    """Return the session of one action with a journal, which stays open.

    Args:
        journal: the journal.
        redo: what to do again.

    Raises:
        InvalidArgumentError: an argument is invalid; the message names it.
    """
    if isinstance(journal, str | os.PathLike):
        raise InvalidArgumentError(
            "journal: open it once for all actions, e.g. with SqliteJournal(path), and give that."
        )
    _check_methods(journal, "a Journal")
    return JournalSession(journal, redo)


def _check_methods(journal: Journal, wanted: str) -> None:
    if not all(hasattr(journal, method) for method in _METHODS):
        raise InvalidArgumentError(f"journal: give {wanted} with all its methods.")
