"""The bucket: no window is ever overrun, first come first served, nothing is lost."""

from __future__ import annotations

import math
import random
from collections import deque
from typing import Any

import anyio
import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from plivo_phlo_async import InvalidArgumentError, RateLimit

from .conftest import Time

pytestmark = pytest.mark.anyio


def _limit(time: Time, requests: int = 300, per: float = 5.0, burst: int = 5) -> RateLimit:
    return RateLimit(requests, per, burst, clock=time, sleep=time.sleep)


async def test_a_quiet_bucket_gives_its_burst_at_once(time: Time) -> None:
    limit = _limit(time)
    for _ in range(5):
        await limit.acquire()

    assert time.slept == []


async def test_after_the_burst_tokens_come_at_the_rate(time: Time) -> None:
    limit = _limit(time, requests=100, per=10.0, burst=9)  # (100 - 9 - 1) / 10 = 9 per second
    for _ in range(9 + 9):
        await limit.acquire()

    assert time.now == pytest.approx(1001.0)


async def test_a_token_that_is_given_back_can_be_used(time: Time) -> None:
    limit = _limit(time, burst=1)
    await limit.acquire()
    limit.give_back()

    assert limit.acquire_nowait()
    assert not limit.acquire_nowait()


async def test_tokens_that_are_given_back_never_exceed_the_burst(time: Time) -> None:
    limit = _limit(time, burst=2)
    for _ in range(5):
        limit.give_back()

    assert [limit.acquire_nowait() for _ in range(3)] == [True, True, False]


async def test_a_token_that_is_given_back_in_a_pause_is_lost(time: Time) -> None:
    limit = _limit(time, burst=1)
    await limit.acquire()
    limit.pause(1.0)
    limit.give_back()

    assert not limit.acquire_nowait()


def _most_in_a_window(grants: list[float], per: float) -> int:
    window: deque[float] = deque()
    most = 0
    for grant in grants:
        window.append(grant)
        while window[0] <= grant - per:
            window.popleft()
        most = max(most, len(window))
    return most


@given(
    seed=st.integers(0, 2**32),
    requests=st.integers(10, 400),
    per=st.floats(0.5, 60),
    burst=st.integers(1, 8),
)
@settings(max_examples=40, deadline=None)
def test_no_window_is_overrun_however_the_requests_come(
    seed: int, requests: int, per: float, burst: int
) -> None:
    chance, time = random.Random(seed), Time()
    limit = _limit(time, requests, per, burst)
    grants: list[float] = []

    async def ask() -> None:
        for _ in range(500):
            if chance.random() < 0.05:
                time.now += chance.random() * per
            await limit.acquire()
            grants.append(time.now)

    anyio.run(ask)

    assert _most_in_a_window(grants, per) <= requests


def test_at_the_default_rate_the_limit_is_kept_and_used() -> None:
    async def ask() -> list[float]:
        limit = RateLimit(300, per=5.0)
        grants: list[float] = []

        async def worker() -> None:
            while trio.current_time() < start + 60:
                await limit.acquire()
                grants.append(trio.current_time())

        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(worker)
        return grants

    grants = trio.run(ask, clock=trio.testing.MockClock(autojump_threshold=0))

    assert _most_in_a_window(grants, 5.0) <= 300
    assert len(grants) >= 0.97 * 300 * 60 / 5


async def test_first_come_first_served() -> None:
    limit, order = RateLimit(2000, per=1.0, burst=1), []

    async def ask(number: int) -> None:
        await limit.acquire()
        order.append(number)

    async with anyio.create_task_group() as group:
        for number in range(100):
            group.start_soon(ask, number)
            await anyio.lowlevel.checkpoint()

    assert order == sorted(order)


@pytest.mark.parametrize("seed", range(5))
async def test_cancelled_waiters_take_nothing_and_wake_the_next(seed: int) -> None:
    limit, chance = RateLimit(3000, per=1.0, burst=1), random.Random(seed)
    served, cancelled = [], []

    async def ask(number: int) -> None:
        try:
            with anyio.move_on_after(chance.choice([0, 0.005, 5])) as scope:
                await limit.acquire()
                served.append(number)
        finally:
            if scope.cancelled_caught:
                cancelled.append(number)

    async with anyio.create_task_group() as group:
        for number in range(120):
            group.start_soon(ask, number)
            await anyio.lowlevel.checkpoint()

    assert sorted(served + cancelled) == list(range(120))
    assert served == sorted(served)


async def test_a_cancelled_head_hands_over_at_once(time: Time) -> None:
    asleep = anyio.Event()
    slow = anyio.Event()

    async def sleep(seconds: float) -> None:
        if not asleep.is_set():
            asleep.set()
            await slow.wait()
        await time.sleep(seconds)

    limit = RateLimit(100, 1.0, 1, clock=time, sleep=sleep)
    await limit.acquire()
    served = []

    async def ask(name: str) -> None:
        await limit.acquire()
        served.append(name)

    async with anyio.create_task_group() as group:
        head = anyio.CancelScope()

        async def cancelled_head() -> None:
            with head:
                await ask("head")

        group.start_soon(cancelled_head)
        await asleep.wait()
        group.start_soon(ask, "next")
        await anyio.lowlevel.checkpoint()
        head.cancel()

    assert served == ["next"]


