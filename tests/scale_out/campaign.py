"""Kill workers of a queue at random instants, and compare the journal with what was dialled.

Four workers perform ten actions each at the same time. The phones reject every call, so that the
emulator dials again whenever it is asked to.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path

from attrs import define, field

from plivo_phlo_async import Action
from plivo_phlo_async.emulator import DEMO_NODE_ID, DEMO_PHLO_ID, PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer
from plivo_phlo_async.postgres import PostgresJournal

from ..postgres.server import PostgresServer
from ..shared_limit.server import RedisServer
from .engines import ENGINES, Engine
from .rabbit import RabbitServer

__all__ = ["ScaleOutReport", "run"]

_WORKERS = 4
_BATCH = 50  # actions for each kill
_LATENCY = 0.02  # seconds that the server takes
_MOST_SECONDS = 120.0  # without progress
_AGENT = "12025550000"


@define
class ScaleOutReport:
    """What came of one engine.

    Attributes:
        engine: its name.
        actions: how many actions were queued.
        kills: how often a worker was killed.
        lost: actions that were never begun.
        twice: numbers that were dialled more than once.
        hidden: actions that failed without a word that they may have happened, and were dialled; or
            that are done, and were not.
        unknown: actions whose end is not known.
        unknown_dialled: how many of them were dialled.
        seconds: how long it took.
    """

    engine: str
    actions: int = 0
    kills: int = 0
    lost: int = 0
    twice: int = 0
    hidden: int = 0
    unknown: int = 0
    unknown_dialled: int = 0
    seconds: float = 0.0
    statuses: Counter[str] = field(factory=Counter)

    @property
    def is_good(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.twice or self.hidden) and self.unknown <= 4 * self.kills

    def __str__(self) -> str:
        return (
            f"{self.engine}: {self.actions} actions, {self.kills} kills: {self.lost} lost,"
            f" {self.twice} twice, {self.hidden} hidden, {self.unknown} unknown"
            f" ({self.unknown / max(1, self.kills):.1f} a kill, {self.unknown_dialled} dialled),"
            f" {self.seconds:.0f} s"
        )


@define
class _Workers:
    """The workers of an engine."""

    engine: Engine
    random: random.Random
    processes: list[subprocess.Popen[bytes]] = field(factory=list)

    def start(self) -> None:
        self.processes = [self.engine.start() for _ in range(_WORKERS)]

    def kill_one(self) -> None:
        """Kill one, with its children, and start another in its place."""
        chosen = self.random.randrange(_WORKERS)
        _kill(self.processes[chosen])
        self.processes[chosen] = self.engine.start()

    def stop(self) -> None:
        for process in self.processes:
            _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):  # it has ended by itself
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


async def run(engine: str, kills: int, seed: int) -> ScaleOutReport:
    """Run the campaign of one engine.

    Args:
        engine: its name, of `ENGINES`.
        kills: how many workers to kill.
        seed: chooses the instants.
    """
    report, began = ScaleOutReport(engine, kills=kills), time.monotonic()
    instants = random.Random(seed)
    numbers = [f"12025{number:06}" for number in range(_BATCH * (kills + 1))]
    emulator = PhloEmulator(
        rate_limit=None, latency=_LATENCY, phones=dict.fromkeys(numbers, "reject")
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(PostgresServer(database)).dsn
        redis = stack.enter_context(RedisServer(folder))
        server = stack.enter_context(EmulatorServer(emulator))
        environment = {
            **server.env,
            "PLIVO_PHLO_ID": DEMO_PHLO_ID,
            "PLIVO_NODE_ID": DEMO_NODE_ID,
            "DATABASE_URL": url,
            "REDIS_URL": f"unix://{redis.socket}",
        }
        if ENGINES[engine].needs_rabbit:
            environment["AMQP_URL"] = stack.enter_context(RabbitServer(folder)).url
        one = ENGINES[engine](environment, folder)
        async with AsyncExitStack() as opened:
            await one.open()
            opened.push_async_callback(one.close)
            journal = await opened.enter_async_context(PostgresJournal(url, run="calls"))
            workers = _Workers(one, instants)
            opened.callback(workers.stop)
            workers.start()
            await _kill_and_drain(workers, numbers, emulator, journal, kills)
            workers.stop()
            await _judge(journal, numbers, emulator, report)
    report.seconds = time.monotonic() - began
    return report


async def _kill_and_drain(
    workers: _Workers,
    numbers: list[str],
    emulator: PhloEmulator,
    journal: PostgresJournal,
    kills: int,
) -> None:
    """Queue a batch for each kill, and kill while it is under way; then wait for the rest."""
    for number in range(kills + 1):
        batch = numbers[number * _BATCH : (number + 1) * _BATCH]
        await workers.engine.put([_action(to) for to in batch])
        if number == kills:
            break
        wanted = sum(emulator.dialled[to] for to in numbers) + workers.random.randint(1, _BATCH)
        await _until_dialled(emulator, numbers, wanted)
        await asyncio.sleep(workers.random.uniform(0, _LATENCY))
        workers.kill_one()
    seen, since = -1, time.monotonic()
    while (begun := sum((await journal.counts()).values())) < len(numbers):
        if begun > seen:
            seen, since = begun, time.monotonic()
        if time.monotonic() > since + _MOST_SECONDS:
            return
        await asyncio.sleep(0.5)
    await asyncio.sleep(2)  # for what is under way


async def _until_dialled(emulator: PhloEmulator, numbers: list[str], wanted: int) -> None:
    deadline = time.monotonic() + _MOST_SECONDS
    while sum(emulator.dialled[to] for to in numbers) < min(wanted, len(numbers)):
        if time.monotonic() > deadline:
            return
        await asyncio.sleep(0.002)


def _action(to: str) -> Action:
    return Action.call(DEMO_PHLO_ID, DEMO_NODE_ID, _AGENT, to, role="customer", key=to)


async def _judge(
    journal: PostgresJournal, numbers: list[str], emulator: PhloEmulator, report: ScaleOutReport
) -> None:
    statuses = {row.key: row.status.value async for row in journal.outcomes()}
    dialled = emulator.dialled
    report.actions = len(numbers)
    report.statuses = Counter(statuses.values())
    for to in numbers:
        status, times = statuses.get(to), dialled[to]
        report.lost += status is None
        report.twice += times > 1
        report.hidden += (
            (times > 0) if status in {None, "failed"} else status == "done" and not times
        )
        report.unknown += status == "unknown"
        report.unknown_dialled += status == "unknown" and times > 0
