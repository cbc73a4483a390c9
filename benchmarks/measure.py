"""One process, one client, one measurement: `python -m benchmarks.measure JOB`, JSON in and out."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import json
import os
import re
import resource
import signal
import sys
import threading
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from attrs import asdict, define, field, frozen

from .clients import CLIENTS, AsyncCaller, ThreadCaller
from .server import allow_many_files

__all__ = ["MOST_SECONDS", "PATIENCE", "Job", "percentile"]

MOST_SECONDS = 240  # for a whole process
PATIENCE = 10.0  # seconds for the last actions of the "latency" scenario to come back

_RAMP = 1.0  # seconds of the "latency" scenario that are not counted
_TICK = 0.010  # seconds between two ticks of the clock that shows how late the event loop is


@frozen
class Job:
    """What one process is to measure.

    Args:
        scenario: "cost", "latency" or "limit".
        client: a name in `CLIENTS`.
        url: the server's API.
        at_once: how many actions are under way at most.
        actions: how many are measured ("cost").
        seconds: for how long; in "cost", at most.
        rate: actions offered in a second ("latency").
    """

    scenario: str
    client: str
    url: str
    at_once: int
    actions: int = 0
    seconds: float = 0.0
    rate: float = 0.0

    def to_json(self) -> str:
        """The job as an argument of the process."""
        return json.dumps(asdict(self))


@define
class _Tally:
    """What became of the actions: how long each took, and what the failed ones raised.

    One that was given up is not done, but how long it had waited counts among the times: to leave
    it out would make a client that is late look better the later it is.
    """

    seconds: array[float] = field(factory=lambda: array("d"))
    given_up: array[float] = field(factory=lambda: array("d"))
    failed: Counter[str] = field(factory=Counter)

    @contextlib.contextmanager
    def one(self, started: float | None = None) -> Iterator[None]:
        """Time one action, since `started` or since now."""
        begun = time.monotonic() if started is None else started
        try:
            yield
        except Exception as error:
            self.failed[type(error).__name__] += 1
        else:
            self.seconds.append(time.monotonic() - begun)

    @property
    def count(self) -> int:
        return len(self.seconds) + self.failed.total()

    def add(self, other: _Tally) -> None:
        self.seconds.extend(other.seconds)
        self.failed.update(other.failed)

    def figures(self) -> dict[str, Any]:
        times = self.seconds + self.given_up
        return {
            "done": len(self.seconds),
            "failed": dict(self.failed),
            "given_up": len(self.given_up),
            "p50_ms": _ms(percentile(times, 50)),
            "p99_ms": _ms(percentile(times, 99)),
        }


@define
class _Meter:
    """Processor time (user and system, all threads) and wall time since it was made."""

    cpu: float = field(factory=time.process_time)
    wall: float = field(factory=time.monotonic)

    def figures(self, done: int) -> dict[str, float | None]:
        cpu, wall = time.process_time() - self.cpu, time.monotonic() - self.wall
        return {
            "cpu_us": cpu / done * 1e6 if done else None,
            "per_second": done / wall,
            "busy": cpu / wall,
            "wall_s": wall,
        }


def _figures(meter: _Meter, tally: _Tally) -> dict[str, Any]:
    return meter.figures(len(tally.seconds)) | tally.figures()


def percentile(values: array[float], percent: float) -> float | None:
    """The value that `percent` of the values do not exceed; None of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else None


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def _memory(which: str) -> int:
    """KiB in memory: "VmRSS" now, "VmHWM" at most; where there is no /proc, at most for both."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(rf"^{which}:\s*(\d+) kB", status.read_text(), re.MULTILINE)
        if found:
            return int(found[1])
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // 1024 if sys.platform == "darwin" else most


def _forget_the_peak() -> int:
    """KiB in memory now, from which on the peak counts."""
    gc.collect()
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _memory_figures(before: int, at_once: int) -> dict[str, float]:
    peak = _memory("VmHWM")
    return {"peak_mib": peak / 1024, "kib_per_action_in_flight": (peak - before) / at_once}


class _Course:
    """The part of a run that counts: from when the connections are open until enough is done.

    Workers go on without a break before, during and after it, so that as many actions as there are
    workers are in flight all the time, and no figure is one of a start or an end. The first as many
    actions as there are workers are the warm-up.

    Args:
        job: how many workers there are, how many actions are enough, and when time is up.
        over: called once, when it is over.
    """

    def __init__(self, job: Job, over: Callable[[], object]) -> None:
        self._job, self._tell_over = job, over
        self._cold = job.at_once
        self._tally = _Tally()
        self._meter: _Meter | None = None
        self._changing = threading.Lock()
        self.figures: dict[str, Any] | None = None

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """One action of a worker's."""
        result = _Tally()
        with result.one():
            yield
        with self._changing:
            if self._meter is None:
                self._warm_up()
            elif self.figures is None:
                self._tally.add(result)
                self._look(self._meter)

    def _warm_up(self) -> None:
        self._cold -= 1
        if not self._cold:
            self._meter = _Meter()

    def _look(self, meter: _Meter) -> None:
        late = time.monotonic() - meter.wall > self._job.seconds
        if late or self._tally.count >= self._job.actions:
            self.figures = _figures(meter, self._tally)
            self._tell_over()