async def test_a_pause_holds_everyone_and_ends_with_an_empty_bucket(time: Time) -> None:
    limit = _limit(time)
    limit.pause(30.0)
    await limit.acquire()

    assert 30.0 < time.now - 1000.0 <= 30.0 + 1 / limit.rate + 1e-9


async def test_a_shorter_pause_does_not_end_a_longer_one(time: Time) -> None:
    limit = _limit(time)
    limit.pause(30.0)
    limit.pause(1.0)
    await limit.acquire()

    assert time.now - 1000.0 > 30.0


async def test_a_pause_also_holds_who_is_already_waiting(time: Time) -> None:
    paused: list[bool] = []

    async def sleep(seconds: float) -> None:
        if not paused:
            paused.append(True)
            limit.pause(10.0)
        await time.sleep(seconds)

    limit = RateLimit(300, 5.0, 5, clock=time, sleep=sleep)
    for _ in range(5):
        await limit.acquire()
    await limit.acquire()

    assert time.now - 1000.0 > 10.0


def test_refusals_bring_the_rate_down_at_most_once_a_second(time: Time) -> None:
    limit = _limit(time)
    for _ in range(10):
        limit.pause(0.0)

    assert limit.rate == pytest.approx(0.7 * limit.full_rate)


def test_a_server_that_refuses_everything_is_asked_less_than_once_a_second(time: Time) -> None:
    limit = _limit(time)
    for _ in range(60):
        limit.pause(0.0)
        time.now += 1

    assert limit.rate == 0.5


async def test_once_the_server_takes_requests_the_rate_grows_back_to_full(time: Time) -> None:
    limit = _limit(time)
    for _ in range(60):
        limit.pause(0.0)
        time.now += 1
    began = time.now
    while limit.rate < limit.full_rate:
        await limit.acquire()

    assert time.now - began < 40


@pytest.mark.parametrize("other", ["asyncio", "trio"])
async def test_one_limit_serves_several_event_loops_in_turn(other: str) -> None:
    limit = RateLimit(1000, per=1.0)

    def another_loop() -> None:
        anyio.run(limit.acquire, backend=other)

    await limit.acquire()
    await anyio.to_thread.run_sync(another_loop)
    await limit.acquire()

    assert limit.rate == limit.full_rate


@pytest.mark.parametrize("other", ["asyncio", "trio"])
async def test_a_wait_in_one_loop_holds_up_no_task_in_another(other: str) -> None:
    asleep, slept = anyio.Event(), []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        asleep.set()
        await anyio.sleep_forever()

    now = 1000.0
    limit = RateLimit(100, 1.0, 1, clock=lambda: now, sleep=sleep)
    await limit.acquire()
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(limit.acquire)
            await asleep.wait()
            now += 1.0
            await anyio.to_thread.run_sync(lambda: anyio.run(limit.acquire, backend=other))
            group.cancel_scope.cancel()

    assert len(slept) == 1


async def test_tokens_are_shared_by_all_loops(time: Time) -> None:
    limit = _limit(time)

    async def take() -> list[bool]:
        return [limit.acquire_nowait() for _ in range(3)]

    first = await take()
    second = await anyio.to_thread.run_sync(lambda: anyio.run(take, backend="asyncio"))

    assert (first, second) == ([True] * 3, [True, True, False])


async def test_a_clock_that_is_set_back_takes_the_pause_back_with_it(time: Time) -> None:
    limit = _limit(time)
    time.now += 5000.0
    limit.pause(30.0)
    time.now -= 5000.0
    await limit.acquire()

    assert 30.0 < time.now - 1000.0 <= 31.0


async def test_clocks_of_loops_that_differ_a_little_end_no_pause_early(time: Time) -> None:
    limit = _limit(time)
    limit.pause(30.0)
    for step in range(1000):
        time.now += 0.5 if step % 2 else -0.5
        assert not limit.acquire_nowait()
    await limit.acquire()

    assert time.now - 1000.0 >= 30.0


def test_it_can_be_paused_outside_an_event_loop() -> None:
    limit = RateLimit(300, per=5.0)
    limit.pause(30.0)

    assert limit.rate == pytest.approx(0.7 * limit.full_rate)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ((300, 0), "per"),
        ((300, -1.0), "per"),
        ((300, 5.0, 0), "burst"),
        ((5, 1.0), "requests"),
        ((0, 1.0, 1), "requests"),
        ((300, math.nan), "per"),
        ((300, math.inf), "per"),
        ((300, "5"), "per"),
        (("300", 5), "requests"),
        ((math.nan, 5), "requests"),
        ((300, 5, math.nan), "burst"),
        ((300, 5, None), "burst"),
    ],
)
def test_a_limit_that_leaves_no_rate_is_refused_by_name(given: Any, name: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"^{name}: "):
        RateLimit(*given)


def test_its_repr_is_how_it_was_made() -> None:
    assert repr(RateLimit(300, per=5.0)) == "RateLimit(300, per=5.0, burst=5)"
