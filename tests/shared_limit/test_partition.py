"""Processes that Redis no longer hears: cut off, killed, finished. All together keep the limit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
import redis as redis_py

from .processes import most_in_a_window
from .world import EPOCH, Machines, World

pytestmark = pytest.mark.anyio

WAITERS = 5


class Fleet:
    """Four processes that take every token they get, for some of the world's seconds."""

    def __init__(self, machines: Machines, until: float, count: int = 4, **options: Any) -> None:
        self.machines, self.world, self.until = machines, machines.world, until
        self.options = options
        self.limits = [self.machines.limit(**options) for _ in range(count)]
        self.grants: list[list[float]] = [[] for _ in range(count)]
        self.scopes = [anyio.CancelScope() for _ in range(count)]

    def parts(self) -> list[Callable[[], Awaitable[None]]]:
        return [lambda n=n: self.work(n) for n in range(len(self.limits))]  # type: ignore[misc]  # mypy cannot infer it

    async def work(self, number: int) -> None:
        async def take() -> None:
            while self.world.now < self.until:
                await self.limits[number].acquire()
                self.grants[number].append(self.world.now)

        with self.scopes[number]:
            async with anyio.create_task_group() as group:
                for _ in range(WAITERS):
                    group.start_soon(take)

    async def cut_off(self, *numbers: int, at: float, until: float) -> None:
        await self.world.sleep(at - self.world.now)
        for number in numbers:
            self.machines.clients[number].is_cut_off = True
        await self.world.sleep(until - self.world.now)
        for number in numbers:
            self.machines.clients[number].is_cut_off = False

    async def kill(self, number: int, at: float) -> None:
        """End a process without a last word to Redis."""
        await self.world.sleep(at - self.world.now)
        self.machines.clients[number].is_cut_off = True
        self.scopes[number].cancel()

    async def join(self, at: float) -> None:
        """Start one more process."""
        await self.world.sleep(at - self.world.now)
        self.limits.append(self.machines.limit(**self.options))
        self.grants.append([])
        self.scopes.append(anyio.CancelScope())
        await self.work(len(self.limits) - 1)

    def share(self, since: float, until: float) -> float:
        """The part of the full rate that was used."""
        used = sum(since <= at < until for grants in self.grants for at in grants)
        return used / (until - since) / self.limits[0].full_rate

    def most(self) -> int:
        return most_in_a_window([at for grants in self.grants for at in grants], 5.0)


@pytest.fixture
def fleet(machines: Machines, world: World) -> Fleet:
    return Fleet(machines, until=world.now + 35)


@pytest.mark.parametrize("answers_are_lost", [False, True])
@pytest.mark.parametrize("cut_off", [[0], [0, 1], [0, 1, 2, 3]])
async def test_processes_that_are_cut_off_add_nothing_to_the_limit(
    cut_off: list[int], answers_are_lost: bool, fleet: Fleet, world: World
) -> None:
    for client in fleet.machines.clients:
        client.answers_are_lost = answers_are_lost
    began = world.now + 10
    await world.play(*fleet.parts(), lambda: fleet.cut_off(*cut_off, at=began, until=began + 15))

    assert fleet.most() <= 300
    assert fleet.share(began + 5, began + 15) > 0.95


async def test_a_process_that_is_cut_off_begins_only_when_the_others_hold_back(
    fleet: Fleet, world: World
) -> None:
    began = world.now + 10
    await world.play(*fleet.parts(), lambda: fleet.cut_off(0, at=began, until=began + 15))
    first = min(at for at in fleet.grants[0] if began + 0.1 < at)

    assert 2 < first - began < 4
    assert sum(first < at < first + 10 for at in fleet.grants[1]) == pytest.approx(146, abs=5)


async def test_a_process_that_is_cut_off_again_and_again_adds_nothing(
    fleet: Fleet, world: World
) -> None:
    async def cut_off() -> None:
        for number in range(8):
            now = world.now
            await fleet.cut_off(number % 4, at=now + 0.5, until=now + 1 + number % 5)

    await world.play(*fleet.parts(), cut_off)

    assert fleet.most() <= 300


async def test_a_process_that_was_idle_for_long_does_not_shrink_the_share_that_is_left_unused(
    fleet: Fleet, machines: Machines, world: World
) -> None:
    idle = await machines.filled()
    world.now += 300
    fleet.until = world.now + 30
    began = world.now + 5

    async def come_back() -> None:
        await world.sleep(10)
        await idle.acquire()

    cut_off = lambda: fleet.cut_off(0, at=began, until=began + 20)  # noqa: E731
    await world.play(*fleet.parts(), cut_off, come_back)

    assert fleet.most() <= 300
    assert machines.clients[4].questions > 0


async def test_a_question_that_arrives_late_does_not_end_the_silence(
    machines: Machines, world: World
) -> None:
    limit = machines.limit()
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(limit.acquire)
        await world.settle()
        late = machines.clients[0].asked
        machines.clients[0].is_cut_off = True
        group.cancel_scope.cancel()
    world.now += 30
    await machines.redis().execute_command(*late)
    (score,) = [score for name, score in (await machines.state()).items() if "process" in name]

    assert 0 < score < (EPOCH + world.now - 20) * 1e9


