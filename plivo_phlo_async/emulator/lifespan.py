"""The ASGI lifespan: phones act and webhooks go out on time while a server runs."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import anyio

from .http.request import Receive, Send
from .notifier import Notifier
from .race import first_completed


class BackgroundTasks:
    """Runs what is due while a server runs.

    `changed` notifies of changes; `tick` lets the phones act that are due and returns the seconds
    until the next one, `flush` sends webhooks, `sleep` waits.
    """

    def __init__(
        self,
        *,
        changed: Notifier,
        tick: Callable[[], float | None],
        flush: Callable[[], Coroutine[Any, Any, None]],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._changed = changed
        self._tick = tick
        self._flush = flush
        self._sleep = sleep
        self.running: bool = False

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
