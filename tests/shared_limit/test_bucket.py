"""The shared bucket: no window is overrun by all together, a pause is everybody's."""

from __future__ import annotations

import random
from typing import Any

import anyio
import pytest

from plivo_phlo_async.redis import RedisRateLimit

from .processes import most_in_a_window
from .world import Machines, World

pytestmark = pytest.mark.anyio


async def _grants(limit: RedisRateLimit, world: World, count: int, into: list[float]) -> None:
    for _ in range(count):
        await limit.acquire()
        into.append(world.now)


async def test_a_bucket_redis_knows_nothing_of_begins_empty(
    machines: Machines, world: World
) -> None:
    limit = machines.limit(100, 10.0, 9)  # (100 - 9 - 1) / 10 = 9 per second
    await world.play(limit.acquire)

    assert world.now == pytest.approx(1000 + 1 / 9)


async def test_after_a_quiet_time_the_burst_is_there_at_once(
    machines: Machines, world: World
) -> None:
    limit = await machines.filled()
    began = world.now
    for _ in range(5):
        await limit.acquire()

    assert world.now == began


async def test_all_together_get_the_rate_of_one(machines: Machines, world: World) -> None:
    limits = [await machines.filled(100, 10.0, 9) for _ in range(3)]
    began, grants = world.now, list[float]()
    await world.play(*(lambda limit=limit: _grants(limit, world, 30, grants) for limit in limits))

    assert world.now - began == pytest.approx((90 - 9) / 9)


@pytest.mark.parametrize(("requests", "per", "seconds"), [(300, 5.0, 20), (10, 10.0, 160)])
async def test_each_of_those_who_wait_gets_an_equal_share(
    requests: int, per: float, seconds: float, machines: Machines, world: World
) -> None:
    limits = [machines.limit(requests, per, 1) for _ in range(4)]
    shares = [list[float]() for _ in limits]
    until = world.now + seconds

    async def take(number: int) -> None:
        while world.now < until:
            await limits[number].acquire()
            shares[number].append(world.now)

    crowds = [number for number in range(4) for _ in range(1 + 10 * number)]
    await world.play(*(lambda number=number: take(number) for number in crowds))
    counts = [sum(at < until for at in share) for share in shares]

    assert counts == pytest.approx([sum(counts) / 4] * 4, rel=0.1)


async def _come_and_go(machines: Machines, world: World, count: int, *settings: Any) -> None:
    """So many processes get a place in the line, and leave it."""
    for _ in range(count):
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(machines.limit(*settings).acquire)
                await world.settle()
                scope.cancel()


async def test_no_task_waits_in_line_behind_those_that_left(
    machines: Machines, world: World
) -> None:
    await _come_and_go(machines, world, 8, 10, 10.0, 1)  # 0.89 per second
    last = machines.limit(10, 10.0, 1)
    began = world.now
    await world.play(last.acquire)

    assert world.now - began < 1 / last.full_rate + 1.001


async def test_a_line_that_all_have_left_is_forgotten(machines: Machines, world: World) -> None:
    await _come_and_go(machines, world, 8, 10, 10.0, 2)
    last, grants = machines.limit(10, 10.0, 2), list[float]()
    world.now += 3.0
    began = world.now
    await world.play(lambda: _grants(last, world, 3, grants))

    assert grants == pytest.approx([began, began, began + 1 / last.full_rate])


@pytest.mark.parametrize("seed", range(6))
async def test_no_window_is_overrun_however_the_requests_come(
    seed: int, machines: Machines, world: World
) -> None:
    chance = random.Random(seed)
    requests, per = chance.randint(10, 400), chance.uniform(0.5, 60)
    burst = chance.randint(1, min(8, requests - 2))
    limits = [machines.limit(requests, per, burst) for _ in range(chance.randint(2, 4))]
    grants: list[float] = []

    async def ask(limit: RedisRateLimit) -> None:
        for _ in range(120):
            if chance.random() < 0.05:
                await world.sleep(chance.random() * per)
            await limit.acquire()
            grants.append(world.now)

    await world.play(*(lambda limit=limit: ask(limit) for limit in limits))

    assert most_in_a_window(grants, per) <= requests


