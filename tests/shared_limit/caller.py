"""One process with a client that acts as fast as it may for some seconds, and reports it."""

from __future__ import annotations

import json
import sys
import time

import anyio
from redis.asyncio import Redis

from plivo_phlo_async import AsyncPhloClient
from plivo_phlo_async.emulator import DEMO_PHLO_ID
from plivo_phlo_async.redis import RedisRateLimit


async def work(socket: str, key: str, requests: int, per: float, for_: float) -> None:
    done: list[float] = []
    refused: list[float] = []
    async with Redis(unix_socket_path=socket) as redis:
        limit = RedisRateLimit(redis, requests, per, 2, key=key)
        async with AsyncPhloClient(
            rate_limit=limit, on_pause=lambda event: refused.append(event.seconds)
        ) as client:
            print("ready", flush=True)
            sys.stdin.readline()

            async def act() -> None:
                while True:
                    await client.phlo(DEMO_PHLO_ID).get()
                    done.append(time.monotonic())

            with anyio.move_on_after(for_):
                async with anyio.create_task_group() as group:
                    for _ in range(10):
                        group.start_soon(act)
    print(json.dumps({"done": done, "refused": refused}))


if __name__ == "__main__":
    socket, key, *numbers = sys.argv[1:]
    requests, per, for_ = map(float, numbers)
    anyio.run(work, socket, key, int(requests), per, for_)
