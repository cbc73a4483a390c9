"""Slots: they bound the concurrent requests of all event loops and threads."""

from __future__ import annotations

import threading
from typing import Any

import anyio

from .._event_loop import WaitQueues, Wakeup, is_over, on_fork, running_loop

__all__ = ["ConnectionSlots"]

_LOOK_AGAIN = 1.0  # seconds; an event loop that is closed with slots held wakes no waiter


class ConnectionSlots:
    """A semaphore shared by event loops and threads.

    A slot belongs to the event loop that acquired it. When the event loop ends, its slots are free
    again.

    Args:
        count: how many slots there are.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self.after_fork()
        on_fork(self)

    def after_fork(self) -> None:
        """Start with all slots free: what the parent process holds is not held here."""
        self._lock = threading.RLock()  # a task may be destroyed, and release, in the middle
        self._free = self._count
        self._held: dict[Any, int] = {}
        self._queues = WaitQueues()
        self._waiters: set[Wakeup] = set()

    def acquire_nowait(self) -> Any:
        """Return a slot for `release`, or None if none is free or other tasks wait."""
        return self._take() if self._queues.is_empty() else None

    async def acquire(self) -> Any:
        """Wait for a slot, behind the tasks of this event loop, and return it for `release`."""
        async with self._queues.turn():
            while (slot := self._take()) is None:
                wakeup = Wakeup()
                self._waiters.add(wakeup)
                try:
                    slot = self._take()  # one may have been released just before
                    if slot is not None:
                        return slot
                    with anyio.move_on_after(_LOOK_AGAIN):
                        await wakeup.wait()
                finally:
                    self._waiters.discard(wakeup)
            return slot

    def release(self, slot: Any) -> None:
        """Free a slot; that of an event loop that has ended may be free already."""
        with self._lock:
            held = self._held.pop(slot, 0)
            if not held:
                return
            if held > 1:
                self._held[slot] = held - 1
            self._free += 1
        for wakeup in tuple(self._waiters):
            self._waiters.discard(wakeup)  # wake a blocked loop only once
            wakeup.set()

    def _take(self) -> Any:
        loop = running_loop()
        with self._lock:
            if not self._free:
                self._reclaim()
            if not self._free:
                return None
            self._free -= 1
            self._held[loop] = self._held.get(loop, 0) + 1
        return loop

    def _reclaim(self) -> None:
        for loop in list(self._held):
            if is_over(loop):
                self._free += self._held.pop(loop, 0)
