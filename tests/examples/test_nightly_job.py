"""The nightly job as cron starts it: a process, killed, stopped and started again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import anyio
import attrs
import pytest
from redis import Redis

from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer

from ..shared_limit.server import RedisServer, needed

PROGRAM = Path(__file__).parents[2] / "examples" / "nightly_job.py"
ROWS = [(f"order-{number}", f"120255504{number:02}") for number in range(30)]
ONCE = {phone: 1 for _, phone in ROWS}
CONCURRENCY = 10  # of a bulk run


@attrs.frozen
class Job:
    """A job's folder, and the account it runs on."""

    folder: Path
    server: EmulatorServer

    @property
    def emulator(self) -> PhloEmulator:
        return self.server.emulator

    def start(self, *night: str, **environ: str) -> subprocess.Popen[str]:
        table = self.folder / "table.csv"
        return subprocess.Popen(
            [sys.executable, str(PROGRAM), str(table), str(self.folder), *night],
            env={**os.environ, **self.server.env, **environ},
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *night: str, **environ: str) -> int:
        with self.start(*night, **environ) as process:
            process.communicate(timeout=60)
        return process.returncode

    def report(self, night: str) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self.folder / f"{night}.json").read_text())
        return report

    @property
    def started(self) -> Counter[str]:
        """How often a PHLO was started for each phone."""
        bodies = (request.body for request in self.emulator.received)
        return Counter(str(body["phone"]) for body in bodies if body)


@pytest.fixture
def job(tmp_path: Path, unmeasured: None) -> Iterator[Job]:
    rows = [f"{key},{phone}" for key, phone in ROWS]
    (tmp_path / "table.csv").write_text("\n".join(["key,phone", *rows]))
    with EmulatorServer(PhloEmulator()) as server:
        yield Job(tmp_path, server)


class Gate:
    """Holds every response of an emulator back until it is opened."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._arrived = threading.Semaphore(0)

    async def sleep(self, seconds: float) -> None:
        self._arrived.release()
        await anyio.to_thread.run_sync(self._open.wait)

    def wait_for(self, requests: int) -> None:
        for _ in range(requests):
            assert self._arrived.acquire(timeout=60)

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def held(job: Job, gate: Gate) -> Iterator[Job]:
    """The job, with a gate in front of every response."""
    with EmulatorServer(PhloEmulator(latency=1, sleep=gate.sleep)) as server:
        yield attrs.evolve(job, server=server)
        gate.open()


def test_every_row_starts_one_run_a_night(job: Job) -> None:
    codes = [job.run("2026-11-01"), job.run("2026-11-01")]

    assert codes == [0, 0]
    assert job.started == Counter(ONCE)
    assert job.report("2026-11-01")["finished"]
    assert job.report("2026-11-01")["counts"]["done"] == len(ROWS)
    assert job.report("2026-11-01")["not_done"] == []


def test_the_next_night_starts_them_again(job: Job) -> None:
    codes = [job.run("2026-11-01"), job.run("2026-11-02")]

    assert codes == [0, 0]
    assert job.started == Counter(ONCE) + Counter(ONCE)


def test_a_night_is_the_day_on_which_the_job_starts(job: Job) -> None:
    before = date.today()
    job.run()

    assert {before, date.today()} & {
        date.fromisoformat(path.stem) for path in job.folder.glob("*-*-*.json")
    }


def test_a_killed_job_continues_and_repeats_nothing_that_was_on_the_wire(
    held: Job, gate: Gate
) -> None:
    with held.start("2026-11-01") as process:
        gate.wait_for(CONCURRENCY)
        process.kill()
        process.communicate()
    gate.open()
    code = held.run("2026-11-01")
    report = held.report("2026-11-01")

    assert code == 5
    assert held.started == Counter(ONCE)
    assert report["counts"]["unknown"] == CONCURRENCY
    assert {each["status"] for each in report["not_done"]} == {"unknown"}


def test_a_stopped_job_ends_what_is_in_flight_and_continues_later(held: Job, gate: Gate) -> None:
    with held.start("2026-11-01") as process:
        gate.wait_for(CONCURRENCY)
        process.terminate()
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Stopping")
        gate.open()
        process.communicate(timeout=60)
    stopped = held.report("2026-11-01")
    code = held.run("2026-11-01")

    assert process.returncode == 130
    assert not stopped["finished"]
    assert stopped["counts"]["done"] == CONCURRENCY
    assert code == 0
    assert held.started == Counter(ONCE)


def test_what_failed_is_repeated_and_what_may_have_happened_is_not(job: Job) -> None:
    job.emulator.fail_next("soft_error", action="run")
    codes = [job.run("2026-11-01")]
    job.emulator.fail_next("close_after", action="run")
    codes += [job.run("2026-11-01"), job.run("2026-11-01")]

    assert codes == [1, 5, 5]
    assert sorted(job.started.values()) == [*[1] * (len(ROWS) - 1), 2]


def test_wrong_credentials_stop_the_job_and_leave_every_row_for_later(job: Job) -> None:
    denied = job.run("2026-11-01", PLIVO_AUTH_TOKEN="a wrong token")
    code = job.run("2026-11-01")

    assert denied == 3
    assert code == 0
    assert job.started == Counter(ONCE)


def test_a_table_without_keys_is_refused_before_anything_is_sent(job: Job) -> None:
    (job.folder / "table.csv").write_text("phone\n12025550400\n")

    assert job.run("2026-11-01") == 2
    assert job.emulator.requests == 0


def test_jobs_share_the_rate_limit_through_redis(job: Job) -> None:
    needed()
    with (
        tempfile.TemporaryDirectory() as folder,
        RedisServer(Path(folder)) as server,
        Redis(unix_socket_path=str(server.socket)) as redis,
    ):
        code = job.run("2026-11-01", REDIS_URL=f"unix://{server.socket}")
        keys = list(redis.scan_iter("*plivo:limit*"))

    assert code == 0
    assert keys
