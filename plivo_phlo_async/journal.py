"""What was begun and what was finished, so that a bulk run can be killed and go on later.

An action is begun in the journal before its request leaves, and finished after its answer. What was
begun and never finished is in doubt: it may have happened, and nobody can tell from here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from enum import StrEnum
from typing import Protocol

from .actions import Action
from .reports import BulkOutcome, BulkStatus

__all__ = ["BEGUN", "Journal", "MemoryJournal", "Standing", "identity", "standing_of"]

BEGUN = "begun"


class Standing(StrEnum):
    """How an action stood when it was to begin: only what is fresh may be sent."""

    FRESH = "fresh"
    IN_DOUBT = "in_doubt"
    FINISHED = "finished"


class Journal(Protocol):
    """What a bulk run asks of a journal; give any object that has these two methods.

    It may also have `async def start()`, called when a run begins, and `async def flush()`, called
    when it ends or has nothing to do: what is finished may be written that late.
    """

    async def begin(self, key: str) -> Standing:
        """Note that an action is begun, unless it was before; on return it is written.

        A run asks in the order of its list. If it raises, the action is not sent. A run that is to
        do some actions again gives a second argument, `redo`: how an action may have ended in an
        earlier run to be begun anew all the same.

        Args:
            key: what tells the action from all others.

        Returns:
            How it stood before; only what is fresh is sent.
        """

    async def finish(self, key: str, outcome: BulkOutcome) -> None:
        """Note how an action ended. If it raises, the run ends.

        Args:
            key: as given to `begin`.
            outcome: how it ended; `not_started` takes its beginning back.
        """


def identity(action: Action, number: int) -> str:
    """What tells an action from all others: its key or its place in the list, and its content.

    Args:
        action: the action.
        number: its place in the list, from 1.
    """
    fields = (action.verb, action.phlo_id, action.node_id, action.member_address)
    more = (action.trigger_source, action.to, action.role, action.node_type, action.run_id)
    told = "\0".join(map(str, (*fields, *more, action.payload or "")))
    content = hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
    name = f"number {number}" if action.key is None else f"key {action.key!r}"
    return f"{name} {content}"


def standing_of(status: str, earlier: bool, redo: Collection[BulkStatus]) -> Standing:
    """How an action stands that was begun before; `earlier` tells in an earlier run."""
    ended = BulkStatus.UNKNOWN if status == BEGUN else BulkStatus(status)
    if earlier and ended in redo:
        return Standing.FRESH
    return Standing.IN_DOUBT if ended is BulkStatus.UNKNOWN else Standing.FINISHED


class MemoryJournal:
    """A journal that lasts as long as the process, for several runs over one list.

    Its methods are `Journal`'s.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, int, str | None]] = {}  # status, run, status before
        self._run = 0

    async def start(self) -> None:
        """A run begins."""
        self._run += 1

    async def begin(self, key: str, redo: Collection[BulkStatus] = ()) -> Standing:
        """Note that an action is begun, unless it was before.

        Args:
            key: what tells the action from all others.
            redo: how it may have ended in an earlier run to be begun anew all the same.
        """
        status, run, _ = self._known.get(key, (None, 0, None))
        standing = Standing.FRESH
        if status is not None:
            standing = standing_of(status, run < self._run, redo)
        if standing is Standing.FRESH:
            self._known[key] = (BEGUN, self._run, status)
        return standing

    async def finish(self, key: str, outcome: BulkOutcome) -> None:
        """Note how an action ended.

        Args:
            key: as given to `begin`.
            outcome: how it ended; `not_started` takes its beginning back.
        """
        _, run, before = self._known.get(key, (None, self._run, None))
        if outcome.status is not BulkStatus.NOT_STARTED:
            self._known[key] = (outcome.status, run, None)
        elif before is not None:
            self._known[key] = (before, run, None)
        else:
            self._known.pop(key, None)
