"""Journals: what was begun and finished, so that it survives being killed.

An action is begun in the journal immediately before its request is sent, and finished after its
response. What was begun and never finished is in doubt: it may have happened.
"""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Collection
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from attrs import field, frozen

from ..actions import Action
from ..errors import InvalidArgumentError, JournalError
from .report import BulkOutcome, BulkStatus

__all__ = [
    "BEGUN",
    "BaseJournal",
    "Journal",
    "JournalEntry",
    "PriorState",
    "age_of",
    "began_before",
    "name_of",
    "prior_state",
    "settled_status",
]

BEGUN = "begun"


class PriorState(StrEnum):
    """The state of an action before it begins; only a fresh one is sent.

    Attributes:
        FRESH: it was never begun, or is to be redone.
        UNDER_WAY: it was begun, and the worker that began it may still be at work.
        IN_DOUBT: it was begun, and how it ended is unknown.
        FINISHED: it has ended.
    """

    FRESH = "fresh"
    UNDER_WAY = "under_way"
    IN_DOUBT = "in_doubt"
    FINISHED = "finished"


@frozen
class JournalEntry:
    """What a journal knows an action by.

    An action with a `key` is the same wherever it is in the list. An action without one is known by
    its position. The content shows whether it is still the same action.

    Attributes:
        name: "key 'order-7'" for an action with that key, else "number 7", its position from 1.
        content: a digest of every other field; the order of a payload's keys does not matter.
        action: the action.
        number: its position in the list, from 1; 0 for an action outside a list.
        longest_attempt: seconds that one attempt can take; infinite without a timeout.
        asked: when a single action was asked for, by the journal's clock: only what began before
            is done again. None where anything may be.
    """

    name: str
    content: str
    action: Action
    number: int = 0
    longest_attempt: float = field(default=40.0, eq=False)
    asked: datetime | None = field(default=None, eq=False)

    @classmethod
    def of(cls, action: Action, number: int = 0, *, longest_attempt: float = 40.0) -> JournalEntry:
        """Return the entry of an action.

        Args:
            action: the action.
            number: its position in the list, from 1; 0 for an action outside a list.
            longest_attempt: seconds that one attempt can take.
        """
        name = name_of(number if action.key is None else action.key)
        return cls(name, content_of(action), action, number, longest_attempt)

    @property
    def in_a_list(self) -> bool:
        """Whether it belongs to a list; else each of its performances is a run of its own."""
        return self.number > 0


def name_of(key: str | int) -> str:
    """Return the name of the action with that key, or without one at that position."""
    return f"number {key}" if isinstance(key, int) else f"key {key!r}"


def content_of(action: Action) -> str:
    """Return a digest of what an action does."""
    payload = "" if action.payload is None else json.dumps(action.payload, sort_keys=True)
    fields = (action.verb, action.phlo_id, action.node_id, action.member_address)
    more = (action.trigger_source, action.to, action.role, action.node_type, action.run_id)
    text = "\0".join(map(str, (*fields, *more, payload)))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


class Journal(Protocol):
    """A journal; derive from `BaseJournal`, or give any object with these methods."""

    @abstractmethod
    async def start(self) -> None:
        """Start a bulk run. If it raises, nothing is sent."""

    @abstractmethod
    async def now(self) -> datetime:
        """Return the time by the clock that says when an action began.

        `perform` calls it for an action to redo. If it raises, nothing is sent.
        """

    @abstractmethod
    async def prior(self, entry: JournalEntry, redo: Collection[BulkStatus] = ()) -> PriorState:
        """Return the state of an action, before it waits for its turn; record nothing.

        A run calls it in the order of its list, and begins what is fresh. If it raises, the run
        ends. `perform` calls it until the action is no longer under way.

        Args:
            entry: the action.
            redo: how the action may have ended in an earlier run to begin again.
        """

    @abstractmethod
    async def recorded(self, entry: JournalEntry) -> BulkOutcome | None:
        """Return the recorded outcome of an action; None if it has none.

        An action that was begun and has not ended is `unknown`. If it raises, the run ends.

        Args:
            entry: the action.
        """

    @abstractmethod
    async def begin(self, entry: JournalEntry, redo: Collection[BulkStatus] = ()) -> PriorState:
        """Record that an action begins, unless it was begun before; return once it is written.

        It is called immediately before the request, when the action has a connection and a token
        of the rate limit. If it raises, the action is not sent and the run ends.

        Args:
            entry: the action.
            redo: how the action may have ended in an earlier run to begin again.

        Returns:
            Its state before; only a fresh action is sent.
        """

    @abstractmethod
    def may_send(self, entry: JournalEntry) -> bool:
        """Return whether an action that was begun may still be sent; must not block.

        It is called before every attempt, as the last thing before the request is written.

        Args:
            entry: the action.
        """

    @abstractmethod
    async def finish(self, entry: JournalEntry, outcome: BulkOutcome) -> None:
        """Record how an action ended, whether it was begun or not. If it raises, the run ends.

        Args:
            entry: the action.
            outcome: how it ended; `not_started` undoes `begin`.
        """

    @abstractmethod
    async def flush(self) -> None:
        """Write what is pending. If it raises, the run ends.

        A run calls it at its end and whenever it has to wait; what is finished may be written this
        late.
        """

    # Reading it back; no run calls these.

    @abstractmethod
    def outcomes(self) -> AsyncIterable[BulkOutcome]:
        """Return every recorded outcome, in the order in which the actions began."""

    @abstractmethod
    def unknown(self) -> AsyncIterable[BulkOutcome]:
        """Return the outcomes that are unknown, in the order in which the actions began."""

    @abstractmethod
    async def counts(self) -> dict[BulkStatus, int]:
        """Return how many actions are done, failed and unknown; raises `JournalError`."""

    @abstractmethod
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

    @abstractmethod
    async def forget(self, *, older_than: timedelta) -> int:
        """Remove the actions that are done or failed since long, never an unknown one.

        A forgotten action is sent if it is asked for again.

        Args:
            older_than: how long ago an action has ended, at least.

        Returns:
            How many were removed.

        Raises:
            InvalidArgumentError: `older_than` is no time.
            JournalError: they could not be removed.
        """


