"""Notify waiting tasks from any thread, on asyncio and on trio."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import anyio


class Subscription:
    """One subscriber of a `Notifier`; notifications between two waits count as one."""

    def __init__(self) -> None:
        self._event = anyio.Event()
        self._call_soon = _call_soon()
        self._pending = False

    def wake(self) -> None:
        """Let `wait` return; callable from any thread."""
        if not self._pending:
            self._pending = True
            # A closed event loop has no waiting task.
            with suppress(RuntimeError):
                self._call_soon(self._set)

    async def wait(self) -> None:
        """Wait for a notification; return at once if one arrived since the last wait."""
        await self._event.wait()
        self._event = anyio.Event()
        self._pending = False

    def _set(self) -> None:
        self._event.set()


class Notifier:
    """Wakes its subscribers; `notify` may be called from any thread."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._lock = threading.Lock()
        self._latched = False

    @property
    def subscribers(self) -> int:
        """The number of subscribers."""
        return len(self._subscriptions)

    def notify(self, *, latched: bool = False) -> None:
        """Wake every subscriber; with `latched`, later subscribers too, until `clear`."""
        with self._lock:
            subscriptions = list(self._subscriptions)
            self._latched = self._latched or latched
        for subscription in subscriptions:
            subscription.wake()

    def clear(self) -> None:
        """Stop waking later subscribers."""
        self._latched = False

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Subscribe while the block runs; requires a running event loop."""
        subscription = Subscription()
        with self._lock:
            self._subscriptions.add(subscription)
            if self._latched:
                subscription.wake()
        try:
            yield subscription
        finally:
            with self._lock:
                self._subscriptions.discard(subscription)


def _call_soon() -> Callable[[Callable[[], None]], Any]:
    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:
        token = sys.modules["trio"].lowlevel.current_trio_token()
        run_sync_soon: Callable[[Callable[[], None]], Any] = token.run_sync_soon
        return run_sync_soon
