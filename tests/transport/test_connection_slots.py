"""Slots: never more than there are, first come first served, and none is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import anyio
import pytest

from plivo_phlo_async._transport import connection_slots as slots_module
from plivo_phlo_async._transport.connection_slots import ConnectionSlots

from .counting_server import PATIENCE, CountingServer, counting_server
from .crowd import SLOTS, Tally, crowd

__all__ = ["counting_server"]

pytestmark = pytest.mark.anyio


async def test_there_are_as_many_as_were_asked_for() -> None:
    slots = ConnectionSlots(3)
    taken = [slots.acquire_nowait() for _ in range(4)]

    assert [slot is not None for slot in taken] == [True, True, True, False]


async def test_a_released_slot_can_be_taken_again() -> None:
    slots = ConnectionSlots(1)
    for _ in range(3):
        slots.release(await slots.acquire())

    assert slots.acquire_nowait() is not None


async def test_a_slot_released_twice_counts_once() -> None:
    slots = ConnectionSlots(2)
    slot = await slots.acquire()
    slots.release(slot)
    slots.release(slot)

    assert [slots.acquire_nowait() is not None for _ in range(3)] == [True, True, False]


async def test_first_come_first_served() -> None:
    slots, served = ConnectionSlots(1), []
    held = await slots.acquire()

    async def ask(number: int) -> None:
        slot = await slots.acquire()
        served.append(number)
        await anyio.lowlevel.checkpoint()
        slots.release(slot)

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(ask, number)
            await anyio.wait_all_tasks_blocked()
        slots.release(held)

    assert served == list(range(20))


async def test_no_task_overtakes_one_that_waits() -> None:
    slots = ConnectionSlots(1)
    held = await slots.acquire()

    async def ask() -> None:
        slots.release(await slots.acquire())

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        slots.release(held)

        assert slots.acquire_nowait() is None


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_who_is_cancelled_in_line_takes_nothing_and_wakes_the_next(place: int) -> None:
    slots, served = ConnectionSlots(1), []
    held = await slots.acquire()
    scopes = [anyio.CancelScope() for _ in range(3)]

    async def ask(number: int) -> None:
        with scopes[number]:
            slot = await slots.acquire()
            served.append(number)
            slots.release(slot)

    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(ask, number)
                await anyio.wait_all_tasks_blocked()
            scopes[place].cancel()
            await anyio.wait_all_tasks_blocked()
            slots.release(held)

    assert served == [number for number in range(3) if number != place]


async def test_a_wake_up_that_meets_a_cancellation_is_not_lost() -> None:
    slots, served = ConnectionSlots(1), []
    held = await slots.acquire()
    scope = anyio.CancelScope()

    async def ask(number: int) -> None:
        with scope if number == 0 else anyio.CancelScope():
            slot = await slots.acquire()
            served.append(number)
            slots.release(slot)

    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            for number in range(2):
                group.start_soon(ask, number)
                await anyio.wait_all_tasks_blocked()
            slots.release(held)
            scope.cancel()

    assert served[-1] == 1
    assert slots.acquire_nowait() is not None


async def test_slots_of_a_loop_that_was_closed_are_free_again() -> None:
    slots = ConnectionSlots(2)
    loop = asyncio.new_event_loop()

    def take_both() -> None:
        for _ in range(2):
            loop.run_until_complete(slots.acquire())

    await anyio.to_thread.run_sync(take_both)

    assert slots.acquire_nowait() is None
    loop.close()
    assert [slots.acquire_nowait() is not None for _ in range(3)] == [True, True, False]


async def test_slots_of_a_trio_run_that_has_ended_are_free_again() -> None:
    slots = ConnectionSlots(1)
    await anyio.to_thread.run_sync(lambda: anyio.run(slots.acquire, backend="trio"))

    assert slots.acquire_nowait() is not None


async def test_who_waits_gets_the_slots_of_a_loop_that_is_closed_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slots_module, "_LOOK_AGAIN", 0.01)
    slots, loop = ConnectionSlots(1), asyncio.new_event_loop()
    await anyio.to_thread.run_sync(lambda: loop.run_until_complete(slots.acquire()))

    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(slots.acquire)
            await anyio.wait_all_tasks_blocked()
            loop.close()

    assert slots.acquire_nowait() is None


@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_a_loop_that_stands_still_while_it_waits_is_called_once() -> None:
    slots, loop = ConnectionSlots(1), asyncio.new_event_loop()
    held = await slots.acquire()

    def wait_and_stand_still() -> asyncio.Task[object]:
        task = loop.create_task(slots.acquire())
        while not slots._waiters:
            loop.run_until_complete(asyncio.sleep(0))
        return task

    task = await anyio.to_thread.run_sync(wait_and_stand_still)
    for _ in range(100):
        slots.release(held)
        held = await slots.acquire()
    calls = len(loop._ready)  # type: ignore[attr-defined]
    slots.release(held)
    await anyio.to_thread.run_sync(loop.run_until_complete, task)
    loop.close()

    assert calls <= 2


async def test_a_late_release_of_a_slot_that_was_reclaimed_counts_for_nothing() -> None:
    slots, loop = ConnectionSlots(1), asyncio.new_event_loop()
    gone = await anyio.to_thread.run_sync(lambda: loop.run_until_complete(slots.acquire()))
    loop.close()
    await slots.acquire()
    slots.release(gone)

    assert slots.acquire_nowait() is None


class _LoopWhoseTaskIsDestroyed:
    """Looks like a loop; asked whether it is over, it destroys a task that holds a slot."""

    def __init__(self, destroy: Callable[[], None]) -> None:
        self._destroy = destroy

    def is_closed(self) -> bool:
        self._destroy()
        return False


async def test_a_task_destroyed_while_a_slot_is_taken_can_release_its_own() -> None:
    slots = ConnectionSlots(2)
    held = await slots.acquire()
    loop = _LoopWhoseTaskIsDestroyed(lambda: slots.release(held))
    slots._held[loop] = 1
    slots._free -= 1
    taken: list[object] = []
    thread = threading.Thread(
        target=lambda: taken.append(anyio.run(_acquire_nowait, slots)), daemon=True
    )
    thread.start()
    await anyio.to_thread.run_sync(thread.join, PATIENCE)

    assert not thread.is_alive()
    assert taken != [None]


async def _acquire_nowait(slots: ConnectionSlots) -> object:
    return slots.acquire_nowait()


async def test_after_many_cancellations_every_slot_serves_and_no_socket_is_left(
    counting_server: CountingServer,
) -> None:
    tally = await crowd(counting_server, 500, seed=11)

    assert tally == Tally(tally.cancelled, at_once=SLOTS, busy=0, is_clean=True)
    assert tally.cancelled >= 500
