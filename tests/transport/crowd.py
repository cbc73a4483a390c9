"""A crowd that asks through ten slots and is cancelled at moments drawn by chance.

`python -m tests.transport.crowd --cancellations 10000` runs it on every event loop.
"""

from __future__ import annotations

import argparse
import logging
import random
import time
from typing import Any

import anyio
from attrs import frozen

from plivo_phlo_async import AsyncPhloClient

from .counting_server import PATIENCE, CountingServer, call

__all__ = ["SLOTS", "Tally", "crowd"]

SLOTS = 10


@frozen
class Tally:
    """What a crowd left behind.

    Attributes:
        cancelled: how many actions were cancelled.
        at_once: how many were under way at once afterwards.
        busy: how many connections the pool still counts as in use.
        is_clean: whether the server saw every connection end.
    """

    cancelled: int
    at_once: int
    busy: int
    is_clean: bool


async def crowd(server: CountingServer, cancellations: int, seed: int) -> Tally:
    """Cancel so many actions, then see whether every slot still serves."""
    chance = random.Random(seed)
    client = server.client(max_connections=SLOTS)
    cancelled = 0

    async def act_and_be_cancelled(number: int) -> None:
        nonlocal cancelled
        while cancelled < cancellations:
            with anyio.move_on_after(chance.random() * 0.01) as scope:
                await client.perform(call(number))
            cancelled += scope.cancelled_caught

    async with anyio.create_task_group() as group:
        for number in range(2 * SLOTS):
            group.start_soon(act_and_be_cancelled, number)
    at_once = await _at_once(server, client)
    busy = len(client._transport.shared.sender._http._transport._pool._busy)  # type: ignore[attr-defined]
    await client.aclose()
    is_clean = await anyio.to_thread.run_sync(server.until_open, 0)
    return Tally(cancelled, at_once, busy, is_clean)


async def _at_once(server: CountingServer, client: AsyncPhloClient) -> int:
    """Start an action for each slot, of which none is answered before all have arrived."""
    actions = [call(9000 + number) for number in range(SLOTS)]
    server.held = {action.to for action in actions if action.to is not None}
    server.gate.clear()
    with anyio.move_on_after(PATIENCE):
        async with anyio.create_task_group() as group:
            for action in actions:
                group.start_soon(client.perform, action)
            await anyio.to_thread.run_sync(server.until, lambda: server.held <= {*server.called})
            server.gate.set()
    return len(server.held & {*server.called})


LOOPS: dict[str, dict[str, Any]] = {
    "asyncio": {},
    "uvloop": {"backend_options": {"use_uvloop": True}},
    "trio": {"backend": "trio"},
}


def main() -> None:
    """The crowd at full size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cancellations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    logging.disable()  # each that may have happened is logged
    for name, options in LOOPS.items():
        server, began = CountingServer(), time.monotonic()
        try:
            tally = anyio.run(crowd, server, asked.cancellations, asked.seed, **options)
        finally:
            server.close()
        print(f"{name}: {tally} in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
