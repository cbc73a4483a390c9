"""Clocks that run faster or slower than the real ones."""

from collections.abc import Awaitable, Callable

__all__ = ["TimeScale"]


class TimeScale:
    """Simulated time.

    Args:
        speed: how many simulated seconds pass in a real one.
        clock: returns monotonic seconds.
        wall: returns the seconds since 1970.
        sleep: waits, in seconds.

    Raises:
        ValueError: the speed is not above 0.
    """

    def __init__(
        self,
        speed: float,
        clock: Callable[[], float],
        wall: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        if not 0 < speed < 1e6:
            raise ValueError("speed: give a number above 0, below a million.")
        self._speed = speed
        self._clock, self._wall, self._sleep = clock, wall, sleep
        self._began_clock, self._began_wall = clock(), wall()

    def clock(self) -> float:
        """Return the simulated monotonic seconds."""
        return self._began_clock + (self._clock() - self._began_clock) * self._speed

    def wall(self) -> float:
        """Return the simulated seconds since 1970."""
        return self._began_wall + (self._wall() - self._began_wall) * self._speed

    async def sleep(self, seconds: float) -> None:
        """Wait for simulated seconds."""
        await self._sleep(seconds / self._speed)
