"""The rate limit of an account: a strict sliding window."""

import math
from collections import deque
from collections.abc import Callable

from ..errors import TooManyRequests


class RateLimiter:
    """Allows at most `requests` in any `per` seconds.

    Plivo documents 300 requests per 5 seconds for an account. Assumed: PHLO requests count,
    rejected ones do not, and a 429 has `Retry-After`.
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
        self._times: deque[float] = deque()

    def acquire(self) -> None:
        """Count one request; raises `TooManyRequests`, and counts nothing, above the limit."""
        now = self._clock()
        while self._times and now - self._times[0] >= self._per:
            self._times.popleft()
        if len(self._times) >= self._requests:
            raise TooManyRequests(self._wait(now))
        self._times.append(now)

    def reset(self) -> None:
        """Forget the counted requests."""
        self._times.clear()

    def _wait(self, now: float) -> int | None:
        if not self._retry_after:
            return None
        until = self._times[0] if self._times else now
        return max(1, math.ceil(until + self._per - now))
