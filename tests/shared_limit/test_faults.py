"""A Redis that is away, frozen, emptied or misused: no process stops or exceeds the limit."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import redis as redis_py
import trio
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from plivo_phlo_async import (
    Action,
    AsyncPhloClient,
    ConfigurationError,
    InvalidArgumentError,
    NotSentError,
    RateLimit,
    RetryPolicy,
)
from plivo_phlo_async.redis import RedisRateLimit

from ..conftest import AUTH_ID, BASE_URL
from .server import RedisServer, needed
from .world import Machines, World

pytestmark = pytest.mark.anyio


@pytest.fixture
async def fragile(world: World, own_server: RedisServer) -> AsyncIterator[Machines]:
    """Machines whose Redis may be harmed."""
    machines = Machines(world, own_server.socket)
    yield machines
    await machines.aclose()


def _limit(machines: Machines, **options: Any) -> RedisRateLimit:
    once = machines.redis(retry=Retry(NoBackoff(), 0))
    own: dict[str, Any] = {"redis": once, "timeout": 30.0}
    return machines.limit(**(own | options))


async def _spend(limit: RedisRateLimit, world: World, count: int) -> float:
    """Take so many tokens; the seconds it took."""
    began = world.now

    async def spend() -> None:
        for _ in range(count):
            await limit.acquire()

    await world.play(spend)
    return world.now - began


async def test_scripts_that_were_flushed_are_loaded_again(
    fragile: Machines, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    limit = await fragile.filled()
    await fragile.redis().script_flush()
    took = await _spend(limit, world, 3)

    assert (took, caplog.records) == (0.0, [])


async def test_a_redis_that_lost_everything_gives_no_second_burst(
    fragile: Machines, world: World
) -> None:
    limit = await fragile.filled()
    await _spend(limit, world, 5)
    await fragile.redis().flushall()

    assert await _spend(limit, world, 1) == pytest.approx(1 / limit.full_rate)


async def test_while_redis_is_away_each_process_keeps_to_its_part(
    fragile: Machines, own_server: RedisServer, world: World
) -> None:
    limits = [_limit(fragile) for _ in range(3)]
    await world.play(*(limit.acquire for limit in limits), *(limit.acquire for limit in limits))
    own_server.kill()
    per_process = RateLimit(100, 5.0, 1).full_rate

    assert await _spend(limits[0], world, 40) == pytest.approx(40 / per_process)


async def test_who_never_reached_redis_takes_one_part_in_ten(
    fragile: Machines, own_server: RedisServer, world: World
) -> None:
    own_server.kill()
    took = await _spend(_limit(fragile), world, 40)

    assert took == pytest.approx(40 / RateLimit(30, 5.0, 1).full_rate)


async def test_a_part_too_small_to_count_is_taken_over_a_longer_time(
    fragile: Machines, own_server: RedisServer, world: World
) -> None:
    own_server.kill()
    took = await _spend(_limit(fragile, requests=10, per=5.0, burst=1), world, 10)

    assert took == pytest.approx(10 / RateLimit(2, 10.0, 1).full_rate)


async def test_another_limiter_can_stand_in(
    fragile: Machines, own_server: RedisServer, world: World
) -> None:
    mine = RateLimit(100, 10.0, 9, clock=world, sleep=world.sleep)  # 9 per second
    limit = _limit(fragile, when_unreachable=mine)
    own_server.kill()

    assert await _spend(limit, world, 9 + 18) == pytest.approx(2.0)


async def test_a_process_long_gone_is_no_longer_counted(
    fragile: Machines, own_server: RedisServer, world: World
) -> None:
    limit = _limit(fragile)
    await world.play(_limit(fragile).acquire, limit.acquire)
    world.now += 3700
    await _spend(limit, world, 1)
    own_server.kill()
    whole = RateLimit(300, 5.0, 1).full_rate

    assert await _spend(limit, world, 100) == pytest.approx(100 / whole)


async def test_an_outage_is_logged_once_and_its_end_once(
    fragile: Machines,
    own_server: RedisServer,
    world: World,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "plivo_phlo_async")
    limit = _limit(fragile)
    await _spend(limit, world, 1)
    own_server.kill()
    await _spend(limit, world, 200)  # several seconds: it is tried again and again
    own_server.start()
    with anyio.fail_after(60):
        while "Redis is back" not in caplog.text:
            world.now += 1
            await _spend(limit, world, 60)
    records = [(record.levelname, record.message[:14]) for record in caplog.records]

    assert records == [("WARNING", "Redis cannot b"), ("INFO", "Redis is back ")]


async def test_after_an_outage_the_bucket_begins_empty(
    fragile: Machines, own_server: RedisServer, world: World
) -> None:
    limit = _limit(fragile)
    await _spend(limit, world, 1)
    own_server.freeze()
    await _spend(limit, world, 1)  # what was spent meanwhile, Redis does not know
    own_server.thaw()
    world.now += 60
    await _spend(limit, world, 1)  # finds it is back
    await world.settle()

    assert (await fragile.state())["tokens"] == pytest.approx(0, abs=1e-6)


async def test_a_refusal_during_an_outage_holds_here_and_is_sent_afterwards(
    fragile: Machines, own_server: RedisServer, world: World
) -> None:
    limit, other = _limit(fragile), _limit(fragile)
    await world.play(limit.acquire, other.acquire)
    own_server.freeze()
    await _spend(limit, world, 1)
    limit.pause(30.0)
    own_server.thaw()
    held = await _spend(limit, world, 1)  # finds that Redis is back
    limit.pause(20.0)
    await world.settle()
    elsewhere = await _spend(other, world, 1)

    assert held >= 30.0
    assert elsewhere >= 20.0


async def test_a_refusal_that_redis_did_not_receive_is_sent_again(
    fragile: Machines, own_server: RedisServer, world: World
) -> None:
    limit, other = _limit(fragile), _limit(fragile)
    own_server.kill()
    limit.pause(30.0)
    await world.settle()
    own_server.start()
    world.now += 31
    await _spend(limit, world, 1)
    await world.settle()
    await _spend(other, world, 1)

    assert other.rate < other.full_rate


@pytest.mark.parametrize("when", ["share", "raise"])
async def test_a_redis_that_is_away_is_tried_once_a_second(
    when: Any, fragile: Machines, own_server: RedisServer, world: World
) -> None:
    limit = _limit(fragile, when_unreachable=when)
    own_server.kill()
    began = world.now

    async def ask() -> None:
        for _ in range(40):
            with contextlib.suppress(NotSentError):
                await limit.acquire()
            world.now += 0.1

    await world.play(ask)

    assert fragile.clients[0].questions <= world.now - began + 1


async def test_a_frozen_redis_stops_no_task_for_longer_than_the_timeout(
    own_server: RedisServer,
) -> None:
    async with Redis(unix_socket_path=str(own_server.socket)) as redis:
        limit = RedisRateLimit(redis, 1000, 1.0, key="limit", timeout=0.05)
        await limit.acquire()
        own_server.freeze()
        with anyio.fail_after(60):
            for _ in range(20):
                await limit.acquire()
        own_server.thaw()


@pytest.mark.parametrize("when", ["share", "raise"])
async def test_a_frozen_redis_holds_no_action_beyond_its_deadline(
    when: Any, fragile: Machines, own_server: RedisServer
) -> None:
    limit = _limit(fragile, when_unreachable=when, timeout=3600.0)
    own_server.freeze()
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(201)))
    with anyio.fail_after(60):
        async with AsyncPhloClient(
            AUTH_ID,
            "t",
            base_url=BASE_URL,
            rate_limit=limit,
            retry=RetryPolicy(deadline=0.05),
            http_client=http,
        ) as client:
            with pytest.raises(NotSentError, match="deadline") as raised:
                await client.perform(Action.hold("p", "n", "1"))
    await http.aclose()
    own_server.thaw()

    assert not raised.value.may_have_happened


async def test_where_asked_to_nothing_is_started_without_redis(
    fragile: Machines, own_server: RedisServer, world: World
) -> None:
    limit = _limit(fragile, when_unreachable="raise")
    await _spend(limit, world, 1)
    own_server.kill()
    failed = []
    for _ in range(3):
        with pytest.raises(NotSentError, match="Redis cannot be reached") as raised:
            await limit.acquire()
        failed.append(raised.value.__cause__)
    own_server.start()
    world.now += 1

    assert [isinstance(cause, redis_py.ConnectionError) for cause in failed] == [True] * 3
    assert await _spend(limit, world, 1) == pytest.approx(1 / limit.full_rate)


async def test_a_key_that_holds_something_else_is_named(fragile: Machines) -> None:
    limit = _limit(fragile)
    await fragile.redis().set(fragile.key, "mine")
    with pytest.raises(ConfigurationError, match=f"^key: '{fragile.key}' holds something else"):
        await limit.acquire()
    held = await fragile.redis().get(fragile.key)

    assert held == b"mine"


async def test_once_the_key_is_free_it_is_used(fragile: Machines, world: World) -> None:
    limit = _limit(fragile)
    await fragile.redis().set(fragile.key, "mine")
    with pytest.raises(ConfigurationError):
        await limit.acquire()
    await fragile.redis().delete(fragile.key)
    world.now += 1
    await _spend(limit, world, 1)

    assert "tokens" in await fragile.state()


async def test_after_a_failover_the_new_primary_is_found(
    fragile: Machines, own_server: RedisServer, world: World
) -> None:
    with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder)) as promoted:
        name = Path(folder, "primary.sock")
        name.symlink_to(own_server.socket)
        here = Machines(world, name)
        limit = _limit(here)
        await _spend(limit, world, 1)
        await fragile.redis().replicaof("127.0.0.1", "1")
        name.unlink()
        name.symlink_to(promoted.socket)
        await _spend(limit, world, 1)  # finds that it may only read
        world.now += 1
        await _spend(limit, world, 1)  # finds the other
        await _spend(limit, world, 1)
        known = await here.state()
        await here.aclose()

    assert "tokens" in known


async def test_a_storm_of_waiters_outlives_a_restart(
    fragile: Machines, own_server: RedisServer, world: World
) -> None:
    limits = [_limit(fragile) for _ in range(3)]
    served = 0

    async def work(limit: RedisRateLimit) -> None:
        nonlocal served
        for _ in range(20):
            await limit.acquire()
            served += 1

    async def restart() -> None:
        await world.sleep(0.3)
        own_server.kill()
        await world.sleep(2.0)
        own_server.start()

    waiters = [lambda limit=limit: work(limit) for limit in limits for _ in range(10)]
    await world.play(restart, *waiters)
    outages = [limit._outage for limit in limits]

    assert (served, outages) == (600, [None] * 3)


def test_on_trio_one_line_says_that_it_does_not_work(
    machines_of_no_loop: Machines,
) -> None:
    limit = machines_of_no_loop.limit(clock=trio.current_time, sleep=trio.sleep)
    with pytest.raises(ConfigurationError, match="works on asyncio only, as redis-py does"):
        trio.run(limit.acquire)


def test_without_redis_py_one_line_says_what_to_install() -> None:
    code = "import sys; sys.modules['redis'] = None; import plivo_phlo_async.redis"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]

    assert last == (
        "ImportError: plivo_phlo_async.redis needs redis-py: pip install 'plivo-phlo-async[redis]'"
    )


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"redis": redis_py.Redis()}, "redis"),
        ({"requests": 5}, "requests"),
        ({"per": 0}, "per"),
        ({"burst": 0}, "burst"),
        ({"key": ""}, "key"),
        ({"timeout": 0}, "timeout"),
        ({"when_unreachable": "wait"}, "when_unreachable"),
    ],
)
def test_an_invalid_value_is_refused_by_name(given: Any, name: str) -> None:
    right = {"redis": Redis(), "requests": 300, "per": 5.0, "key": "limit"}
    with pytest.raises(InvalidArgumentError, match=f"^{name}: "):
        RedisRateLimit(**(right | given))


def test_its_repr_is_how_it_was_made() -> None:
    limit = RedisRateLimit(Redis(), 300, per=5.0, key="plivo:MA")

    assert repr(limit) == "RedisRateLimit(300, per=5.0, burst=5, key='plivo:MA')"


@pytest.mark.parametrize(
    ("ci", "ends"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)]
)
def test_without_a_redis_server_these_tests_are_left_out_but_never_in_ci(
    ci: str, ends: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CI", ci)
    with pytest.raises(ends, match="apt install redis-server"):
        needed()