class BaseJournal(Journal):
    """A base class for journals: override `begin` and `finish`, and the others where needed."""

    async def start(self) -> None:
        """Do nothing. If an override raises, nothing is sent."""

    async def now(self) -> datetime:
        """Return the time by this machine's clock. It never raises."""
        return datetime.now(UTC)

    async def prior(self, entry: JournalEntry, redo: Collection[BulkStatus] = ()) -> PriorState:
        """Return `FRESH`, so that `begin` decides. An override saves a wait for the rate limit.

        If an override raises, the run ends.

        Args:
            entry: the action.
            redo: how the action may have ended in an earlier run to begin again.
        """
        return PriorState.FRESH

    async def recorded(self, entry: JournalEntry) -> BulkOutcome | None:
        """Return None. An override lets a run report what an earlier one recorded.

        If an override raises, the run ends.

        Args:
            entry: the action.
        """
        return None

    def may_send(self, entry: JournalEntry) -> bool:
        """Return True: what was begun here cannot be begun by another worker.

        Args:
            entry: the action.
        """
        return True

    async def flush(self) -> None:
        """Do nothing. If an override raises, the run ends."""

    def outcomes(self) -> AsyncIterable[BulkOutcome]:
        """Raise `JournalError`. An override returns every recorded outcome."""
        raise self._missing("outcomes")

    async def unknown(self) -> AsyncIterator[BulkOutcome]:
        """Return the outcomes of `outcomes` that are unknown."""
        async for outcome in self.outcomes():
            if outcome.status is BulkStatus.UNKNOWN:
                yield outcome

    async def counts(self) -> dict[BulkStatus, int]:
        """Count the outcomes of `outcomes`; raises what that raises."""
        counts = dict.fromkeys((BulkStatus.DONE, BulkStatus.FAILED, BulkStatus.UNKNOWN), 0)
        async for outcome in self.outcomes():
            counts[outcome.status] += 1
        return counts

    async def settle(self, key: str | int, status: BulkStatus | str) -> BulkOutcome:
        """Raise `JournalError`. An override records what a person has found out.

        Args:
            key: the action's key, or its position in the list, from 1.
            status: "done" or "failed".
        """
        raise self._missing("settle")

    async def forget(self, *, older_than: timedelta) -> int:
        """Raise `JournalError`. An override removes the actions that ended long ago.

        Args:
            older_than: how long ago an action has ended, at least.
        """
        raise self._missing("forget")

    def _missing(self, method: str) -> JournalError:
        return JournalError(f"{type(self).__name__} does not support {method}; override it.")


def settled_status(status: BulkStatus | str) -> BulkStatus:
    """Return the status with which a person settles an action; raises `InvalidArgumentError`."""
    if status not in (BulkStatus.DONE, BulkStatus.FAILED):
        raise InvalidArgumentError('status: give "done" or "failed".')
    return BulkStatus(status)


def age_of(older_than: timedelta) -> timedelta:
    """Return the age of what is to be forgotten; raises `InvalidArgumentError`."""
    if not isinstance(older_than, timedelta) or older_than < timedelta():
        raise InvalidArgumentError("older_than: give a timedelta, such as timedelta(days=30).")
    return older_than


def began_before(entry: JournalEntry, began: datetime | None) -> bool:
    """Return whether what is known of a single action began before it was asked for.

    Args:
        entry: the action, as it is asked for.
        began: when it began, or ended without having begun.
    """
    return entry.asked is None or began is None or began < entry.asked


def prior_state(status: str, earlier: bool, redo: Collection[BulkStatus]) -> PriorState:
    """Return the state of an action that was begun before.

    Args:
        status: how it ended, or `BEGUN`.
        earlier: whether it was begun in an earlier run.
        redo: how it may have ended in an earlier run to begin again.
    """
    ended = BulkStatus.UNKNOWN if status == BEGUN else BulkStatus(status)
    if earlier and ended in redo:
        return PriorState.FRESH
    return PriorState.IN_DOUBT if ended is BulkStatus.UNKNOWN else PriorState.FINISHED
