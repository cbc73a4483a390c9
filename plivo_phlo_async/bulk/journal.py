"""Journals: what a bulk run began and finished, so that it survives being killed.

An action is begun in the journal immediately before its request is sent, and finished after its
response. What was begun and never finished is in doubt: it may have happened.
"""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Collection
from enum import StrEnum
from typing import Protocol

from attrs import frozen

from ..actions import Action
from .report import BulkOutcome, BulkStatus

__all__ = ["BEGUN", "BaseJournal", "Journal", "JournalEntry", "PriorState", "prior_state"]

BEGUN = "begun"


class PriorState(StrEnum):
    """The state of an action before it begins; only a fresh one is sent.

    Attributes:
        FRESH: it was never begun, or is to be redone.
        IN_DOUBT: it was begun, and how it ended is unknown.
        FINISHED: it has ended.
    """

    FRESH = "fresh"
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
        number: its position in the list, from 1.
    """

    name: str
    content: str
    action: Action
    number: int

    @classmethod
    def of(cls, action: Action, number: int) -> JournalEntry:
        """Return the entry of an action.

        Args:
            action: the action.
            number: its position in the list, from 1.
        """
        name = f"number {number}" if action.key is None else f"key {action.key!r}"
        return cls(name, content_of(action), action, number)


def content_of(action: Action) -> str:
    """Return a digest of what an action does."""
    payload = "" if action.payload is None else json.dumps(action.payload, sort_keys=True)
    fields = (action.verb, action.phlo_id, action.node_id, action.member_address)
    more = (action.trigger_source, action.to, action.role, action.node_type, action.run_id)
    text = "\0".join(map(str, (*fields, *more, payload)))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


class Journal(Protocol):
    """What a bulk run calls; derive from `BaseJournal`, or give any object with these methods."""

    @abstractmethod
    async def start(self) -> None:
        """Start a run. If it raises, nothing is sent."""

    @abstractmethod
    async def prior(self, entry: JournalEntry, redo: Collection[BulkStatus] = ()) -> PriorState:
        """Return the state of an action, before it waits for its turn; record nothing.

        A run calls it in the order of its list, and begins what is fresh. If it raises, the run
        ends.

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

        A run calls it immediately before the request, when the action has a connection and a token
        of the rate limit. If it raises, the action is not sent and the run ends.

        Args:
            entry: the action.
            redo: how the action may have ended in an earlier run to begin again.

        Returns:
            Its state before; only a fresh action is sent.
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


class BaseJournal(Journal):
    """A base class for journals: override `begin` and `finish`, and the others where needed."""

    async def start(self) -> None:
        """Do nothing. If an override raises, nothing is sent."""

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

    async def flush(self) -> None:
        """Do nothing. If an override raises, the run ends."""


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
