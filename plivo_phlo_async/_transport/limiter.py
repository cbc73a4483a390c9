"""The bucket: a token for every request, first come first served."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio

from ..errors import InvalidArgumentError

__all__ = ["Limiter", "RateLimit"]

_FULL = 1 - 1e-9  # a token, less what adding fractions of one may lose
_CUT = 0.7
_REGROWTH = 0.05  # of the full rate, per second
_FLOOR = 0.5  # requests per second
_PROOF = 5  # requests that must pass after a refusal before the rate grows again


class Limiter(Protocol):
    """What the client asks of a limiter; give any object that has these two methods.

    What `pause` raises is logged, and the action goes on.
    """

    async def acquire(self) -> None:
        """Wait until one more request may start.

        Cancelled while waiting, it should have taken nothing. What it raises is the cause of a
        `NotSentError`.
        """

    def pause(self, seconds: float) -> None:
        """The server refused; it must not block.

        Args:
            seconds: for how long nothing should start; 0 or more.
        """


class RateLimit:
    """A token bucket: no window of `per` seconds sees more than `requests` requests.

    Give one to a client, or the same one to several clients that share an account; a client that is
    given none has `RateLimit(300, per=5.0)`, the account limit that Plivo documents
    (https://docs.plivo.com/docs/voice/concepts/account-limits). To hold even when requests bunch
    on the way, the rate is `(requests - burst - 1 % of requests) / per`.

    A server that refuses brings the rate down (by 30 %, at most once a second); once it has taken
    some requests again, the rate grows back, 5 % of the full rate each second.

    Args:
        requests: how many requests the server allows in any `per` seconds.
        per: the window, in seconds.
        burst: how many requests may start at once after a quiet time.
        clock: gives the time in seconds.
        sleep: waits for some seconds.

    Attributes:
        requests: as given.
        per: as given, in seconds.
        burst: as given.
        full_rate: requests per second while nothing is refused.

    Raises:
        InvalidArgumentError: a value leaves no rate; the message says which.
    """

    def __init__(
        self,
        requests: int,
        per: float,
        burst: int = 5,
        *,
        clock: Callable[[], float] = anyio.current_time,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        if per <= 0:
            raise InvalidArgumentError("per: give a number of seconds above 0.")
        if burst < 1:
            raise InvalidArgumentError("burst: give at least 1.")
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
        self._queue: OrderedDict[anyio.Event, None] = OrderedDict()

    def __repr__(self) -> str:
        return f"RateLimit({self.requests}, per={self.per}, burst={self.burst})"

    @property
    def rate(self) -> float:
        """Requests per second now; below `full_rate` while the server refuses."""
        return self._rate

    async def acquire(self) -> None:
        """Take a token; wait for one, behind everyone who came before.

        Cancelled while waiting, it has taken nothing. With a token at hand it does not yield.
        """
        if not self.acquire_nowait():
            await self._wait_in_line()
            self._take()

    def acquire_nowait(self) -> bool:
        """Take a token if there is one and nobody waits for it; says whether it did."""
        if self._queue or self._wait() > 0:
            return False
        self._take()
        return True

    def _take(self) -> None:
        self._tokens -= 1
        self._passed += 1

    async def _wait_in_line(self) -> None:
        turn = anyio.Event()
        self._queue[turn] = None
        try:
            if next(iter(self._queue)) is not turn:
                await turn.wait()
            while (wait := self._wait()) > 0:  # only the first in line has a timer
                await self._sleep(wait)
        finally:
            first = next(iter(self._queue)) is turn
            del self._queue[turn]
            if first and self._queue:
                next(iter(self._queue)).set()

    def pause(self, seconds: float) -> None:
        """Start nothing for a while, for anyone; then begin with an empty bucket, and slower.

        Args:
            seconds: for how long.
        """
        now = self._refill()
        self._tokens = min(self._tokens, 0.0)
        self._paused_until = max(self._paused_until, now + seconds)
        self._passed = 0
        if now >= self._cut_at + 1:
            self._cut_at = now
            self._rate = max(min(_FLOOR, self.full_rate), self._rate * _CUT)

    def _wait(self) -> float:
        """Seconds until there is a token."""
        now = self._refill()
        if self._tokens >= _FULL:
            return 0.0
        return max(self._paused_until - now, 0.0) + (1 - self._tokens) / self._rate

    def _refill(self) -> float:
        now = self._clock()
        if self._refilled_at is None:
            self._refilled_at = now
        passed = now - max(self._refilled_at, self._paused_until)
        if passed > 0:
            if self._rate < self.full_rate and self._passed >= _PROOF:
                self._rate = min(self.full_rate, self._rate + _REGROWTH * self.full_rate * passed)
            self._tokens = min(self.burst, self._tokens + passed * self._rate)
        self._refilled_at = now
        return now