@pytest.mark.parametrize("seed", range(6))
async def test_no_window_is_overrun_where_answers_are_slow_and_waiters_give_up(
    seed: int, machines: Machines, world: World
) -> None:
    chance = random.Random(seed)
    limits = [machines.limit(60, 1.0) for _ in range(3)]
    grants: list[float] = []

    async def slow() -> None:
        world.now += chance.random() * 0.4 if chance.random() < 0.1 else 0.001

    for client in machines.clients:
        client.on_the_way_back = slow

    async def ask(limit: RedisRateLimit) -> None:
        for _ in range(30):
            with anyio.CancelScope() as scope:
                asking.append(scope)
                await limit.acquire()
                grants.append(world.now)

    async def give_up() -> None:
        for _ in range(100):
            await world.sleep(chance.random() * 0.1)
            chance.choice(asking[-20:]).cancel()

    asking: list[anyio.CancelScope] = []
    await world.play(give_up, *(lambda limit=limit: ask(limit) for limit in limits * 5))

    assert most_in_a_window(grants, 1.0) <= 60
    assert len(grants) > 300


async def test_first_come_first_served(machines: Machines, world: World) -> None:
    limit, order = machines.limit(), list[int]()

    async def ask(number: int) -> None:
        await limit.acquire()
        order.append(number)

    await world.play(*(lambda number=number: ask(number) for number in range(60)))

    assert order == list(range(60))


async def test_a_token_at_hand_costs_one_round_trip(machines: Machines) -> None:
    limit = await machines.filled()
    before = machines.clients[0].questions
    await limit.acquire()

    assert machines.clients[0].questions - before == 1


async def test_a_crowd_costs_one_question_for_each_token(machines: Machines, world: World) -> None:
    limits = [machines.limit() for _ in range(4)]
    waiters = [lambda limit=limit: limit.acquire() for limit in limits for _ in range(100)]
    await world.play(*waiters)

    assert sum(client.questions for client in machines.clients) <= 1.1 * 400


async def test_a_machines_own_clock_does_not_matter(machines: Machines, world: World) -> None:
    ahead = machines.limit(100, 10.0, 9, clock=lambda: world.now + 3600)
    behind = machines.limit(100, 10.0, 9, clock=lambda: world.now - 3600)
    began, grants = world.now, list[float]()
    await world.play(*(lambda n=n: _grants(n, world, 45, grants) for n in (ahead, behind)))

    assert world.now - began == pytest.approx(90 / 9)


async def test_a_pause_holds_everybody_and_ends_with_an_empty_bucket(
    machines: Machines, world: World
) -> None:
    limits = [await machines.filled() for _ in range(2)]
    began = world.now
    limits[0].pause(30.0)
    await world.settle()
    grants: list[float] = []
    await world.play(*(lambda limit=limit: _grants(limit, world, 1, grants) for limit in limits))
    slower = 0.7 * limits[0].full_rate

    assert min(grants) - began == pytest.approx(30 + 1 / slower)
    assert max(grants) - began == pytest.approx(30 + 2 / slower)


async def test_a_pause_holds_at_once_where_it_was_called(machines: Machines, world: World) -> None:
    limit = await machines.filled()
    began = world.now
    limit.pause(30.0)  # Redis has not heard of it at the next request
    await world.play(limit.acquire)

    assert world.now - began > 30.0


async def test_a_pause_also_holds_who_is_already_waiting(machines: Machines, world: World) -> None:
    limits = [await machines.filled(burst=1) for _ in range(2)]
    await limits[0].acquire()
    began, grants = world.now, list[float]()

    async def refuse() -> None:
        await world.sleep(0.001)
        limits[0].pause(10.0)

    await world.play(
        *(lambda limit=limit: _grants(limit, world, 3, grants) for limit in limits), refuse
    )

    assert min(grants) - began > 10.0


async def test_a_refusal_takes_the_tokens_that_are_on_their_way(
    machines: Machines, world: World
) -> None:
    limit = await machines.filled()
    began = world.now

    async def refuse() -> None:
        await anyio.lowlevel.checkpoint()  # the question is under way
        limit.pause(0.0)

    await world.play(limit.acquire, refuse)

    assert world.now - began >= 1 / limit.full_rate


