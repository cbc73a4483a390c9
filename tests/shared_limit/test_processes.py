"""Several real processes in real time: one limit, kept and used, whoever dies."""

from __future__ import annotations

import json

from plivo_phlo_async import RateLimit
from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer

from .processes import let_go, run, start
from .server import RedisServer
from .world import fresh_key


def test_processes_together_keep_one_limit_and_share_it_alike(shared_server: RedisServer) -> None:
    seen = run(shared_server.socket, 3, 50, 0.5, waiters=20, seconds=1.5)

    assert seen.most <= 50
    assert 0.9 <= seen.share <= 1.1  # a burst above the rate, at first
    assert min(seen.shares) >= 0.8 * max(seen.shares)


def test_a_process_that_is_killed_takes_nothing_with_it(shared_server: RedisServer) -> None:
    key = fresh_key()
    dying, other = [start(shared_server.socket, key, 50, 0.5, 20, 1.0) for _ in range(2)]
    let_go([dying, other])
    dying.kill()
    dying.communicate()
    grants = json.loads(other.communicate()[0])["grants"]

    assert len(grants) >= 0.9 * RateLimit(50, 0.5).full_rate * 1.0


def test_clients_of_two_processes_use_the_limit_and_are_never_refused(
    shared_server: RedisServer,
) -> None:
    key, account = fresh_key(), PhloEmulator(rate_limit=(60, 3.0))
    with EmulatorServer(account) as server:
        callers = [
            start(shared_server.socket, key, 60, 3.0, 4.5, program="caller", **server.env)
            for _ in range(2)
        ]
        let_go(callers)
        reports = [json.loads(caller.communicate()[0]) for caller in callers]
    done = sorted(at for one in reports for at in one["done"])

    assert [one["refused"] for one in reports] == [[], []]
    assert (len(done) - 1) / (done[-1] - done[0]) >= 0.9 * 60 / 3
    assert min(len(one["done"]) for one in reports) > 0.4 * len(done)
