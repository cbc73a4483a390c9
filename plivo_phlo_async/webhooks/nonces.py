"""Which nonces were seen already, so that a recorded request cannot be sent again."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Protocol

__all__ = ["AsyncNonceStore", "MemoryNonces", "NonceStore"]


class NonceStore(Protocol):
    """Remembers nonces; told only those whose signature was right."""

    def is_new(self, nonce: str) -> bool:
        """Remember the nonce.

        Args:
            nonce: the value of `X-Plivo-Signature-V3-Nonce` or `-V2-Nonce`.

        Returns:
            True when it was not known before.
        """
        ...


class AsyncNonceStore(Protocol):
    """A `NonceStore` where remembering is I/O, as in a store that several processes share."""

    def is_new(self, nonce: str) -> Awaitable[bool]:
        """Remember the nonce.

        Args:
            nonce: the value of `X-Plivo-Signature-V3-Nonce` or `-V2-Nonce`.

        Returns:
            True, when awaited, where it was not known before.
        """
        ...


class MemoryNonces:
    """Nonces in this process's memory.

    Plivo's nonces carry no time, so a request is a replay as long as its nonce is remembered and
    not after. Several processes need a store they share. Where Plivo delivers an event again under
    the same nonce (whether it does is not documented), that is refused as well.

    Args:
        window: seconds for which a nonce is remembered.
        most: how many are remembered; beyond that the oldest is forgotten.
        clock: gives seconds, as `time.monotonic`.
    """

    def __init__(
        self,
        window: float = 3600.0,
        *,
        most: int = 100_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._window = window
        self._most = most
        self._clock = clock
        self._seen: OrderedDict[str, float] = OrderedDict()  # until when, the oldest first

    def __len__(self) -> int:
        return len(self._seen)

    def is_new(self, nonce: str) -> bool:
        """Remember the nonce; True when it was not known before."""
        now = self._clock()
        while self._seen and next(iter(self._seen.values())) <= now:
            self._seen.popitem(last=False)
        if nonce in self._seen:
            return False
        self._seen[nonce] = now + self._window
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)
        return True
