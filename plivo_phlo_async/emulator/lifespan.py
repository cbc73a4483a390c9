"""Living under a server: phones act and callbacks go out in time, with nobody asking."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import anyio

from .http.request import Receive, Send
from .notifier import Bell
from .race import first_of


class Attendant:
    """Sees to what is due for as long as a server runs.

    `changed` rings when there may be something new; `tick` lets the phones act whose time has come,
    `until_due` says in how many seconds the next one does, `flush` sends callbacks, `sleep` waits.
    """

    def __init__(
        self,
        *,
        changed: Bell,
        tick: Callable[[], None],
        until_due: Callable[[], float | None],
        flush: Callable[[], Coroutine[Any, Any, None]],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._changed = changed
        self._tick = tick
        self._until_due = until_due
        self._flush = flush
        self._sleep = sleep
        self.here: bool = False

    async def live(
        self, receive: Receive, send: Send, *, beside: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Follow a server's lifespan; while it lasts see to what is due, and do `beside`."""
        await receive()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._attend)
            tasks.start_soon(beside)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            tasks.cancel_scope.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _attend(self) -> None:
        self.here = True
        try:
            with self._changed.listen() as ear:
                async with anyio.create_task_group() as sending:
                    while True:
                        self._tick()
                        sending.start_soon(self._flush)
                        await self._next(ear.heard)
        finally:
            self.here = False

    async def _next(self, heard: Callable[[], Awaitable[None]]) -> None:
        seconds = self._until_due()
        if seconds is None:
            await heard()
        else:
            await first_of(heard, lambda: self._sleep(seconds))
