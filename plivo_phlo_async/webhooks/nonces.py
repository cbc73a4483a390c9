"""Nonce stores, which detect a replayed request."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Protocol

__all__ = ["AsyncNonceStore", "MemoryNonces", "NonceStore"]


class NonceStore(Protocol):
    """Stores the nonces of requests; only those with a valid signature are stored."""

    def is_new(self, nonce: str) -> bool:
        """Store a nonce.

        Args:
            nonce: the value of `X-Plivo-Signature-V3-Nonce` or `-V2-Nonce`.

        Returns:
            True when the nonce was not known.
        """
        ...


class AsyncNonceStore(Protocol):
    """A `NonceStore` that does I/O, such as one that several processes share."""

    def is_new(self, nonce: str) -> Awaitable[bool]:
        """Store a nonce.

        Args:
            nonce: the value of `X-Plivo-Signature-V3-Nonce` or `-V2-Nonce`.

        Returns:
            An awaitable of True when the nonce was not known. If it raises, the request gets a 503.
        """
        ...


class MemoryNonces:
    """A nonce store in the memory of this process.

    Plivo's nonces have no timestamp, so a replay is detected only while its nonce is stored.
    Several processes need a shared store, such as `plivo_phlo_async.redis.RedisNonces`. Plivo does
    not document whether it redelivers an event with the same nonce; such a delivery is rejected as
    well.

    Args:
        window: seconds for which a nonce is stored.
        max_size: maximum number of stored nonces; above it, the oldest is dropped.
        clock: returns seconds, as `time.monotonic`.
    """

    def __init__(
        self,
        window: float = 3600.0,
        *,
        max_size: int = 100_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._window = window
        self._max_size = max_size
        self._clock = clock
        self._seen: OrderedDict[str, float] = OrderedDict()  # expiry by nonce, the oldest first

    def __len__(self) -> int:
        return len(self._seen)

    def is_new(self, nonce: str) -> bool:
        """Store a nonce; True when it was not known."""
        now = self._clock()
        while self._seen and next(iter(self._seen.values())) <= now:
            self._seen.popitem(last=False)
        if nonce in self._seen:
            return False
        self._seen[nonce] = now + self._window
        if len(self._seen) > self._max_size:
            self._seen.popitem(last=False)
        return True