async def _cost(caller: AsyncCaller, job: Job) -> dict[str, Any]:
    """Workers that each do one action after another."""
    await caller.act(0)  # what is loaded on first use is loaded now
    before = _forget_the_peak()
    over = asyncio.Event()
    course = _Course(job, over.set)
    numbers = itertools.count()

    async def work() -> None:
        while course.figures is None:
            with course.one():
                await caller.act(next(numbers))

    workers = [asyncio.create_task(work()) for _ in range(job.at_once)]
    await over.wait()
    del workers  # their last actions are of no interest
    return (course.figures or {}) | _memory_figures(before, job.at_once)


def _cost_in_threads(caller: ThreadCaller, job: Job) -> dict[str, Any]:
    """The same, a thread each."""
    caller.act(0)
    before = _forget_the_peak()
    over = threading.Event()
    course = _Course(job, over.set)
    numbers = itertools.count()

    def work() -> None:
        while course.figures is None:
            with course.one():
                caller.act(next(numbers))

    workers = [threading.Thread(target=work, daemon=True) for _ in range(job.at_once)]
    for worker in workers:
        worker.start()
    over.wait()
    memory = _memory_figures(before, job.at_once)
    for worker in workers:
        worker.join()
    return (course.figures or {}) | memory


async def _tick(late: array[float]) -> None:
    """Note how much later than asked each sleep ends."""
    while True:
        due = time.monotonic() + _TICK
        await asyncio.sleep(_TICK)
        late.append(time.monotonic() - due)


async def _latency(caller: AsyncCaller, job: Job) -> dict[str, Any]:
    """Actions come when they come, however the last ones fare; each is timed from when it was due.

    Those of the first second open the connections and are not counted. What is not back in time is
    given up.
    """
    await caller.act(0)  # what is loaded on first use is loaded now
    acts = await _offer(caller, job.rate, _RAMP, _Tally())
    late, tally = array("d"), _Tally()
    ticker, meter = asyncio.create_task(_tick(late)), _Meter()
    counted = await _offer(caller, job.rate, job.seconds, tally)
    await asyncio.wait([*acts.values(), *counted.values()], timeout=PATIENCE)
    ticker.cancel()
    now = time.monotonic()
    tally.given_up.extend(now - due for due, act in counted.items() if not act.done())
    lags = {"lag_p50_ms": _ms(percentile(late, 50)), "lag_p99_ms": _ms(percentile(late, 99))}
    return _figures(meter, tally) | lags


async def _offer(
    caller: AsyncCaller, rate: float, seconds: float, tally: _Tally
) -> dict[float, asyncio.Task[None]]:
    """Begin actions at this rate for so long; gives them by when they were due."""

    async def act(number: int, due: float) -> None:
        with tally.one(due):
            await caller.act(number)

    acts = {}
    start = time.monotonic()
    for number in range(int(rate * seconds)):
        due = start + number / rate
        if (early := due - time.monotonic()) > 0:
            await asyncio.sleep(early)
        acts[due] = asyncio.create_task(act(number, due))
    return acts


async def _limit(caller: AsyncCaller, job: Job) -> dict[str, Any]:
    """Workers go through an endless list of numbers until the time is up."""
    tally = _Tally()

    async def work() -> None:
        while True:
            with tally.one():
                await caller.act(0)

    meter = _Meter()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(job.seconds):
            await asyncio.gather(*(work() for _ in range(job.at_once)))
    return _figures(meter, tally)


_SCENARIOS = {"cost": _cost, "latency": _latency, "limit": _limit}


async def _measure(job: Job) -> None:
    caller: AsyncCaller = CLIENTS[job.client].open(job.url, job.at_once, job.scenario == "limit")
    print(json.dumps(await _SCENARIOS[job.scenario](caller, job)), flush=True)
    if len(asyncio.all_tasks()) > 1:
        os._exit(0)  # to call off a thousand actions takes some clients minutes
    await caller.close()


def _measure_in_threads(job: Job) -> None:
    caller: ThreadCaller = CLIENTS[job.client].open(job.url, job.at_once, False)
    print(json.dumps(_cost_in_threads(caller, job)), flush=True)
    caller.close()


def main() -> None:
    """Measure the job of the first argument and print its figures."""
    job = Job(**json.loads(sys.argv[1]))
    signal.alarm(MOST_SECONDS)  # also if whoever started this is gone
    allow_many_files()
    if CLIENTS[job.client].threads:
        _measure_in_threads(job)
    else:
        asyncio.run(_measure(job))


if __name__ == "__main__":
    main()
