"""Storms on a bucket: waiters come, are cancelled and are served, in an order drawn by chance.

Time stands still but for what the storm does, so every grant can be held against a bucket that is
worked out by hand: none too early, none later than its token, none out of order.

`python -m tests.transport.storms` runs the campaign at full size and prints a table.
"""

from __future__ import annotations

import argparse
import random
import time as wall
from collections import deque

import anyio
from attrs import define, field, frozen

from plivo_phlo_async import RateLimit

TINY = 1e-6


@frozen
class Tally:
    """What a campaign saw; the last three are to be 0."""

    storms: int = 0
    grants: int = 0
    cancelled: int = 0
    over: int = 0
    lost: int = 0
    inversions: int = 0

    def __add__(self, other: Tally) -> Tally:
        sums = (getattr(self, name) + getattr(other, name) for name in Tally.__match_args__)
        return Tally(*sums)


@define
class Bucket:
    """A bucket worked out by hand from the times of its grants."""

    rate: float
    burst: float
    level: float = field(init=False)
    at: float = 0.0

    def __attrs_post_init__(self) -> None:
        self.level = self.burst

    def refill(self, now: float) -> float:
        self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        return self.level


class Storm:
    """One storm."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = 0.0
        self.wakes: list[tuple[float, anyio.Event]] = []
        burst = self.chance.randint(1, 3)
        self.limit = RateLimit(
            self.chance.randint(10, 50), 1.0, burst, clock=lambda: self.now, sleep=self._sleep
        )
        self.bucket = Bucket(self.limit.full_rate, burst)
        self.waiting: dict[int, anyio.CancelScope] = {}
        self.tally = Tally(storms=1)

    async def _sleep(self, seconds: float) -> None:
        wake = anyio.Event()
        entry = (self.now + seconds, wake)
        self.wakes.append(entry)
        try:
            await wake.wait()
        finally:
            self.wakes.remove(entry)

    async def _ask(self, number: int) -> None:
        arrived = self.now
        with anyio.CancelScope() as self.waiting[number]:
            await self.limit.acquire()
            self._granted(number, waited=arrived < self.now)
        del self.waiting[number]

    def _granted(self, number: int, *, waited: bool) -> None:
        level = self.bucket.refill(self.now)
        self.tally += Tally(
            grants=1,
            over=level < 1 - TINY,
            lost=waited and level > 1 + TINY,  # its token was there before it was given
            inversions=any(other < number for other in self.waiting),
        )
        self.bucket.level -= 1

    async def run(self, steps: int = 40) -> Tally:
        async with anyio.create_task_group() as group:
            for number in range(steps):
                step = self.chance.random()
                if step < 0.5:
                    group.start_soon(self._ask, number)
                elif step < 0.7 and self.waiting:
                    self.chance.choice(list(self.waiting.values())).cancel()
                    self.tally += Tally(cancelled=1)
                else:
                    self._let_time_pass()
                await _settle()
            while self.waiting:
                self._let_time_pass()
                await _settle()
        return self.tally

    def _let_time_pass(self) -> None:
        if self.wakes:
            self.now, wake = min(self.wakes, key=lambda entry: entry[0])
            wake.set()
        else:
            self.now += self.chance.random() / 10


async def _settle() -> None:
    for _ in range(4):
        await anyio.lowlevel.checkpoint()


async def storms(count: int, seed: int) -> Tally:
    """So many storms, one after another."""
    tally = Tally()
    for number in range(count):
        tally += await Storm(seed * 1_000_003 + number).run()
    return tally


async def grants(count: int, seed: int, requests: int = 300, per: float = 5.0) -> tuple[int, float]:
    """Take `count` tokens with quiet times between; the most in a window, and the share used.

    The share is of the busy time alone, when a task is always waiting.
    """
    chance, now = random.Random(seed), 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    limit = RateLimit(requests, per, clock=lambda: now, sleep=sleep)
    window: deque[float] = deque()
    most, quiet = 0, 0.0
    for _ in range(count):
        if chance.random() < 0.001:
            pause = chance.random() * 2 * per
            quiet, now = quiet + pause, now + pause
        await limit.acquire()
        window.append(now)
        while window[0] <= now - per:
            window.popleft()
        most = max(most, len(window))
    return most, count / ((now - quiet) * requests / per)


def main() -> None:
    """The campaign at full size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--storms", type=int, default=10_000)
    parser.add_argument("--grants", type=int, default=10**6)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    for backend in ("asyncio", "trio"):
        began = wall.monotonic()
        tally = anyio.run(storms, asked.storms, asked.seed, backend=backend)
        print(f"{backend}: {tally} in {wall.monotonic() - began:.0f} s")
    most, share = anyio.run(grants, asked.grants, asked.seed)
    print(f"{asked.grants} grants: at most {most} in any 5 s, {share:.1%} of the limit used")


if __name__ == "__main__":
    main()
