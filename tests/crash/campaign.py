"""Kill `plivo-phlo bulk` again and again; compare its journal with what the server dialled.

The phones reject every call, so that the emulator dials again whenever it is asked to, and the
server notes when each request came and when it was answered.
"""

from __future__ import annotations

import csv
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from attrs import define, field, frozen

from plivo_phlo_async import BulkStatus, SqliteJournal
from plivo_phlo_async.emulator import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    PhloEmulator,
)
from plivo_phlo_async.emulator.asgi import Receive, Scope, Send
from plivo_phlo_async.emulator.server import EmulatorServer

__all__ = ["CrashReport", "run"]

LEVELS = (1, 10, 50)
_LATENCY = 0.02  # seconds that the server takes
_ROUND_TRIP = 0.05  # seconds before a kill in which an answered request may not have been recorded
_MOST_SECONDS = 120.0  # for one start of the command
_MOST_STARTS = 50
_KILLS = 3  # of each list


@define
class CrashReport:
    """What came of all lists of one concurrency.

    Attributes:
        actions: how many actions a list has.
        concurrency: how many actions run at the same time.
        lists: how many lists were run.
        kills: how often the command was killed.
        too_late: how often it had ended before.
        statuses: how the actions ended.
        unknown_and_dialled: how many unknown actions were dialled.
        most_unknown: the most that one kill left.
        beyond: how many unknown actions were not on the wire at the kill.
        seconds: how long it took.
        broken: the promises that were broken.
    """

    actions: int
    concurrency: int
    lists: int = 0
    kills: int = 0
    too_late: int = 0
    statuses: Counter[str] = field(factory=Counter)
    unknown_and_dialled: int = 0
    most_unknown: int = 0
    beyond: int = 0
    seconds: float = 0.0
    broken: list[str] = field(factory=list)

    def __str__(self) -> str:
        done, failed, unknown = (self.statuses[name] for name in ("done", "failed", "unknown"))
        return (
            f"{self.concurrency} at once: {self.kills} kills over {self.lists} lists of"
            f" {self.actions}: done {done}, failed {failed}, unknown {unknown}"
            f" ({self.unknown_and_dialled} of them dialled; {unknown / max(1, self.kills):.2f} a"
            f" kill, at most {self.most_unknown}, {self.beyond} not on the wire); promises"
            f" broken: {len(self.broken)}; {self.seconds:.0f} s"
        )


