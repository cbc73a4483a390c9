"""Several real processes: one limit, kept and used, whoever dies.

They take a number of tokens, however long that takes: no verdict depends on the machine's speed.
How well they use the limit, and share it, is tested where time stands still, and `python -m
tests.shared_limit.processes` measures it in real time.
"""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

import pytest

from plivo_phlo_async import RateLimit
from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer

from ..transport.counting_server import PATIENCE
from .processes import let_go, start
from .server import RedisServer
from .world import fresh_key

pytestmark = pytest.mark.usefixtures("unmeasured")


def _outputs(processes: list[subprocess.Popen[str]]) -> list[dict[str, Any]]:
    return [json.loads(process.communicate(timeout=PATIENCE)[0]) for process in processes]


def test_processes_together_keep_one_limit(shared_server: RedisServer) -> None:
    key, limit = fresh_key(), RateLimit(50, 0.5)
    workers = [start(shared_server.socket, key, 50, 0.5, 20, PATIENCE, 40) for _ in range(3)]
    began = time.monotonic()
    let_go(workers)
    grants = [at for output in _outputs(workers) for at in output["grants"]]

    assert len(grants) >= 3 * 40
    assert len(grants) <= limit.burst + limit.full_rate * (max(grants) - began)


def test_a_process_that_is_killed_takes_nothing_with_it(shared_server: RedisServer) -> None:
    key = fresh_key()
    dying, other = [start(shared_server.socket, key, 50, 0.5, 20, PATIENCE, 90) for _ in range(2)]
    let_go([dying, other])
    dying.kill()
    dying.communicate()
    (output,) = _outputs([other])

    assert len(output["grants"]) >= 90


def test_clients_of_two_processes_use_the_limit_and_are_never_refused(
    shared_server: RedisServer,
) -> None:
    key, limit = fresh_key(), RateLimit(60, 2.0, 2)
    # Half as much again: a second without a processor is no overrun, a limit for each process is.
    with EmulatorServer(PhloEmulator(rate_limit=(90, 2.0))) as server:
        callers = [
            start(shared_server.socket, key, 60, 2.0, 50, program="caller", **server.env)
            for _ in range(2)
        ]
        began = time.monotonic()
        let_go(callers)
        outputs = _outputs(callers)
    done = [at for output in outputs for at in output["done"]]

    assert [output["refused"] for output in outputs] == [[], []]
    assert len(done) >= 2 * 50
    assert len(done) <= limit.burst + limit.full_rate * (max(done) - began)
