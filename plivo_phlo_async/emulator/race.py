"""Wait for the first of several awaitables, on asyncio and on trio."""

from collections.abc import Awaitable, Callable

import anyio


async def first_completed(*waits: Callable[[], Awaitable[object]]) -> int:
    """Run all waits, cancel the others once one completes, and return that one's index."""
    completed: list[int] = []
    async with anyio.create_task_group() as tasks:

        async def run(index: int, wait: Callable[[], Awaitable[object]]) -> None:
            await wait()
            completed.append(index)
            tasks.cancel_scope.cancel()

        for index, wait in enumerate(waits):
            tasks.start_soon(run, index, wait)
    return completed[0]
