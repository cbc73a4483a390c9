"""The speed of a bulk run, and the time that is left."""

from __future__ import annotations

from collections import deque

__all__ = ["SpeedEstimate", "seconds_left"]

_PERIOD = 30.0  # seconds
_MIN_PERIOD = 1.0


class SpeedEstimate:
    """The actions per second over the last 30 seconds; pauses do not count."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()
        self._active = 0.0  # seconds without pauses
        self._added_at: float | None = None

    def add(self, now: float, performed: int, *, paused: bool) -> None:
        """Add a sample.

        Args:
            now: the time in seconds.
            performed: number of actions performed so far, without those of earlier runs.
            paused: whether the run waits because the server asked for it.
        """
        if self._added_at is not None and not paused:
            self._active += now - self._added_at
        self._added_at = now
        if not performed:  # what comes before the first action is not its speed
            return
        self._samples.append((self._active, performed))
        while self._active - self._samples[0][0] > _PERIOD:
            self._samples.popleft()

    @property
    def per_second(self) -> float | None:
        """The speed; None until a second has been measured."""
        if not self._samples:
            return None
        (began, before), (ended, after) = self._samples[0], self._samples[-1]
        return (after - before) / (ended - began) if ended - began >= _MIN_PERIOD else None


def seconds_left(
    remaining: int, speed: float | None, limit: float | None, pause: float
) -> float | None:
    """Return the seconds that the remaining actions take, or None if that is unknown.

    Args:
        remaining: number of actions.
        speed: actions per second, as measured; None if it is unknown.
        limit: requests per second that the rate limit allows; None for no limit.
        pause: remaining seconds of a pause that the server requested.
    """
    if not speed:
        return None
    return pause + remaining / (speed if limit is None else min(speed, limit))