async def test_a_refusal_takes_the_tokens_that_are_at_hand(
    machines: Machines, world: World
) -> None:
    limit, grants = await machines.filled(), list[float]()
    began = world.now

    async def ask() -> None:
        await limit.acquire()
        grants.append(world.now)
        if len(grants) == 1:
            limit.pause(0.0)

    await world.play(*(ask for _ in range(5)))

    assert [at > began for at in grants] == [False, True, True, True, True]


async def test_a_shorter_pause_in_the_same_breath_does_not_end_a_longer_one(
    machines: Machines, world: World
) -> None:
    limit = machines.limit()
    limit.pause(30.0)
    limit.pause(1.0)
    await world.play(limit.acquire)

    assert world.now - 1000 > 30.0


async def test_a_shorter_pause_does_not_end_a_longer_one(machines: Machines, world: World) -> None:
    limits = [machines.limit() for _ in range(2)]
    limits[0].pause(30.0)
    await world.settle()
    limits[1].pause(1.0)
    await world.settle()
    await world.play(limits[1].acquire)

    assert world.now - 1000 > 30.0


def test_a_pause_outside_an_event_loop_is_sent_with_the_next_request(
    machines_of_no_loop: Machines, world: World
) -> None:
    limit, other = machines_of_no_loop.limit(), machines_of_no_loop.limit()
    limit.pause(30.0)

    async def ask() -> None:
        await world.play(limit.acquire)
        await world.play(other.acquire)
        await machines_of_no_loop.aclose()

    anyio.run(ask)

    assert world.now > 1030
    assert other.rate < other.full_rate


async def test_refusals_bring_everybodys_rate_down_at_most_once_a_second(
    machines: Machines, world: World
) -> None:
    limits = [machines.limit() for _ in range(2)]
    for _ in range(5):
        for limit in limits:
            limit.pause(0.0)
            await world.settle()
    other = machines.limit()
    await world.play(other.acquire)

    assert other.rate == pytest.approx(0.7 * other.full_rate)


async def test_a_server_that_refuses_everything_is_asked_less_than_once_a_second(
    machines: Machines, world: World
) -> None:
    limit = machines.limit()
    for _ in range(60):
        limit.pause(0.0)
        await world.settle()
        world.now += 1

    assert limit.rate == 0.5


async def test_once_the_server_takes_requests_the_rate_grows_back_to_full(
    machines: Machines, world: World
) -> None:
    limits = [machines.limit() for _ in range(2)]
    for _ in range(60):
        limits[0].pause(0.0)
        await world.settle()
        world.now += 1
    began = world.now

    async def work(limit: RedisRateLimit) -> None:
        while limit.rate < limit.full_rate:
            await limit.acquire()

    await world.play(*(lambda limit=limit: work(limit) for limit in limits))

    assert world.now - began < 40


async def test_the_rate_does_not_grow_before_five_requests_have_passed(
    machines: Machines, world: World
) -> None:
    limit = await machines.filled()
    limit.pause(0.0)
    await world.settle()
    world.now += 10
    for _ in range(5):
        await limit.acquire()
    cut = limit.rate
    world.now += 10
    await limit.acquire()

    assert cut == pytest.approx(0.7 * limit.full_rate)
    assert limit.rate == limit.full_rate


async def test_tokens_without_a_waiter_are_given_back(machines: Machines, world: World) -> None:
    limit = await machines.filled()
    with anyio.move_on_after(0) as scope:
        await limit.acquire()
    async with anyio.create_task_group() as group:
        group.start_soon(limit.acquire)
        await anyio.lowlevel.checkpoint()  # it has asked
        await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    await world.settle()

    assert scope.cancelled_caught
    assert machines.clients[0].questions >= 3
    assert (await machines.state())["tokens"] == pytest.approx(5)


async def test_what_is_given_back_late_is_less_by_what_was_refilled(
    machines: Machines, world: World
) -> None:
    limit, other = await machines.filled(), await machines.filled()

    async def late() -> None:
        machines.clients[0].on_the_way_back = None
        world.now += 1 / limit.full_rate  # its token was refilled, and
        for _ in range(5):
            await other.acquire()  # is used by others

    machines.clients[0].on_the_way_back = late
    async with anyio.create_task_group() as group:
        group.start_soon(limit.acquire)
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    await world.settle()

    assert (await machines.state())["tokens"] == pytest.approx(0, abs=1e-6)


