"""A real Redis in a world where time stands still until everybody waits."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from plivo_phlo_async.redis import RedisRateLimit

EPOCH = 10_000.0  # what the clock of Redis is ahead of the world's
_TIME = "redis.call('TIME')"


class World:
    """Seconds that all limiters and the script live by; they pass when everybody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.talking = self.talked = 0  # questions under way, and ever
        self._wakes: list[tuple[float, anyio.Event]] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        wake = anyio.Event()
        entry = (self.now + seconds, wake)
        self._wakes.append(entry)
        try:
            await wake.wait()
        finally:
            self._wakes.remove(entry)

    async def settle(self) -> None:
        """Wait until nothing happens any more but by the passing of time."""
        quiet, talked = 0, self.talked
        while quiet < 10:
            await anyio.lowlevel.checkpoint()
            quiet = 0 if self.talking or talked < self.talked else quiet + 1
            talked = self.talked

    def pass_time(self) -> bool:
        """Go on to the next who wakes; False when no task sleeps."""
        if not self._wakes:
            return False
        at, wake = min(self._wakes, key=lambda entry: entry[0])
        self.now = max(self.now, at)
        wake.set()
        return True

    async def play(self, *parts: Callable[[], Awaitable[object]]) -> None:
        """Run all parts to their ends."""
        left = len(parts)

        async def run(part: Callable[[], Awaitable[object]]) -> None:
            nonlocal left
            await part()
            left -= 1

        async with anyio.create_task_group() as group:
            for part in parts:
                group.start_soon(run, part)
            await self.settle()
            while left:
                assert self.pass_time(), "a task waits for nothing"
                await self.settle()


class WorldRedis(Redis):
    """A client whose scripts have the world's time for Redis' own, and which counts questions."""

    def __init__(self, world: World, socket: Path, **options: Any) -> None:
        super().__init__(unix_socket_path=str(socket), **options)
        self.world = world
        self.questions = 0
        self.ahead = 0.0  # seconds that Redis' clock is ahead
        self.is_cut_off = False
        self.answers_are_lost = False  # while it is cut off; else the questions are
        self.asked: list[Any] = []  # the last question
        self.on_the_way_back: Callable[[], Awaitable[None]] | None = None

    def register_script(self, script: Any) -> AsyncScript:  # type: ignore[override]  # as its own
        assert _TIME in script
        return super().register_script(script.replace(_TIME, "{ARGV[#ARGV], 0}"))

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        if args[0] == "EVALSHA":
            self.questions += 1
            self.asked = list(args)
            if self.is_cut_off and not self.answers_are_lost:
                raise ConnectionError("cut off")
            args = (*args, EPOCH + self.world.now + self.ahead)
        self.world.talking += 1
        self.world.talked += 1
        try:
            answer = await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis-py gives it no types
            if self.on_the_way_back is not None:
                await self.on_the_way_back()
            if self.is_cut_off:
                raise ConnectionError("cut off")
            return answer
        finally:
            self.world.talking -= 1


def fresh_key() -> str:
    return f"limit:{secrets.token_hex(8)}"


class Machines:
    """Makes limiters of one key, as if each were on a machine of its own."""

    def __init__(self, world: World, socket: Path) -> None:
        self.world, self.socket, self.key = world, socket, fresh_key()
        self.clients: list[WorldRedis] = []

    def redis(self, **options: Any) -> WorldRedis:
        self.clients.append(WorldRedis(self.world, self.socket, **options))
        return self.clients[-1]

    def limit(
        self, requests: int = 300, per: float = 5.0, burst: int = 5, **options: Any
    ) -> RedisRateLimit:
        redis = options.pop("redis", None) or self.redis()
        own: dict[str, Any] = {"key": self.key, "clock": self.world, "sleep": self.world.sleep}
        return RedisRateLimit(redis, requests, per, burst, **(own | options))

    async def filled(self, *given: Any, **options: Any) -> RedisRateLimit:
        """A limiter that Redis has known for a while: its bucket is full."""
        limit = self.limit(*given, **options)
        await self.world.play(limit.acquire)
        self.world.now += 60.0
        return limit

    async def state(self) -> dict[str, float]:
        """The bucket's numbers, and a score for each process."""
        held = await self.redis(decode_responses=True).zrange(self.key, 0, -1, withscores=True)
        return {str(pair[0]): float(pair[1]) for pair in held}

    async def aclose(self) -> None:
        for client in self.clients:
            await client.aclose()
