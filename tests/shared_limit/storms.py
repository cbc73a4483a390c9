"""Storms on a shared bucket: waiters on several machines come, are cancelled and are served.

Redis is real, its script lives by the storm's time, which stands still but for what the storm does;
so every grant can be held against a bucket that is worked out by hand, and in the end Redis must
have exactly the tokens that it has: none given too early, none lost, none out of order.

`python -m tests.shared_limit.storms` runs the campaign at full size, `-m
tests.shared_limit.processes` the one of real processes in real time.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time as wall
from pathlib import Path

import anyio

from plivo_phlo_async.redis import RedisRateLimit

from ..transport.storms import TINY, Bucket, Tally
from .server import RedisServer
from .world import EPOCH, Machines, World


class Storm:
    """One storm over two to four machines."""

    def __init__(self, seed: int, socket: Path) -> None:
        self.chance = random.Random(seed)
        self.world = World()
        self.machines = Machines(self.world, socket)
        self.waiting: dict[int, tuple[RedisRateLimit, anyio.CancelScope]] = {}
        self.tally = Tally(storms=1)

    async def run(self, steps: int = 40) -> Tally:
        requests, burst = self.chance.randint(10, 50), self.chance.randint(1, 3)
        count = self.chance.randint(2, 4)
        self.limits = [await self.machines.filled(requests, 1.0, burst) for _ in range(count)]
        self.bucket = Bucket(self.limits[0].full_rate, burst)
        self.bucket.at = self.world.now
        async with anyio.create_task_group() as group:
            for number in range(steps):
                await self._step(number, group)
                await self._look_on()
            await self.world.settle()
            while self.waiting:
                assert self.world.pass_time(), "a task waits for nothing"
                await self.world.settle()
        await self._settle_accounts()
        await self.machines.aclose()
        return self.tally

    async def _step(self, number: int, group: anyio.abc.TaskGroup) -> None:
        step = self.chance.random()
        if step < 0.5:
            group.start_soon(self._ask, number, self.chance.choice(self.limits))
        elif step < 0.7 and self.waiting:
            self.chance.choice([scope for _, scope in self.waiting.values()]).cancel()
            self.tally += Tally(cancelled=1)
        else:
            await self.world.settle()  # a token in hand while time passes is another matter
            if not self.world.pass_time():
                self.world.now += self.chance.random() / 10

    async def _look_on(self) -> None:
        """Go on to the next step, as often as not while a question is still under way."""
        if self.chance.random() < 0.5:
            await self.world.settle()
        for _ in range(self.chance.randint(1, 6)):
            await anyio.lowlevel.checkpoint()

    async def _ask(self, number: int, limit: RedisRateLimit) -> None:
        with anyio.CancelScope() as scope:
            self.waiting[number] = limit, scope
            await limit.acquire()
            self._granted(number, limit)
        del self.waiting[number]

    def _granted(self, number: int, limit: RedisRateLimit) -> None:
        level = self.bucket.refill(self.world.now)
        before = [other for other, (its, _) in self.waiting.items() if its is limit]
        self.tally += Tally(
            grants=1, over=level < 1 - TINY, inversions=any(other < number for other in before)
        )
        self.bucket.level -= 1

    async def _settle_accounts(self) -> None:
        state = await self.machines.state()
        refilled_at = state["at"] - EPOCH
        at = max(refilled_at, self.bucket.at)
        held = min(self.bucket.burst, state["tokens"] + (at - refilled_at) * self.bucket.rate)
        self.tally += Tally(lost=abs(self.bucket.refill(at) - held) > TINY)


async def storms(count: int, seed: int, socket: Path) -> Tally:
    """So many storms, one after another."""
    tally = Tally()
    for number in range(count):
        tally += await Storm(seed * 1_000_003 + number, socket).run()
    return tally


def main() -> None:
    """The campaign at full size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--storms", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    began = wall.monotonic()
    with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder)) as server:
        tally = anyio.run(storms, asked.storms, asked.seed, server.socket)
    print(f"{tally} in {wall.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