async def test_a_waiter_that_gives_up_leaves_its_token_to_the_next(
    machines: Machines, world: World
) -> None:
    limit, served = machines.limit(), list[str]()

    async def give_up() -> None:
        with anyio.CancelScope() as scope:
            first.append(scope)
            await limit.acquire()

    async def ask() -> None:
        await limit.acquire()
        served.append("next")
        assert world.now == pytest.approx(1000 + 1 / limit.full_rate)

    async def cancel() -> None:
        await world.sleep(0.001)
        first[0].cancel()

    first: list[anyio.CancelScope] = []
    await world.play(give_up, ask, cancel)

    assert served == ["next"]


async def test_an_answer_that_came_too_late_is_not_used(machines: Machines, world: World) -> None:
    limit = await machines.filled()
    redis = machines.clients[0]
    before = redis.questions

    async def late() -> None:
        redis.on_the_way_back = None
        world.now += 0.1

    redis.on_the_way_back = late
    await limit.acquire()

    assert redis.questions - before == 2


async def test_a_redis_that_is_always_far_away_is_used_all_the_same(
    machines: Machines, world: World
) -> None:
    limit = await machines.filled()

    async def far() -> None:
        world.now += 0.075

    machines.clients[0].on_the_way_back = far
    began, grants = world.now, list[float]()
    await world.play(*(lambda: _grants(limit, world, 60, grants) for _ in range(10)))

    assert 600 / (world.now - began) > 0.9 * limit.full_rate


async def test_an_answer_may_be_text_or_bytes(machines: Machines, world: World) -> None:
    limit = machines.limit(redis=machines.redis(decode_responses=True))
    await world.play(limit.acquire)

    assert limit.rate == limit.full_rate


async def test_the_key_is_forgotten_an_hour_after_the_last_question(
    machines: Machines, world: World
) -> None:
    await machines.filled(2000, 1.0)

    assert 3590 < await machines.redis().ttl(machines.key) <= 3600


async def test_the_key_outlives_a_pause(machines: Machines, world: World) -> None:
    machines.limit().pause(7200.0)
    await world.settle()

    assert await machines.redis().ttl(machines.key) > 7200


async def test_a_clock_that_is_set_back_stops_no_task(machines: Machines, world: World) -> None:
    limit = await machines.filled()
    limit.pause(1.0)
    await world.settle()
    machines.clients[0].ahead = -3600
    began = world.now
    await world.play(limit.acquire)

    assert 1.0 < world.now - began < 2.1  # the time since the last question counts twice


async def test_of_different_settings_the_lower_rate_holds(
    machines: Machines, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    loose, strict = machines.limit(1000, 5.0), machines.limit(100, 10.0, 9)
    await world.play(strict.acquire)
    began, grants = world.now, list[float]()
    await world.play(lambda: _grants(loose, world, 45, grants))

    assert world.now - began == pytest.approx(45 / 9)
    assert [record.message.split(":")[0] for record in caplog.records] == ["the limit 'limit"]
    assert "is shared with one of 9.00 a second; that holds, not 197.00" in caplog.text


async def test_who_has_the_lower_rate_holds_for_a_minute_after_asking(
    machines: Machines, world: World
) -> None:
    loose, strict = machines.limit(1000, 5.0), machines.limit(100, 10.0, 9)
    await world.play(strict.acquire)
    world.now += 59
    await loose.acquire()
    held = loose.rate
    world.now += 2
    await loose.acquire()
    gives_way = loose.rate
    world.now += 60
    await loose.acquire()

    assert held == pytest.approx(9)
    assert gives_way > held
    assert loose.rate == loose.full_rate


async def test_the_burst_that_belongs_to_the_lower_rate_holds_with_it(
    machines: Machines, world: World
) -> None:
    loose, strict = machines.limit(1000, 5.0, 5), machines.limit(100, 10.0, 1)
    await world.play(strict.acquire)
    world.now += 30
    began, grants = world.now, list[float]()
    await world.play(lambda: _grants(loose, world, 2, grants))

    assert grants == pytest.approx([began, began + 1 / strict.full_rate])


async def test_who_comes_with_a_lower_rate_brings_it_down_at_once(
    machines: Machines, world: World
) -> None:
    await machines.filled(1000, 5.0)
    strict = machines.limit(100, 10.0, 9)
    await strict.acquire()

    assert strict.rate == strict.full_rate