class _Recorder(PhloEmulator):
    """An emulator that notes when each request arrived and when it was answered."""

    def __init__(self, numbers: list[str]) -> None:
        super().__init__(rate_limit=None, latency=_LATENCY, phones=dict.fromkeys(numbers, "reject"))
        self.times: list[list[float]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        times = [time.monotonic(), float("inf")]
        self.times.append(times)
        await super().__call__(scope, receive, send)
        times[1] = time.monotonic()

    def on_the_wire(self, killed: float) -> int:
        """Return how many requests had arrived and were not answered long before a kill."""
        return sum(answered > killed - _ROUND_TRIP for _, answered in self.times)


@frozen
class _Kill:
    """Kill the command some seconds after it has sent so many requests."""

    requests: int
    delay: float

    def wait(self, process: subprocess.Popen[bytes], emulator: _Recorder) -> bool:
        """Wait until then, or for the end; return whether the command still runs."""
        while len(emulator.times) < self.requests and process.poll() is None:
            time.sleep(0.001)
        with suppress(subprocess.TimeoutExpired):
            process.wait(self.delay)
        return process.poll() is None


@define
class _List:
    """One list of actions, with its journal."""

    home: Path
    numbers: list[str]
    concurrency: int
    rate: str

    @property
    def journal(self) -> Path:
        return self.home / "run.db"

    def write(self) -> None:
        self.home.mkdir()
        rows = ["verb,trigger_source,to,role,key"]
        rows += [f"call,12025550000,{number},customer,{number}" for number in self.numbers]
        (self.home / "calls.csv").write_text("\n".join(rows) + "\n")

    @property
    def command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "plivo_phlo_async", "bulk", str(self.home / "calls.csv")),
            *("--phlo", DEMO_PHLO_ID, "--node", DEMO_NODE_ID, "--rate", self.rate, "--yes"),
            *("--concurrency", str(self.concurrency), "--journal", str(self.journal)),
            *("--results", str(self.home / "results.csv")),
        ]

    def start(self, url: str, emulator: _Recorder, kill: _Kill | None) -> bool:
        """Start the command, and kill it; return whether it ended before."""
        environment = os.environ | {
            "PLIVO_AUTH_ID": DEMO_AUTH_ID,
            "PLIVO_AUTH_TOKEN": DEMO_AUTH_TOKEN,
            "PLIVO_PHLO_BASE_URL": url,
        }
        with (self.home / "output.txt").open("ab") as output:
            process = subprocess.Popen(
                self.command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        if kill is not None and kill.wait(process, emulator):
            process.kill()
            process.wait()
            return False
        process.wait(_MOST_SECONDS)
        if process.returncode not in {0, 5}:
            output_text = (self.home / "output.txt").read_text()
            raise RuntimeError(f"the command ended with {process.returncode}:\n{output_text}")
        return True

    def results(self) -> list[tuple[str, str]]:
        """Return the number and status of each row of the results."""
        with (self.home / "results.csv").open(newline="") as file:
            return [(row["to"], row["status"]) for row in csv.DictReader(file)]

    def unknown(self) -> int:
        """Return how many actions the journal of a killed run does not know the end of."""
        if not self.journal.exists():
            return 0
        copy = self.home / "copy.db"
        for end in ("", "-wal", "-mark", "-journal"):
            copy.with_name(f"copy.db{end}").unlink(missing_ok=True)
            if (original := self.journal.with_name(f"run.db{end}")).exists():
                shutil.copy(original, copy.with_name(f"copy.db{end}"))
        outcomes = SqliteJournal(copy, accept_copy=True).outcomes()
        return sum(outcome.status is BulkStatus.UNKNOWN for outcome in outcomes)


def run(
    kills: int,
    seed: int,
    *,
    concurrency: int = 10,
    actions: int = 400,
    rate: str = "300/5s",
    progress: Callable[[CrashReport], object] = lambda report: None,
) -> CrashReport:
    """Begin list after list, killing each a few times, until there were so many kills.

    Args:
        kills: how many kills.
        seed: chooses the instants.
        concurrency: how many actions run at the same time.
        actions: how many actions a list has.
        rate: the rate limit, as the command's option.
        progress: called after each list.
    """
    numbers = [f"1202556{number:04}" for number in range(actions)]
    emulator, instants = _Recorder(numbers), random.Random(seed)
    report, started = CrashReport(actions, concurrency), time.monotonic()
    with EmulatorServer(emulator) as server, tempfile.TemporaryDirectory() as folder:
        while report.kills < kills:
            emulator.reset()
            report.lists += 1
            one = _List(Path(folder, str(report.lists)), numbers, concurrency, rate)
            one.write()
            _kill_and_resume(one, emulator, server.base_url, instants, kills, report)
            _judge(one, emulator, report)
            report.seconds = time.monotonic() - started
            progress(report)
    return report


def _kill_and_resume(
    one: _List,
    emulator: _Recorder,
    url: str,
    instants: random.Random,
    kills: int,
    report: CrashReport,
) -> None:
    unknown = 0
    for killed in range(_MOST_STARTS):
        wanted = killed < _KILLS and report.kills < kills
        emulator.times.clear()
        requests = instants.randint(1, len(one.numbers) // _KILLS)
        kill = _Kill(requests, instants.uniform(0, _LATENCY)) if wanted else None
        if one.start(url, emulator, kill):
            report.too_late += wanted
            return
        now = time.monotonic()
        report.kills += 1
        left = one.unknown() - unknown
        unknown += left
        report.most_unknown = max(report.most_unknown, left)
        report.beyond += max(0, left - emulator.on_the_wire(now))
    report.broken.append(f"{one.home.name}: not done after {_MOST_STARTS} starts")


def _judge(one: _List, emulator: PhloEmulator, report: CrashReport) -> None:
    outcomes = list(SqliteJournal(one.journal).outcomes())
    statuses = {outcome.key: outcome.status.value for outcome in outcomes}
    dialled = {number: emulator.dialled.get(number, 0) for number in one.numbers}
    ended = statuses.items()
    wrong = {
        "dialled twice": [number for number, times in dialled.items() if times > 1],
        "not in the journal": [number for number in one.numbers if number not in statuses],
        "done and not dialled": [n for n, end in ended if end == "done" and not dialled[str(n)]],
        "failed and dialled": [n for n, end in ended if end == "failed" and dialled[str(n)]],
    }
    if one.results() != [(number, statuses.get(number)) for number in one.numbers]:
        report.broken.append(f"{one.home.name}: the results are not those of the journal")
    report.broken += [f"{one.home.name}: {what}: {which}" for what, which in wrong.items() if which]
    report.statuses.update(statuses.values())
    report.unknown_and_dialled += sum(dialled[str(n)] for n, end in ended if end == "unknown")
