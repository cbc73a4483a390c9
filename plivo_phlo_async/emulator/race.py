"""Waiting for whichever of several things comes first, on asyncio and on trio."""

from collections.abc import Awaitable, Callable

import anyio


async def first_of(*waits: Callable[[], Awaitable[object]]) -> int:
    """Begin every wait, call off the others once one is over, and return that one's place."""
    over: list[int] = []
    async with anyio.create_task_group() as race:

        async def run(place: int, wait: Callable[[], Awaitable[object]]) -> None:
            await wait()
            over.append(place)
            race.cancel_scope.cancel()

        for place, wait in enumerate(waits):
            race.start_soon(run, place, wait)
    return over[0]
