"""Real processes, real time, one limit.

`python -m tests.shared_limit.processes` prints what one token costs, also after many processes were
killed, and how a limit of 300 in 5 s is kept and shared by one and by four processes with 100
waiters each.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

import anyio
from attrs import frozen
from redis.asyncio import Redis

from plivo_phlo_async.redis import RedisRateLimit

from .server import RedisServer
from .world import fresh_key

ROOT = Path(__file__).parents[2]


@frozen
class Seen:
    """What all processes together did.

    Attributes:
        grants: when, in seconds.
        most: in any window.
        share: of the full rate.
        shares: how many tokens each process got.
        questions: put to Redis for each token.
        cpu: seconds of a processor for each token.
    """

    grants: list[float]
    most: int
    share: float
    shares: list[int]
    questions: float
    cpu: float


def most_in_a_window(grants: list[float], per: float) -> int:
    window: deque[float] = deque()
    most = 0
    for grant in sorted(grants):
        window.append(grant)
        while window[0] <= grant - per:
            window.popleft()
        most = max(most, len(window))
    return most


def start(
    socket: Path, key: str, *numbers: float, program: str = "worker", **environ: str
) -> subprocess.Popen[str]:
    """A process that waits for a line."""
    command = [sys.executable, "-m", f"tests.shared_limit.{program}", str(socket), key]
    worker = subprocess.Popen(
        [*command, *map(str, numbers)],
        cwd=ROOT,
        env=os.environ | environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    return worker


def let_go(workers: list[subprocess.Popen[str]]) -> None:
    """Give each its line."""
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()


def run(
    socket: Path, count: int, requests: int, per: float, *, waiters: int, seconds: float
) -> Seen:
    """Let `count` processes take what they get."""
    key = fresh_key()
    numbers = requests, per, waiters, seconds, math.inf
    workers = [start(socket, key, *numbers) for _ in range(count)]
    let_go(workers)
    reports = [json.loads(worker.communicate()[0]) for worker in workers]
    grants = sorted(grant for one in reports for grant in one["grants"])
    full_rate = (requests - 5 - 0.01 * requests) / per
    return Seen(
        grants,
        most_in_a_window(grants, per),
        (len(grants) - 1) / (grants[-1] - grants[0]) / full_rate,
        [len(one["grants"]) for one in reports],
        sum(one["questions"] for one in reports) / len(grants),
        sum(one["cpu"] for one in reports) / len(grants),
    )


async def _uncontended(socket: Path, count: int) -> float:
    async with Redis(unix_socket_path=str(socket)) as redis:
        limit = RedisRateLimit(redis, 10**8, 1.0, burst=10**6, key=fresh_key())
        await limit.acquire()
        began = time.perf_counter()
        for _ in range(count):
            await limit.acquire()
        limited = time.perf_counter() - began
        began = time.perf_counter()
        for _ in range(count):
            await redis.ping()
        pinged = time.perf_counter() - began
    print(f"one after another: {count / limited:.0f} tokens, {count / pinged:.0f} pings a second")
    return count / limited


async def _after_kills(socket: Path, count: int, killed: int) -> None:
    async with Redis(unix_socket_path=str(socket)) as redis:
        key = fresh_key()
        limit = RedisRateLimit(redis, 10**8, 1.0, burst=10**6, key=key)
        await limit.acquire()
        ended = {f"process:{number}": (time.time() - 1) * 1e9 for number in range(killed)}
        if ended:
            await redis.zadd(key, ended)
        began = time.perf_counter()
        for _ in range(count):
            await limit.acquire()
        took = (time.perf_counter() - began) / count
    print(f"after {killed} killed processes: {took * 1e3:.2f} ms a token")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder)) as server:
        anyio.run(_uncontended, server.socket, 5000)
        for killed in (0, 1, 1_000, 10_000):
            anyio.run(_after_kills, server.socket, 2000, killed)
        for count in (1, 4):
            seen = run(server.socket, count, 300, 5.0, waiters=100, seconds=asked.seconds)
            print(
                f"{count} processes of 100: {seen.share:.1%} of the rate, at most {seen.most} in"
                f" 5 s, {seen.questions:.2f} questions and {seen.cpu * 1e6:.0f} us of a processor"
                f" a token, each {seen.shares}"
            )


if __name__ == "__main__":
    main()
