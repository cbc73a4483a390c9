"""Phones act and webhooks go out on time, under a server and in process."""

import threading
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import anyio
import attrs

from .asgi import Receive, Send
from .notifier import Notifier
from .race import first_completed
from .spawn import SpawnedTask


@attrs.frozen
class _PhoneTimer:
    """A task that sleeps until the clock is `due`."""

    due: float
    task: SpawnedTask


class BackgroundTasks:
    """Runs what is due: in the server while one runs, otherwise in the event loop that caused it.

    `lock` is held while the emulator changes; `changed` notifies of changes; `tick` lets the phones
    act that are due and returns the seconds until the next one; `flush` sends webhooks,
    `spawn_sends` starts tasks that do, `unfinished` returns how many are not sent; `clock` returns
    monotonic seconds, `sleep` waits.
    """

    def __init__(
        self,
        *,
        lock: threading.RLock,
        changed: Notifier,
        tick: Callable[[], float | None],
        flush: Callable[[], Coroutine[Any, Any, None]],
        spawn_sends: Callable[[], None],
        unfinished: Callable[[], int],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._lock = lock
        self._changed = changed
        self._tick = tick
        self._flush = flush
        self._spawn_sends = spawn_sends
        self._unfinished = unfinished
        self._clock = clock
        self._sleep = sleep
        self._spawned: SpawnedTask | None = None
        self._timer: _PhoneTimer | None = None
        self.running: bool = False
        self.served: bool = False  # a server runs, or is about to

    async def run(
        self, receive: Receive, send: Send, *, alongside: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Serve an ASGI lifespan; while it lasts, run what is due and `alongside`."""
        await receive()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._run_due)
            tasks.start_soon(alongside)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            tasks.cancel_scope.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    def wake(self) -> None:
        """Run what is due in this thread's event loop until nothing is; a server does so itself.

        In a thread without a running loop it waits for the next one.
        """
        with self._lock:
            if self.running or self.served or not (self._spawned is None or self._spawned.ended):
                return
            spawned = SpawnedTask(self._run_until_idle)
            self._spawned = spawned if spawned.start() else None

    async def _run_until_idle(self) -> None:
        # Without task groups: an event loop that ends at once cancels their children before they
        # have started, which Python reports as coroutines that were never awaited.
        with self._changed.subscribe() as subscription:
            while not self._rest():
                self._spawn_sends()
                self._set_timer(self._tick())
                await subscription.wait()

    def _set_timer(self, seconds: float | None) -> None:
        """Let the worker continue when the next phone is due."""
        due = None if seconds is None else self._clock() + seconds
        if self._timer is not None and self._timer.due == due and not self._timer.task.ended:
            return
        if self._timer is not None:
            self._timer.task.cancel()
            self._timer = None
        if seconds is not None and due is not None:
            task = SpawnedTask(partial(self._notify_after, seconds))
            task.start()
            self._timer = _PhoneTimer(due, task)

    async def _notify_after(self, seconds: float) -> None:
        await self._sleep(seconds)
        self._changed.notify()

    def _rest(self) -> bool:
        """Let the next `wake` spawn a task, if there is nothing to do now or later."""
        with self._lock:
            idle = self._tick() is None and not self._unfinished()
            if idle:
                self._spawned = None
                self._set_timer(None)
            return idle

    async def _run_due(self) -> None:
        self.running = True
        try:
            with self._changed.subscribe() as subscription:
                async with anyio.create_task_group() as sending:
                    while True:
                        seconds = self._tick()
                        sending.start_soon(self._flush)
                        await self._until_next(seconds, subscription.wait)
        finally:
            self.running = False

    async def _until_next(
        self, seconds: float | None, changed: Callable[[], Awaitable[None]]
    ) -> None:
        if seconds is None:
            await changed()
        else:
            await first_completed(changed, lambda: self._sleep(seconds))
