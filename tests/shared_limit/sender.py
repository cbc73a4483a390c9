"""One process of the campaign: it takes every token it gets and sends a datagram for each.

SIGUSR1 holds its event loop for 1.2 seconds while its next question is on the way.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import time
from typing import Any

import anyio
from redis.asyncio import Redis

from plivo_phlo_async.redis import RedisRateLimit

HELD = 1.2  # seconds


class HeldRedis(Redis):
    """A client whose event loop can be held while a question is on the way."""

    hold_next = False

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        answer = asyncio.create_task(super().execute_command(*args, **options))  # type: ignore[no-untyped-call]  # redis-py gives it no types
        if self.hold_next:
            self.hold_next = False
            for _ in range(5):  # the question is written
                await asyncio.sleep(0)
            time.sleep(HELD)  # as a slow handler does
        return await answer


async def work(path: str, key: str, port: int, waiters: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as arrivals:
        arrivals.connect(("127.0.0.1", port))
        async with HeldRedis(unix_socket_path=path) as redis:
            limit = RedisRateLimit(redis, 300, per=5.0, key=key)
            asyncio.get_running_loop().add_signal_handler(
                signal.SIGUSR1, setattr, redis, "hold_next", True
            )

            async def take() -> None:
                while True:
                    await limit.acquire()
                    arrivals.send(b"1")

            async with anyio.create_task_group() as group:
                for _ in range(waiters):
                    group.start_soon(take)


if __name__ == "__main__":
    path, key, port, waiters = sys.argv[1:]
    anyio.run(work, path, key, int(port), int(waiters))
