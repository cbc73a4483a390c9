"""A token that was taken and is not used goes to the next that waits, or back to Redis."""

from __future__ import annotations

import anyio
import pytest

from .world import Machines, World

pytestmark = pytest.mark.anyio


async def test_the_next_task_of_the_process_gets_it_at_once(
    machines: Machines, world: World
) -> None:
    limit = await machines.filled(burst=1)
    questions = machines.clients[0].questions
    await limit.acquire()
    began = world.now

    async def hand_on() -> None:
        await world.sleep(0.001)
        limit.give_back()

    await world.play(limit.acquire, hand_on)

    assert world.now - began == pytest.approx(0.001)
    assert machines.clients[0].questions - questions == 3  # for each token, and that none waits


async def test_where_none_waits_another_process_gets_it(machines: Machines, world: World) -> None:
    limit, other = await machines.filled(), await machines.filled()
    for _ in range(5):
        await limit.acquire()
    began = world.now
    limit.give_back()
    await world.settle()
    await world.play(other.acquire)

    assert world.now == began


async def test_a_token_that_is_given_back_late_is_less_by_what_was_refilled(
    machines: Machines, world: World
) -> None:
    limit = await machines.filled()
    for _ in range(5):
        await limit.acquire()
    world.now += 0.5 / limit.full_rate
    limit.give_back()
    await world.settle()

    assert (await machines.state())["tokens"] == pytest.approx(0.5 + 0.5, abs=1e-6)


async def test_after_a_refusal_it_is_dropped(machines: Machines, world: World) -> None:
    limit = await machines.filled()
    await limit.acquire()
    limit.pause(1.0)
    limit.give_back()
    began = world.now
    await world.play(limit.acquire)

    assert world.now - began > 1.0


async def test_of_four_processes_that_use_every_fourth_token_none_loses_rate(
    machines: Machines, world: World
) -> None:
    """As four processes that perform one list: three of four find the action begun elsewhere."""
    limits = [await machines.filled() for _ in range(4)]
    begun, left, began = 0, 200, world.now

    async def work(number: int) -> None:
        nonlocal begun
        for action in range(left):
            await limits[number].acquire()
            if action < begun:
                limits[number].give_back()
            else:
                begun = action + 1

    await world.play(*(lambda number=number: work(number) for number in range(4)))

    assert begun == left
    assert world.now - began < 1.05 * left / limits[0].full_rate


async def test_a_task_that_is_cancelled_while_it_is_handed_one_leaves_it_to_the_next(
    machines: Machines, world: World
) -> None:
    limit = await machines.filled(burst=1)
    await limit.acquire()
    served: list[str] = []

    async def give_up() -> None:
        with anyio.CancelScope() as scope:
            first.append(scope)
            await limit.acquire()
            served.append("first")

    async def ask() -> None:
        await limit.acquire()
        served.append("next")

    async def hand_on() -> None:
        await world.sleep(0.001)
        first[0].cancel()
        limit.give_back()

    first: list[anyio.CancelScope] = []
    await world.play(give_up, ask, hand_on)

    assert served == ["next"]
