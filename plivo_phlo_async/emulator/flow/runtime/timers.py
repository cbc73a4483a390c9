"""Events that are due later."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator

import attrs

from ..engine.events import FlowEvent

__all__ = ["ScheduledEvent", "TimerTable"]


@attrs.frozen
class ScheduledEvent:
    """An event of a run that is due at a second of the clock; its own time is set then."""

    due: float
    run_id: str
    event: FlowEvent


class TimerTable:
    """The scheduled events of all runs, in the order in which they are due."""

    def __init__(self) -> None:
        # The queue may still have cancelled ones.
        self._queue: list[tuple[float, int, ScheduledEvent]] = []
        self._by_run: dict[str, list[ScheduledEvent]] = {}
        self._order = itertools.count()

    def __iter__(self) -> Iterator[ScheduledEvent]:
        return iter([one for events in self._by_run.values() for one in events])

    def add(self, scheduled: ScheduledEvent) -> None:
        """Schedule an event, after those that are due at the same time."""
        heapq.heappush(self._queue, (scheduled.due, next(self._order), scheduled))
        self._by_run.setdefault(scheduled.run_id, []).append(scheduled)

    @property
    def due(self) -> float | None:
        """When the next event is due, None for never."""
        while self._queue and not self._is_scheduled(self._queue[0][2]):
            heapq.heappop(self._queue)
        return self._queue[0][0] if self._queue else None

    def pop(self) -> ScheduledEvent:
        """Remove the next event; `due` is not None."""
        scheduled = heapq.heappop(self._queue)[2]
        self._remove(scheduled)
        return scheduled

    def keep(self, run_id: str, wanted: Callable[[FlowEvent], bool]) -> None:
        """Cancel the events of a run that are not wanted any more."""
        for scheduled in [*self._by_run.get(run_id, ())]:
            if not wanted(scheduled.event):
                self._remove(scheduled)

    def clear(self) -> None:
        """Cancel every event."""
        self._queue.clear()
        self._by_run.clear()

    def _is_scheduled(self, scheduled: ScheduledEvent) -> bool:
        return any(one is scheduled for one in self._by_run.get(scheduled.run_id, ()))

    def _remove(self, scheduled: ScheduledEvent) -> None:
        left = [one for one in self._by_run[scheduled.run_id] if one is not scheduled]
        if left:
            self._by_run[scheduled.run_id] = left
        else:
            del self._by_run[scheduled.run_id]
