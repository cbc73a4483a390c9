"""A journal in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator
from datetime import UTC, datetime, timedelta

from attrs import define, evolve, frozen

from ..errors import JournalError, NotSentError
from .journal import (
    BEGUN,
    BaseJournal,
    JournalEntry,
    PriorState,
    age_of,
    began_before,
    name_of,
    prior_state,
    settled_status,
)
from .recorded import in_doubt, settled
from .report import BulkOutcome, BulkStatus

__all__ = ["KeptOutcomes", "MemoryJournal"]


@define
class _Kept:
    content: str
    run: int
    outcome: BulkOutcome
    began: datetime
    begun: bool = True
    before: _Kept | None = None

    @property
    def status(self) -> str:
        return BEGUN if self.begun else self.outcome.status.value


@frozen
class KeptOutcomes:
    """The outcomes of a `MemoryJournal`: use `for` or `async for`."""

    _outcomes: tuple[BulkOutcome, ...]

    def __iter__(self) -> Iterator[BulkOutcome]:
        return iter(self._outcomes)

    async def __aiter__(self) -> AsyncIterator[BulkOutcome]:
        for outcome in self._outcomes:
            yield outcome


class MemoryJournal(BaseJournal):
    """A journal in memory, for several runs of one list in one process, or for `perform`.

    An action that was begun and has not ended is under way: whoever began it is in this process.
    """

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._run = 0

    async def start(self) -> None:
        """Start a run."""
        self._run += 1

    async def prior(self, entry: JournalEntry, redo: Collection[BulkStatus] = ()) -> PriorState:
        """Return the state of an action; as `Journal.prior`.

        Args:
            entry: the action.
            redo: how the action may have ended in an earlier run to begin again.

        Raises:
            JournalError: the journal belongs to another list.
        """
        kept = self._kept.get(entry.name)
        if kept is None:
            return PriorState.FRESH
        if kept.content != entry.content:
            raise JournalError(f"{entry.name} is another action in this journal.")
        if kept.begun and kept.run == self._run:
            return PriorState.UNDER_WAY
        single = not entry.in_a_list and began_before(entry, kept.began)
        return prior_state(kept.status, kept.run < self._run or single, redo)

    async def recorded(self, entry: JournalEntry) -> BulkOutcome | None:
        """Return the recorded outcome of an action; None if it has none. It never raises.

        Args:
            entry: the action.
        """
        kept = self._kept.get(entry.name)
        return None if kept is None else kept.outcome

    async def begin(self, entry: JournalEntry, redo: Collection[BulkStatus] = ()) -> PriorState:
        """Record that an action begins, unless it was begun before; as `Journal.begin`.

        Args:
            entry: the action.
            redo: how the action may have ended in an earlier run to begin again.

        Raises:
            JournalError: the journal belongs to another list.
        """
        state = await self.prior(entry, redo)
        if state is PriorState.FRESH:
            before = self._kept.get(entry.name)
            now = datetime.now(UTC)
            begun = in_doubt(entry.action, now, entry.number or None)
            self._kept[entry.name] = _Kept(entry.content, self._run, begun, now, before=before)
        return state

    async def finish(self, entry: JournalEntry, outcome: BulkOutcome) -> None:
        """Record how an action ended; as `Journal.finish`.

        Args:
            entry: the action.
            outcome: how it ended; `not_started` undoes `begin`.
        """
        if isinstance(outcome.error, NotSentError) or outcome.status is BulkStatus.NOT_STARTED:
            self._undo(entry.name)
        kept = self._kept.get(entry.name)
        if outcome.status is BulkStatus.NOT_STARTED:
            return
        numbered = evolve(outcome, number=entry.number or None)
        begun = kept is not None and kept.begun and kept.run == self._run
        if kept is None or begun or kept.outcome.status is not BulkStatus.UNKNOWN:
            began = datetime.now(UTC) if kept is None else kept.began
            self._kept[entry.name] = _Kept(entry.content, self._run, numbered, began, begun=False)

    def _undo(self, name: str) -> None:
        kept = self._kept.get(name)
        if kept is None or not kept.begun:
            return
        if kept.before is None:
            del self._kept[name]
        else:
            self._kept[name] = kept.before

    def outcomes(self) -> KeptOutcomes:
        """Return every recorded outcome, in the order in which the actions began."""
        return KeptOutcomes(tuple(kept.outcome for kept in self._kept.values()))

    async def counts(self) -> dict[BulkStatus, int]:
        """Return how many actions ended how, over all runs; what is only begun is unknown.

        It never raises.
        """
        counts = dict.fromkeys((BulkStatus.DONE, BulkStatus.FAILED, BulkStatus.UNKNOWN), 0)
        for kept in self._kept.values():
            counts[kept.outcome.status] += 1
        return counts

    async def settle(self, key: str | int, status: BulkStatus | str) -> BulkOutcome:
        """Record how an unknown action ended, as a person has found out.

        Args:
            key: the action's key, or its position in the list, from 1.
            status: "done" or "failed".

        Raises:
            InvalidArgumentError: the status is another one.
            JournalError: there is no unknown action of that key.
        """
        status, name = settled_status(status), name_of(key)
        kept = self._kept.get(name)
        if kept is None or kept.outcome.status is not BulkStatus.UNKNOWN:
            raise JournalError(f"{name}: there is no unknown action of that name.")
        outcome = settled(kept.outcome, status, datetime.now(UTC))
        self._kept[name] = _Kept(kept.content, kept.run, outcome, kept.began, begun=False)
        return outcome

    async def forget(self, *, older_than: timedelta) -> int:
        """Remove the actions that are done or failed since long; as `Journal.forget`.

        Args:
            older_than: how long ago an action has ended, at least.

        Raises:
            InvalidArgumentError: `older_than` is no time.
        """
        before = datetime.now(UTC) - age_of(older_than)
        old = [
            name
            for name, kept in self._kept.items()
            if kept.outcome.status is not BulkStatus.UNKNOWN
            and kept.outcome.ended is not None
            and kept.outcome.ended <= before
        ]
        for name in old:
            del self._kept[name]
        return len(old)
