"""Journals: what a bulk run began and finished, so that it survives being killed.

An action is begun in the journal before its request is sent, and finished after its response. What
was begun and never finished is in doubt: it may have happened.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Collection
from enum import StrEnum
from typing import Protocol

from ..actions import Action
from .report import BulkOutcome, BulkStatus

__all__ = [
    "BEGUN",
    "BaseJournal",
    "Journal",
    "MemoryJournal",
    "PriorState",
    "identity",
    "prior_state",
]

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


class Journal(Protocol):
    """What a bulk run calls; derive from `BaseJournal`, or give any object with these methods."""

    @abstractmethod
    async def start(self) -> None:
        """Start a run. If it raises, nothing is sent."""

    @abstractmethod
    async def begin(self, key: str, redo: Collection[BulkStatus] = ()) -> PriorState:
        """Record that an action begins, unless it was begun before; return once it is written.

        A run calls it in the order of its list. If it raises, the action is not sent and the run
        ends.

        Args:
            key: the action's identity.
            redo: how the action may have ended in an earlier run to begin again.

        Returns:
            Its state before; only a fresh action is sent.
        """

    @abstractmethod
    async def finish(self, key: str, outcome: BulkOutcome) -> None:
        """Record how an action ended. If it raises, the run ends.

        Args:
            key: as given to `begin`.
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

    async def flush(self) -> None:
        """Do nothing. If an override raises, the run ends."""


def identity(action: Action, number: int) -> str:
    """Return an action's identity: its key or its position in the list, and its content.

    Args:
        action: the action.
        number: its position in the list, from 1.
    """
    fields = (action.verb, action.phlo_id, action.node_id, action.member_address)
    more = (action.trigger_source, action.to, action.role, action.node_type, action.run_id)
    text = "\0".join(map(str, (*fields, *more, action.payload or "")))
    content = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
    name = f"number {number}" if action.key is None else f"key {action.key!r}"
    return f"{name} {content}"


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


class MemoryJournal(BaseJournal):
    """A journal in memory, for several runs of one list in one process.

    Its methods are those of `Journal`.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, int, str | None]] = {}  # status, run, status before
        self._run = 0

    async def start(self) -> None:
        """Start a run."""
        self._run += 1

    async def begin(self, key: str, redo: Collection[BulkStatus] = ()) -> PriorState:
        """Record that an action begins, unless it was begun before.

        Args:
            key: the action's identity.
            redo: how the action may have ended in an earlier run to begin again.
        """
        status, run, _ = self._known.get(key, (None, 0, None))
        state = PriorState.FRESH
        if status is not None:
            state = prior_state(status, run < self._run, redo)
        if state is PriorState.FRESH:
            self._known[key] = (BEGUN, self._run, status)
        return state

    async def finish(self, key: str, outcome: BulkOutcome) -> None:
        """Record how an action ended.

        Args:
            key: as given to `begin`.
            outcome: how it ended; `not_started` undoes `begin`.
        """
        _, run, before = self._known.get(key, (None, self._run, None))
        if outcome.status is not BulkStatus.NOT_STARTED:
            self._known[key] = (outcome.status, run, None)
        elif before is not None:
            self._known[key] = (before, run, None)
        else:
            self._known.pop(key, None)
