"""The running event loop, and how to reach one from another thread, loop or process."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol
from weakref import WeakKeyDictionary, WeakSet

import anyio

__all__ = [
    "LoopEnd",
    "WaitQueues",
    "Wakeup",
    "call_soon",
    "is_over",
    "loop_clock",
    "on_fork",
    "running_loop",
]


def running_loop() -> Any:
    """Return the running event loop: asyncio's loop object or trio's token.

    A library that is not imported cannot be running, so neither is imported here.

    Raises:
        RuntimeError: no event loop is running.
    """
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_task():
        return trio.lowlevel.current_trio_token()
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        raise RuntimeError("no running event loop")
    return asyncio.get_running_loop()


def call_soon(loop: Any, callback: Callable[[], object]) -> bool:
    """Schedule `callback` in `loop`, from any thread; return False if the loop has ended."""
    schedule = getattr(loop, "call_soon_threadsafe", None) or loop.run_sync_soon
    try:
        schedule(callback)
    except RuntimeError:  # trio's RunFinishedError is one
        return False
    return True


def is_over(loop: Any) -> bool:
    """Return whether `loop` has ended and will never run again."""
    if hasattr(loop, "is_closed"):
        return bool(loop.is_closed())
    return not call_soon(loop, bool)


_offsets: WeakKeyDictionary[Any, float] = WeakKeyDictionary()


def loop_clock(monotonic: Callable[[], float] = time.monotonic) -> float:
    """Return the running event loop's time, in seconds, on a scale that all loops share.

    Seconds in one loop are seconds in another; a loop with a virtual clock, as in tests, keeps it.
    Outside an event loop it is `monotonic`.
    """
    try:
        loop = running_loop()
    except RuntimeError:
        return monotonic()
    now: float = loop.time() if hasattr(loop, "time") else anyio.current_time()
    offset = _offsets.get(loop)
    if offset is None:
        offset = _offsets[loop] = monotonic() - now
    return now + offset


class LoopEnd:
    """Calls `callback` when the running event loop is shut down, or when `close` is called.

    asyncio and trio close their asynchronous generators at shutdown. An event loop that is closed
    without a shutdown does not.
    """

    def __init__(self, callback: Callable[[], object]) -> None:
        self._generator = _call_at_end(callback)
        with suppress(StopIteration):  # it never suspends, so it needs no task
            self._generator.__anext__().__await__().send(None)

    def close(self) -> None:
        """Call the callback now, unless it was called; works in any thread."""
        with suppress(StopIteration, RuntimeError):  # RuntimeError: it is being called
            self._generator.aclose().__await__().send(None)


async def _call_at_end(callback: Callable[[], object]) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        callback()


class Wakeup:
    """An event with one waiter, which any thread or event loop may set."""

    def __init__(self) -> None:
        self._event, self._loop = anyio.Event(), running_loop()

    async def wait(self) -> None:
        """Wait until it is set."""
        await self._event.wait()

    def set(self) -> None:
        """Wake the waiter; does nothing if its event loop has ended."""
        call_soon(self._loop, self._event.set)


class WaitQueues:
    """First-in-first-out queues, one for each event loop.

    No task waits behind one of another loop, which may be idle or gone.
    """

    def __init__(self) -> None:
        self._queues: dict[Any, dict[anyio.Event, None]] = {}

    def is_empty(self) -> bool:
        """Return whether no task waits in the running event loop."""
        return not self._queues or running_loop() not in self._queues

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until first in the queue; stay first until the block is left."""
        loop, event = running_loop(), anyio.Event()
        if loop not in self._queues:
            self._forget_closed_loops()
        queue = self._queues.setdefault(loop, {})
        queue[event] = None
        try:
            if next(iter(queue)) is not event:
                await event.wait()
            yield
        finally:
            was_first = next(iter(queue)) is event
            del queue[event]
            if not queue:
                self._queues.pop(loop, None)
            elif was_first:
                with suppress(RuntimeError):  # the loop was closed, and this task is destroyed
                    next(iter(queue)).set()

    def _forget_closed_loops(self) -> None:
        """Drop the queues of event loops that were closed."""
        for loop in list(self._queues):
            if is_over(loop):
                self._queues.pop(loop, None)


class _Forkable(Protocol):
    def after_fork(self) -> None: ...


_forkables: WeakSet[_Forkable] = WeakSet()


def on_fork(shared: _Forkable) -> None:
    """Call `shared.after_fork()` in every process forked from this one."""
    _forkables.add(shared)


def _after_fork() -> None:
    for shared in list(_forkables):
        shared.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_after_fork)
