"""Kill `plivo-phlo bulk` again and again; hold its journal against whom the emulator dialled."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from attrs import define, field

from plivo_phlo_async.emulator import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    PhloEmulator,
)
from plivo_phlo_async.emulator.server import EmulatorServer

__all__ = ["Report", "run"]

ACTIONS = 400
CONCURRENCY = 10
_MOST_SECONDS = 120.0  # for one start of the command
_MOST_STARTS = 50


@define
class Report:
    """What came of it, added up over all lists."""

    lists: int = 0
    kills: int = 0
    too_late: int = 0  # the command had ended before its instant
    done: int = 0
    failed: int = 0
    unknown: int = 0
    unknown_and_dialled: int = 0
    seconds: float = 0.0
    broken: list[str] = field(factory=list)

    def __str__(self) -> str:
        return (
            f"{self.kills} kills over {self.lists} lists of {ACTIONS}"
            f" ({self.too_late} instants came too late): done {self.done}, failed {self.failed},"
            f" unknown {self.unknown} ({self.unknown_and_dialled} of them dialled);"
            f" promises broken: {len(self.broken)}; {self.seconds:.0f} s"
        )


def run(
    kills: int, seed: int, progress: Callable[[Report], object] = lambda report: None
) -> Report:
    """Begin list after list, killing each a few times, until there were so many kills."""
    report, instants, started = Report(), random.Random(seed), time.monotonic()
    emulator = PhloEmulator(rate_limit=None)
    with EmulatorServer(emulator) as server, tempfile.TemporaryDirectory() as folder:
        whole = _time_of_one(server.base_url, Path(folder, "whole"))
        while report.kills < kills:
            emulator.reset()
            home = Path(folder, str(report.lists))
            _one_list(emulator, server.base_url, home, instants, whole, kills, report)
            report.lists += 1
            report.seconds = time.monotonic() - started
            progress(report)
    return report


def _one_list(
    emulator: PhloEmulator,
    url: str,
    home: Path,
    instants: random.Random,
    whole: float,
    kills: int,
    report: Report,
) -> None:
    _write_list(home)
    killed = 0
    for _ in range(_MOST_STARTS):
        # Three kills a list, then it may end.
        wanted = killed < 3 and report.kills < kills
        after = instants.uniform(0.3, 1.0) * whole if wanted else None
        if _start(url, home, after):
            break
        killed += 1
        report.kills += 1
    else:
        report.broken.append(f"{home.name}: not done after {_MOST_STARTS} starts")
    report.too_late += killed < 3 and report.kills < kills
    _judge(emulator, home, killed, report)


def _judge(emulator: PhloEmulator, home: Path, killed: int, report: Report) -> None:
    ended = _endings(home)
    dialled = {number: emulator.dialled.get(number, 0) for number in _numbers()}
    wrong = {
        "dialled twice": [n for n, times in dialled.items() if times > 1],
        "not in the journal": [n for n in _numbers() if n not in ended],
        "done and not dialled": [n for n, end in ended.items() if end == "done" and not dialled[n]],
        "dialled, and said to have failed": [
            n for n, end in ended.items() if end == "failed" and dialled[n]
        ],
    }
    report.broken += [f"{home.name}: {what}: {which}" for what, which in wrong.items() if which]
    unknown = [n for n, end in ended.items() if end in {"begun", "unknown"}]
    if len(unknown) > CONCURRENCY * killed:
        report.broken.append(f"{home.name}: {len(unknown)} unknown after {killed} kills")
    report.done += list(ended.values()).count("done")
    report.failed += list(ended.values()).count("failed")
    report.unknown += len(unknown)
    report.unknown_and_dialled += sum(dialled[n] for n in unknown)


def _numbers() -> list[str]:
    return [f"1202556{number:04}" for number in range(ACTIONS)]


def _write_list(home: Path) -> None:
    home.mkdir()
    rows = ["verb,trigger_source,to,role,key"]
    rows += [f"call,12025550000,{number},customer,{number}" for number in _numbers()]
    (home / "calls.csv").write_text("\n".join(rows) + "\n")


def _endings(home: Path) -> dict[str, str]:
    """How the journal says each number ended."""
    with closing(sqlite3.connect(home / "run.db")) as db:
        rows = db.execute("SELECT name, status FROM actions").fetchall()
    return {name.removeprefix("key ").strip("'"): status for name, status in rows}


def _command(home: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "plivo_phlo_async", "bulk", str(home / "calls.csv")),
        *("--phlo", DEMO_PHLO_ID, "--node", DEMO_NODE_ID, "--rate", "none", "--yes"),
        *("--concurrency", str(CONCURRENCY), "--journal", str(home / "run.db")),
    ]


def _start(url: str, home: Path, kill_after: float | None) -> bool:
    """Start the command; kill it after so many seconds, if it still runs. True when it ended."""
    environment = os.environ | {
        "PLIVO_AUTH_ID": DEMO_AUTH_ID,
        "PLIVO_AUTH_TOKEN": DEMO_AUTH_TOKEN,
        "PLIVO_PHLO_BASE_URL": url,
    }
    with (home / "told.txt").open("ab") as told:
        process = subprocess.Popen(
            _command(home), env=environment, stdin=subprocess.DEVNULL, stdout=told, stderr=told
        )
    try:
        process.wait(_MOST_SECONDS if kill_after is None else kill_after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    if process.returncode not in {0, 5}:
        raise RuntimeError(
            f"the command ended with {process.returncode}:\n{(home / 'told.txt').read_text()}"
        )
    return True


def _time_of_one(url: str, home: Path) -> float:
    """Seconds that the command takes when nobody kills it."""
    _write_list(home)
    started = time.monotonic()
    _start(url, home, None)
    return time.monotonic() - started
