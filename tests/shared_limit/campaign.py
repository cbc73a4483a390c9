"""One limit under ill treatment: real processes, a real Redis, and what arrives at a server.

`python -m tests.shared_limit.campaign` prints, for each treatment, the most arrivals in any 5
seconds and the share of the full rate; names choose some.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from attrs import frozen

from plivo_phlo_async import RateLimit

from .links import Link
from .processes import ROOT, most_in_a_window
from .server import RedisServer
from .world import fresh_key

Treatment = Callable[["Fleet"], Awaitable[None]]
WAITERS = 25
FULL_RATE = RateLimit(300, per=5.0).full_rate


def _run(module: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"tests.shared_limit.{module}", *map(str, arguments)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


class Fleet:
    """Four processes, each with a link to Redis of its own, and the server where they arrive."""

    def __init__(self, redis: RedisServer, folder: Path, count: int = 4) -> None:
        self.redis = redis
        self.links = [Link(redis.socket, folder / f"link-{number}.sock") for number in range(count)]
        self._key = fresh_key()
        self._arrivals = _run("arrivals")
        assert self._arrivals.stdout is not None
        self._port = int(self._arrivals.stdout.readline())
        self._senders: dict[int, subprocess.Popen[str]] = {}

    async def start(self) -> None:
        for number, link in enumerate(self.links):
            await link.start()
            self.start_sender(number)

    def start_sender(self, number: int) -> None:
        path = self.links[number].path
        self._senders[number] = _run("sender", path, self._key, self._port, WAITERS)

    def send_signal(self, number: int, what: signal.Signals) -> None:
        self._senders[number].send_signal(what)

    def kill(self, number: int) -> None:
        self._senders[number].kill()
        self._senders.pop(number).communicate()

    def stop(self) -> list[float]:
        """Stop all, and return when each request arrived."""
        for number in list(self._senders):
            self.kill(number)
        for link in self.links:
            link.close()
        arrived: list[float] = json.loads(self._arrivals.communicate()[0])
        return arrived


async def _nothing(fleet: Fleet) -> None:
    await asyncio.sleep(15)


def _cut_off(*numbers: int, seconds: float = 15, resets: bool = False) -> Treatment:
    async def treatment(fleet: Fleet) -> None:
        links = [fleet.links[number] for number in numbers]
        for link in links:
            link.reset() if resets else link.silence()
        await asyncio.sleep(seconds)
        for link in links:
            await link.restore()
        await asyncio.sleep(6)

    return treatment


async def _flapping(fleet: Fleet) -> None:
    for round_ in range(5):
        await _cut_off(round_ % 4, seconds=1 + round_, resets=round_ % 2 == 1)(fleet)


async def _held_loops(fleet: Fleet) -> None:
    for round_ in range(8):
        fleet.send_signal(round_ % 4, signal.SIGUSR1)
        await asyncio.sleep(2.5)


def _stopped(seconds: float, rounds: int) -> Treatment:
    async def treatment(fleet: Fleet) -> None:
        for round_ in range(rounds):
            fleet.send_signal(round_ % 4, signal.SIGSTOP)
            await asyncio.sleep(seconds)
            fleet.send_signal(round_ % 4, signal.SIGCONT)
            await asyncio.sleep(0.3)

    return treatment


async def _killed_and_replaced(fleet: Fleet) -> None:
    for round_ in range(21):
        fleet.kill(round_ % 4)
        fleet.start_sender(round_ % 4)
        await asyncio.sleep(1)


async def _killed(fleet: Fleet) -> None:
    fleet.kill(0)
    await asyncio.sleep(20)


async def _redis_killed(fleet: Fleet) -> None:
    for _ in range(4):
        fleet.redis.kill()
        fleet.redis.start()
        await asyncio.sleep(5)


async def _redis_away(fleet: Fleet) -> None:
    fleet.redis.kill()
    await asyncio.sleep(10)
    fleet.redis.start()
    await asyncio.sleep(6)


async def _redis_frozen(fleet: Fleet) -> None:
    for seconds in (3, 0.8, 6):
        fleet.redis.freeze()
        await asyncio.sleep(seconds)
        fleet.redis.thaw()
        await asyncio.sleep(4)


TREATMENTS: dict[str, Treatment] = {
    "none": _nothing,
    "one of four cut off for 15 s, silently": _cut_off(0),
    "one of four cut off for 15 s, with resets": _cut_off(0, resets=True),
    "two of four cut off for 15 s": _cut_off(0, 1),
    "all cut off for 15 s": _cut_off(0, 1, 2, 3),
    "one after another cut off for 1 to 5 s": _flapping,
    "event loop held for 1.2 s, 8 times": _held_loops,
    "SIGSTOP for 1.5 s, 16 times": _stopped(1.5, 16),
    "SIGSTOP for 2 s, 13 times": _stopped(2, 13),
    "SIGSTOP for 4 s, 5 times": _stopped(4, 5),
    "kill -9 each second, replaced, 21 times": _killed_and_replaced,
    "kill -9 of one of four, not replaced, 20 s": _killed,
    "redis killed and started empty, 4 times": _redis_killed,
    "redis away for 10 s, then empty": _redis_away,
    "redis frozen for 3, 0.8 and 6 s": _redis_frozen,
}


@frozen
class Finding:
    """What arrived.

    Attributes:
        most: in any 5 seconds.
        share: of the full rate, from the start of the treatment to its end.
    """

    most: int
    share: float


async def _find(treatment: Treatment) -> Finding:
    with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder)) as redis:
        fleet = Fleet(redis, Path(folder))
        try:
            await fleet.start()
            await asyncio.sleep(8)
            began = time.monotonic()
            await treatment(fleet)
            took = time.monotonic() - began
        finally:
            arrived = fleet.stop()
    during = sum(began <= at <= began + took for at in arrived)
    return Finding(most_in_a_window(arrived, 5.0), during / took / FULL_RATE)


def find(treatment: Treatment) -> Finding:
    """Let four processes work under a treatment."""
    return asyncio.run(_find(treatment))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of the names of treatments")
    wanted = parser.parse_args().names
    print(f"| treatment ({os.cpu_count()} processors) | most in 5 s | share |\n|---|---|---|")
    for name, treatment in TREATMENTS.items():
        if not wanted or any(part in name for part in wanted):
            found = find(treatment)
            print(f"| {name} | {found.most} | {found.share:.1%} |", flush=True)


if __name__ == "__main__":
    main()