async def test_a_killed_process_costs_its_share_for_two_minutes(
    machines: Machines, world: World
) -> None:
    fleet = Fleet(machines, until=world.now + 150)
    killed = world.now + 5
    await world.play(*fleet.parts(), lambda: fleet.kill(0, at=killed))

    assert fleet.share(killed + 3, killed + 120) == pytest.approx(0.75, abs=0.01)
    assert fleet.share(killed + 124, killed + 140) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("after", [0.5, 10.0])
async def test_a_new_process_takes_the_place_of_a_killed_one(
    after: float, fleet: Fleet, world: World
) -> None:
    killed = world.now + 10
    await world.play(
        *fleet.parts(), lambda: fleet.kill(0, at=killed), lambda: fleet.join(killed + after)
    )

    assert fleet.share(killed + 11, killed + 25) == pytest.approx(1, abs=0.01)
    assert fleet.limits[-1]._grant.processes == 4


async def test_a_new_process_takes_the_place_of_none_that_was_cut_off_before(
    fleet: Fleet, world: World
) -> None:
    """The one that was killed last is replaced."""
    began = world.now + 5
    await world.play(
        *fleet.parts(),
        lambda: fleet.cut_off(0, at=began, until=began + 25),
        lambda: fleet.kill(1, at=began + 5),
        lambda: fleet.join(began + 10),
    )

    assert fleet.most() <= 300
    assert fleet.share(began + 12, began + 24) > 0.95


async def test_processes_that_use_their_shares_notice_an_empty_redis_before_it_grants_a_token(
    fleet: Fleet, world: World
) -> None:
    began = world.now + 5

    async def lose_everything() -> None:
        await world.sleep(15)
        await fleet.machines.redis().flushall()

    # Each process tries again every second, at a time of its own.
    outages = [
        lambda n=n: fleet.cut_off(n, at=began, until=began + 10.01 + 0.3 * n) for n in range(4)
    ]
    await world.play(*fleet.parts(), *outages, lose_everything)

    assert fleet.most() <= 300
    assert fleet.share(began + 13, began + 25) > 0.97


@pytest.mark.parametrize("end", ["served", "cancelled"])
async def test_a_process_in_which_nothing_waits_leaves_the_others_its_share(
    end: str, fleet: Fleet, world: World
) -> None:
    ended = world.now + 10

    async def finish() -> None:
        await world.sleep(ended - world.now)
        fleet.scopes[0].cancel()

    async def serve() -> None:
        while world.now < ended:
            await fleet.limits[0].acquire()

    parts = fleet.parts()
    await world.play(*([serve, *parts[1:]] if end == "served" else [finish, *parts]))

    assert fleet.share(ended + 3, ended + 20) > 0.99


async def test_a_process_that_starts_nothing_without_redis_is_not_held_back(
    machines: Machines, world: World
) -> None:
    fleet = Fleet(machines, until=world.now + 30, when_unreachable="raise")
    killed = world.now + 10
    await world.play(*fleet.parts(), lambda: fleet.kill(0, at=killed))

    assert fleet.share(killed + 3, killed + 15) > 0.99


async def test_processes_that_wait_for_the_end_of_a_pause_count_as_heard(
    fleet: Fleet, world: World
) -> None:
    paused = world.now + 5

    async def refuse() -> None:
        await world.sleep(5)
        fleet.limits[0].pause(10.0)

    await world.play(*fleet.parts(), refuse)

    assert fleet.share(paused + 10, paused + 15) == pytest.approx(0.7, abs=0.2)
    assert fleet.share(paused + 24, paused + 29) > 0.97


async def test_one_lost_answer_is_no_outage(
    machines: Machines, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """As when the event loop is held for longer than the timeout while a question is out."""
    limit = await machines.filled()
    before = machines.clients[0].questions

    async def lose() -> None:
        machines.clients[0].on_the_way_back = None
        raise TimeoutError

    machines.clients[0].on_the_way_back = lose
    await world.play(limit.acquire)

    assert machines.clients[0].questions - before == 2
    assert caplog.records == []


@pytest.mark.parametrize("error", [TimeoutError(), redis_py.TimeoutError()])
async def test_a_second_lost_answer_is_one(
    error: Exception, machines: Machines, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    limit = await machines.filled()

    async def lose() -> None:
        raise error

    machines.clients[0].on_the_way_back = lose
    await world.play(limit.acquire)

    assert [record.message[:20] for record in caplog.records] == ["Redis cannot be used"]


async def test_a_question_costs_the_same_however_many_processes_were_killed(
    machines: Machines, world: World
) -> None:
    limit, redis = await machines.filled(), machines.redis()

    async def calls() -> dict[str, int]:
        stats: dict[str, dict[str, int]] = await redis.info("commandstats")
        return {name: stat["calls"] for name, stat in stats.items()}

    async def cost() -> dict[str, int]:
        before = await calls()
        await limit.acquire()
        await world.settle()
        return {name: count - before.get(name, 0) for name, count in (await calls()).items()}

    first = await cost()
    lease = (EPOCH + world.now) * 1e9
    await redis.zadd(machines.key, {f"process:{number}": lease - 1 for number in range(2000)})
    world.now += 1

    assert await cost() == first


async def test_processes_are_dropped_two_minutes_after_their_last_question(
    machines: Machines, world: World
) -> None:
    for _ in range(20):
        await machines.filled()
    world.now += 121
    await machines.limit().acquire()
    held = await machines.state()

    assert len([name for name in held if name.startswith("process:")]) == 1
