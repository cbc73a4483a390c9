"""A clock for tests, which runs or stands still, and which a test can move forward."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import anyio

from ..emulator.notifier import Notifier

__all__ = ["Clock"]


class Clock:
    """A clock that a test can move; pass `clock=clock, wall=clock.wall, sleep=clock.sleep` to an
    emulator.

    Attributes:
        sleepers: the number of tasks that sleep now.

    Args:
        runs: whether time also passes on its own, else only when the clock is moved.
        monotonic: the clock it follows while it runs.
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
        """The seconds since the clock was created, plus those it was moved."""
        return (self._monotonic() - self._began if self._runs else 0.0) + self._moved

    def wall(self) -> float:
        """The same as seconds since 1970."""
        return self._wall + self()

    def advance(self, seconds: float) -> None:
        """Move the clock forward, and wake the tasks that sleep until then; from any thread.

        Args:
            seconds: by how many seconds.

        Raises:
            ValueError: the number is negative or not finite.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError("seconds: give a finite number, not below 0.")
        self._moved += seconds
        self._notifier.notify()

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has advanced, on its own or because it was moved.

        Args:
            seconds: by how many seconds from now.
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
            sleepers: the minimum number of sleeping tasks.
        """
        with self._asleep_notifier.subscribe() as subscription:
            while self.sleepers < sleepers:
                await subscription.wait()
