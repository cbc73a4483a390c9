"""The rate limit: a token bucket, first come, first served."""

from __future__ import annotations

import math
import threading
from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio

from .._event_loop import WaitQueues, loop_clock, on_fork
from ..errors import InvalidArgumentError

__all__ = ["Limiter", "RateLimit"]

_FULL = 1 - 1e-9  # one token, less what adding fractions may lose
_CUT = 0.7
_REGROWTH = 0.05  # of the full rate, per second
_FLOOR = 0.5  # requests per second
_JITTER = 1.0  # seconds by which the clocks of event loops may differ
_PROOF = 5  # requests that must pass after a refusal before the rate grows again


class Limiter(Protocol):
    """What the client calls; any object with these two methods is a limiter.

    What `pause` raises is logged, and the action continues. A limiter may also have `give_back()`,
    without arguments: an action that has its token is not sent, since another process has begun it.
    """

    async def acquire(self) -> None:
        """Wait until one more request may start.

        If it is cancelled while it waits, it should take nothing. What it raises becomes the cause
        of a `NotSentError`.
        """

    def pause(self, seconds: float) -> None:
        """Start nothing for a while, since the server refused; must not block.

        Args:
            seconds: for how long; 0 or more.
        """


class RateLimit:
    """A token bucket: no window of `per` seconds sees more than `requests` requests.

    Several clients of one account may share it. By default, a client has
    `RateLimit(300, per=5.0)`, the account limit that Plivo documents
    (https://docs.plivo.com/docs/voice/concepts/account-limits). So that the limit holds even if
    requests bunch on the way, the rate is `(requests - burst - 1 % of requests) / per`.

    Each refusal lowers the rate by 30 %, at most once a second. Once the server accepts requests
    again, the rate grows back by 5 % of the full rate each second.

    Args:
        requests: how many requests the server allows in any `per` seconds.
        per: the window, in seconds.
        burst: how many requests may start at once after a quiet time.
        clock: returns the time in seconds, the same in every event loop and thread.
        sleep: waits for some seconds.

    Event loops and threads may share it; within each, it is first come, first served. A forked
    process has its own copy; `plivo_phlo_async.redis` has a limit that processes share.

    Attributes:
        requests: as given.
        per: as given, in seconds.
        burst: as given.
        full_rate: requests per second while nothing is refused.

    Raises:
        InvalidArgumentError: a value is invalid; the message names it.
    """

    def __init__(
        self,
        requests: int,
        per: float,
        burst: int = 5,
        *,
        clock: Callable[[], float] = loop_clock,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        if not (_is_number(per) and per > 0):
            raise InvalidArgumentError("per: give a number of seconds above 0.")
        if not (_is_number(burst) and burst >= 1):
            raise InvalidArgumentError("burst: give a number, at least 1.")
        if not _is_number(requests):
            raise InvalidArgumentError("requests: give a number.")
        if requests * 0.99 <= burst:
            raise InvalidArgumentError(
                f"requests: {requests} leaves nothing beside a burst of {burst}; give more"
                " requests in a longer window (the same limit, e.g. 20 per 10 s for 2 per s),"
                " or a smaller burst."
            )
        self.requests: int = requests
        self.per: float = per
        self.burst: int = burst
        self.full_rate: float = (requests - burst - 0.01 * requests) / per
        self._clock, self._sleep = clock, sleep
        self._rate = self.full_rate
        self._tokens = float(burst)
        self._refilled_at: float | None = None
        self._paused_until = -float("inf")
        self._cut_at = -float("inf")
        self._passed = _PROOF
        self.after_fork()
        on_fork(self)

    def after_fork(self) -> None:
        """Drop the parent process's waiters."""
        self._lock = threading.Lock()
        self._queues = WaitQueues()

    def __repr__(self) -> str:
        return f"RateLimit({self.requests}, per={self.per}, burst={self.burst})"

    @property
    def rate(self) -> float:
        """Requests per second now; below `full_rate` while the server refuses."""
        return self._rate

    async def acquire(self) -> None:
        """Take a token; wait for one, behind the tasks of this event loop that came before.

        If it is cancelled while it waits, it takes nothing. If a token is there, it does not yield
        to the event loop.
        """
        if self.acquire_nowait():
            return
        async with self._queues.turn():
            while (wait := self._take()) > 0:  # only the first in the queue has a timer
                await self._sleep(wait)

    def acquire_nowait(self) -> bool:
        """Take a token if there is one and no task waits; return whether it did."""
        return self._queues.is_empty() and self._take() <= 0

    def _take(self) -> float:
        """Take a token and return 0, or return the seconds until there may be one."""
        with self._lock:
            wait = self._wait()
            if wait <= 0:
                self._tokens -= 1
                self._passed += 1
            return wait

    def give_back(self) -> None:
        """Return a token with which no request was started."""
        with self._lock:
            if self._refill() >= self._paused_until:
                self._tokens = min(self.burst, self._tokens + 1)

    def pause(self, seconds: float) -> None:
        """Start nothing for a while; then begin with an empty bucket, and slower.

        Args:
            seconds: for how long.
        """
        with self._lock:
            now = self._refill()
            self._tokens = min(self._tokens, 0.0)
            self._paused_until = max(self._paused_until, now + seconds)
            self._passed = 0
            if now >= self._cut_at + 1:
                self._cut_at = now
                self._rate = max(min(_FLOOR, self.full_rate), self._rate * _CUT)

    def _wait(self) -> float:
        """Return the seconds until there is a token."""
        now = self._refill()
        if self._tokens >= _FULL:
            return 0.0
        return max(self._paused_until - now, 0.0) + (1 - self._tokens) / self._rate

    def _refill(self) -> float:
        now = self._clock()
        if self._refilled_at is None:
            self._refilled_at = now
        back = self._refilled_at - now
        if back > _JITTER:  # the clock of an earlier event loop was ahead
            self._paused_until -= back
            self._cut_at -= back
        passed = now - max(self._refilled_at, self._paused_until)
        if passed > 0:
            if self._rate < self.full_rate and self._passed >= _PROOF:
                self._rate = min(self.full_rate, self._rate + _REGROWTH * self.full_rate * passed)
            self._tokens = min(self.burst, self._tokens + passed * self._rate)
        self._refilled_at = now
        return now


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
