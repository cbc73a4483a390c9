"""An account's allowance: so many requests in any stretch of so many seconds."""

import math
from collections import deque
from collections.abc import Callable

from ..errors import TooManyRequests


class Allowance:
    """Lets through at most `requests` in any `per` seconds: a strict sliding window.

    Plivo documents 300 requests per 5 seconds for an account; that it counts PHLO requests, that
    refused ones cost nothing, and that it says `Retry-After`, is assumed.
    """

    def __init__(
        self,
        requests: int,
        per: float,
        *,
        clock: Callable[[], float],
        retry_after: bool = True,
    ) -> None:
        self._requests = requests
        self._per = per
        self._clock = clock
        self._retry_after = retry_after
        self._taken: deque[float] = deque()

    def take(self) -> None:
        """Take one request's share; raises `TooManyRequests` and takes nothing if none is left."""
        now = self._clock()
        while self._taken and now - self._taken[0] >= self._per:
            self._taken.popleft()
        if len(self._taken) >= self._requests:
            raise TooManyRequests(self._wait(now))
        self._taken.append(now)

    def reset(self) -> None:
        """Forget what was taken."""
        self._taken.clear()

    def _wait(self, now: float) -> int | None:
        if not self._retry_after:
            return None
        until = self._taken[0] if self._taken else now
        return max(1, math.ceil(until + self._per - now))
