"""The retry budget: a failing server gets few retries beyond the actions begun."""

from __future__ import annotations

import threading
from collections import deque

from .._event_loop import on_fork

__all__ = ["RetryBudget"]

_FREE_RETRIES = 10  # a minute
_MINUTE = 60


class RetryBudget:
    """Counts a client's actions and retries of the last minute; threads may share it."""

    def __init__(self) -> None:
        self._seconds: deque[list[int]] = deque()  # [second, actions, retries]
        self._actions = self._retries = 0
        self.after_fork()
        on_fork(self)

    def after_fork(self) -> None:
        """Replace the lock, which another thread of the parent process may hold."""
        self._lock = threading.Lock()

    def deposit(self, now: float) -> None:
        """Count an action that begins.

        Args:
            now: the time, in seconds.
        """
        with self._lock:
            self._second(now)[1] += 1
            self._actions += 1

    def withdraw(self, ratio: float | None, now: float) -> bool:
        """Return whether one more retry is allowed; if so, count it.

        Args:
            ratio: retries allowed for each action of the last minute; None for any number.
            now: the time, in seconds.
        """
        with self._lock:
            second = self._second(now)
            if ratio is not None and self._retries >= max(_FREE_RETRIES, ratio * self._actions):
                return False
            second[2] += 1
            self._retries += 1
            return True

    def _second(self, now: float) -> list[int]:
        second = int(now)
        while self._seconds and self._seconds[0][0] < second - _MINUTE:  # at least a whole minute
            _, actions, retries = self._seconds.popleft()
            self._actions -= actions
            self._retries -= retries
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append([second, 0, 0])
        return self._seconds[-1]
