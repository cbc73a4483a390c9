"""A clock for tests: it runs by itself, or stands still, and the test moves it forward."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import anyio

from ..emulator.notifier import Notifier

__all__ = ["Clock"]


class Clock:
    """Seconds that a test can move: give an emulator `clock=clock, wall=clock.wall,
    sleep=clock.sleep`.

    Attributes:
        sleepers: how many sleep now.

    Args:
        runs: whether time also passes by itself; a clock that does not stands still until moved.
        monotonic: what it follows while it runs.
    """

    def __init__(
        self, *, runs: bool = True, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._runs = runs
        self._monotonic = monotonic
        self._began = monotonic()
        self._wall = time.time()
        self._moved = 0.0
        self._notifier = Notifier()
        self._asleep_notifier = Notifier()
        self.sleepers: int = 0

    def __call__(self) -> float:
        """The seconds since the clock was made, and what it was moved."""
        return (self._monotonic() - self._began if self._runs else 0.0) + self._moved

    def wall(self) -> float:
        """The same as seconds since 1970."""
        return self._wall + self()

    def advance(self, seconds: float) -> None:
        """Move the clock forward; whoever sleeps until then wakes. From any thread.

        Args:
            seconds: how far.

        Raises:
            ValueError: it is not a finite number, 0 or more.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError("seconds: give a finite number, not below 0.")
        self._moved += seconds
        self._notifier.notify()

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has come so far, by itself or by being moved.

        Args:
            seconds: how far from now.
        """
        until = self() + seconds
        with self._notifier.subscribe() as subscription:
            self.sleepers += 1
            self._asleep_notifier.notify()
            try:
                while (left := until - self()) > 0:
                    with anyio.move_on_after(left if self._runs else math.inf):
                        await subscription.wait()
            finally:
                self.sleepers -= 1

    async def someone_sleeps(self, sleepers: int = 1) -> None:
        """Wait until a task sleeps; moving the clock then wakes it.

        Args:
            sleepers: how many at least.
        """
        with self._asleep_notifier.subscribe() as subscription:
            while self.sleepers < sleepers:
                await subscription.wait()
