"""Start a task in the event loop of this thread, on asyncio and on trio."""

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import anyio

_LOGGER = logging.getLogger("plivo_phlo_async.emulator")


class SpawnedTask:
    """A task that belongs to its event loop, which cancels it when it ends."""

    def __init__(self, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._run = run
        self._ended = False
        self._scope: anyio.CancelScope | None = None  # it needs an event loop
        self._cancelled = False
        self._task: asyncio.Task[None] | None = None

    @property
    def ended(self) -> bool:
        """Whether it has ended, or its event loop has."""
        task = self._task
        return self._ended or (task is not None and (task.done() or task.get_loop().is_closed()))

    def start(self) -> bool:
        """Start it; return whether this thread has a running event loop."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return self._start_on_trio()
        self._task = loop.create_task(self._guarded())
        return True

    def _start_on_trio(self) -> bool:
        trio = sys.modules.get("trio")
        if trio is None:
            return False
        try:
            trio.lowlevel.spawn_system_task(self._guarded)
        except RuntimeError:
            return False
        return True

    def cancel(self) -> None:
        """Cancel it, from its own event loop."""
        self._cancelled = True
        if self._scope is not None:
            self._scope.cancel()

    async def _guarded(self) -> None:
        try:
            with anyio.CancelScope() as self._scope:
                if not self._cancelled:
                    await self._run()
        except Exception:  # trio ends the program for one
            _LOGGER.exception("A background task failed.")
        finally:
            self._ended = True
