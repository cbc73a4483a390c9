"""One process that takes tokens as fast as it gets them, and prints when.

It ends after some seconds, or once it has as many as it wants.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import anyio
from redis.asyncio import Redis

from plivo_phlo_async.redis import RedisRateLimit


class CountingRedis(Redis):
    """Counts what it asks."""

    questions = 0

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        self.questions += 1
        return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis-py gives it no types


async def work(
    socket: str, key: str, requests: int, per: float, waiters: int, seconds: float, wanted: float
) -> None:
    grants: list[float] = []
    async with CountingRedis(unix_socket_path=socket) as redis:
        limit = RedisRateLimit(redis, requests, per, key=key)
        await limit.acquire()
        print("ready", flush=True)
        sys.stdin.readline()

        async def take() -> None:
            while True:
                await limit.acquire()
                grants.append(time.monotonic())
                if len(grants) >= wanted:
                    scope.cancel()

        spent = time.process_time()
        before = redis.questions
        with anyio.move_on_after(seconds) as scope:
            async with anyio.create_task_group() as group:
                for _ in range(waiters):
                    group.start_soon(take)
        counted = {"questions": redis.questions - before, "cpu": time.process_time() - spent}
    print(json.dumps({"grants": grants, **counted}))


if __name__ == "__main__":
    socket, key, *numbers = sys.argv[1:]
    requests, per, waiters, seconds, wanted = map(float, numbers)
    anyio.run(work, socket, key, int(requests), per, int(waiters), seconds, wanted)
