"""Slots: how many requests may be under way at once, over every event loop and thread."""

from __future__ import annotations

import threading
from typing import Any

import anyio

from .event_loop import WaitQueues, Wakeup, is_over, on_fork, running_loop

__all__ = ["ConnectionSlots"]

_LOOK_AGAIN = 1.0  # seconds; an event loop that is closed with slots held wakes nobody


class ConnectionSlots:
    """A semaphore shared by event loops and threads.

    A slot is returned with the loop that acquired it. When an event loop ends with slots still
    held, they are free again.

    Args:
        count: how many slots there are.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self.after_fork()
        on_fork(self)

    def after_fork(self) -> None:
        """Start afresh: what the parent process holds is not held here."""
        self._lock = threading.RLock()  # a task may be destroyed, and release, in the middle
        self._free = self._count
        self._held: dict[Any, int] = {}
        self._queues = WaitQueues()
        self._first_in_line: set[Wakeup] = set()

    def acquire_nowait(self) -> Any:
        """Return a slot to pass to `release`, or None if there is none or others wait for it."""
        return self._take() if self._queues.is_empty() else None

    async def acquire(self) -> Any:
        """Wait for a slot, behind everyone of this event loop; return it for `release`."""
        async with self._queues.first():
            while (slot := self._take()) is None:
                wakeup = Wakeup()
                self._first_in_line.add(wakeup)
                try:
                    slot = self._take()  # one may have been released before anyone could wake us
                    if slot is not None:
                        return slot
                    with anyio.move_on_after(_LOOK_AGAIN):
                        await wakeup.wait()
                finally:
                    self._first_in_line.discard(wakeup)
            return slot

    def release(self, slot: Any) -> None:
        """Return a slot; one of an event loop that has ended may be free already."""
        with self._lock:
            held = self._held.pop(slot, 0)
            if not held:
                return
            if held > 1:
                self._held[slot] = held - 1
            self._free += 1
        for wakeup in tuple(self._first_in_line):
            self._first_in_line.discard(wakeup)  # a loop that stands still is called once
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
