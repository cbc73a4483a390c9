"""A bell that wakes whoever listens, rung from any thread, heard on asyncio and on trio."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import anyio


class Ear:
    """One listener; what was rung since it last heard is not missed, and counts once."""

    def __init__(self) -> None:
        self._event = anyio.Event()
        self._soon = _soon()
        self._rung = False

    def wake(self) -> None:
        """Have `heard` return; from any thread."""
        if not self._rung:
            self._rung = True
            # A loop that has ended has nobody left to wake.
            with suppress(RuntimeError):
                self._soon(self._set)

    async def heard(self) -> None:
        """Wait until the bell rings, or return at once if it has rung since the last time."""
        await self._event.wait()
        self._event = anyio.Event()
        self._rung = False

    def _set(self) -> None:
        self._event.set()


class Bell:
    """Rung by `ring`, from any thread; heard by those inside `listen`."""

    def __init__(self) -> None:
        self._ears: set[Ear] = set()
        self._lock = threading.Lock()
        self._rings_on = False

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._ears)

    def ring(self, *, on: bool = False) -> None:
        """Wake every listener; with `on` those who come later as well, until it is `still`."""
        with self._lock:
            ears = list(self._ears)
            self._rings_on = self._rings_on or on
        for ear in ears:
            ear.wake()

    def still(self) -> None:
        """Ring on no longer."""
        self._rings_on = False

    @contextmanager
    def listen(self) -> Iterator[Ear]:
        """Listen while the block runs; only inside an event loop."""
        ear = Ear()
        with self._lock:
            self._ears.add(ear)
            if self._rings_on:
                ear.wake()
        try:
            yield ear
        finally:
            with self._lock:
                self._ears.discard(ear)


def _soon() -> Callable[[Callable[[], None]], Any]:
    # The running loop's own way to be called from another thread.
    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:
        token = sys.modules["trio"].lowlevel.current_trio_token()
        soon: Callable[[Callable[[], None]], Any] = token.run_sync_soon
        return soon
