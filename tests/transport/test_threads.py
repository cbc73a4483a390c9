"""One client in several threads, each with an event loop of its own: each action goes once."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import pytest

from plivo_phlo_async import (
    AsyncPhloClient,
    NotSentError,
    OutcomeUnknownError,
    PhloError,
    RateLimit,
)
from plivo_phlo_async._transport.connection_slots import ConnectionSlots

from .counting_server import PATIENCE, CountingServer, call, counting_server

__all__ = ["counting_server"]

ACTIONS = 100  # in each thread
CROWDS = [
    pytest.param(["asyncio"] * 4, id="asyncio"),
    pytest.param(["trio"] * 4, id="trio"),
    pytest.param(["asyncio", "trio"] * 2, id="both"),
]


@contextmanager
def threads(work: Callable[[int], Awaitable[None]], backends: list[str]) -> Iterator[None]:
    """Run `work` in a thread for each backend; all have ended when the block is left."""
    failures: list[BaseException] = []

    def run(number: int, backend: str) -> None:
        try:
            anyio.run(work, number, backend=backend)
        except BaseException as failure:
            failures.append(failure)

    started = [threading.Thread(target=run, args=each, daemon=True) for each in enumerate(backends)]
    for thread in started:
        thread.start()
    try:
        yield
    finally:
        for thread in started:
            thread.join(PATIENCE)
    if failures:
        raise failures[0]
    assert not any(thread.is_alive() for thread in started), "a thread hangs"


def attempts_of_a_crowd(client: AsyncPhloClient, backends: list[str], actions: int) -> list[int]:
    """Perform so many actions at once in each thread."""
    attempts: list[int] = []

    async def perform(number: int) -> None:
        attempts.append((await client.perform(call(number))).attempts)

    async def work(thread: int) -> None:
        async with anyio.create_task_group() as group:
            for number in range(actions):
                group.start_soon(perform, thread * actions + number)

    with threads(work, backends):
        pass
    anyio.run(client.aclose)
    return attempts


@pytest.mark.parametrize("backends", CROWDS)
@pytest.mark.parametrize("max_connections", [2, 100])
def test_four_threads_carry_out_every_action_once(
    backends: list[str], max_connections: int, counting_server: CountingServer
) -> None:
    client = counting_server.client(max_connections=max_connections)
    attempts = attempts_of_a_crowd(client, backends, ACTIONS)

    assert attempts == [1] * 4 * ACTIONS
    assert (len(counting_server.called), set(counting_server.called.values())) == (400, {1})
    assert counting_server.most_waiting <= max_connections
    assert counting_server.until_open(0)


@pytest.mark.parametrize("backends", CROWDS)
def test_threads_never_take_more_tokens_than_their_limit_has(backends: list[str]) -> None:
    limit = RateLimit(500, per=1.0, burst=5)
    granted: list[float] = []
    began = time.monotonic()

    async def work(thread: int) -> None:
        for _ in range(40):
            await limit.acquire()
            granted.append(time.monotonic())

    with threads(work, backends):
        pass

    assert len(granted) == 160
    assert _most_ahead(granted, began, limit) <= 0


def _most_ahead(granted: list[float], began: float, limit: RateLimit) -> float:
    """By how many seconds a token came before a bucket that was full at first had it."""
    return max(
        (count - limit.burst) / limit.full_rate - (at - began) - 0.001
        for count, at in enumerate(sorted(granted), 1)
    )


@pytest.mark.parametrize("backends", CROWDS)
def test_actions_of_threads_that_wait_for_tokens_are_all_carried_out(
    backends: list[str], counting_server: CountingServer
) -> None:
    limit = RateLimit(400, per=1.0)
    client = counting_server.client(max_connections=2, rate_limit=limit)
    began = time.monotonic()
    attempts = attempts_of_a_crowd(client, backends, 30)

    assert attempts == [1] * 120
    assert _most_ahead(counting_server.times, began, limit) <= 0


@pytest.mark.parametrize(("holder", "waiter"), [("asyncio", "trio"), ("trio", "asyncio")])
def test_a_slot_released_in_one_thread_wakes_who_waits_in_another(holder: str, waiter: str) -> None:
    slots = ConnectionSlots(1)
    held, waits = threading.Event(), threading.Event()

    async def work(number: int) -> None:
        if number == 0:
            slot = await slots.acquire()
            held.set()
            await anyio.to_thread.run_sync(waits.wait, PATIENCE)
            with anyio.move_on_after(PATIENCE):
                while not slots._waiters:
                    await anyio.lowlevel.checkpoint()
        else:
            await anyio.to_thread.run_sync(held.wait, PATIENCE)
            waits.set()
            with anyio.fail_after(PATIENCE):
                slot = await slots.acquire()
        slots.release(slot)

    with threads(work, [holder, waiter]):
        pass

    assert slots._free == 1


@pytest.mark.parametrize("used_in", ["asyncio", "trio"])
@pytest.mark.parametrize("closed_in", ["asyncio", "trio"])
def test_closing_from_another_thread_ends_what_is_under_way_and_sends_nothing_more(
    used_in: str, closed_in: str, counting_server: CountingServer
) -> None:
    client = counting_server.client(max_connections=5)
    counting_server.gate.clear()
    errors: list[type[PhloError]] = []

    async def perform(number: int) -> None:
        try:
            await client.perform(call(number))
        except PhloError as error:
            errors.append(type(error))

    async def work(thread: int) -> None:
        async with anyio.create_task_group() as group:
            for number in range(12):
                group.start_soon(perform, number)

    with threads(work, [used_in]):
        counting_server.until_arrived(5)
        anyio.run(client.aclose, backend=closed_in)
        sent = len(counting_server.arrived)

    assert (sent, len(counting_server.arrived)) == (5, 5)
    assert sorted(errors, key=str) == [NotSentError] * 7 + [OutcomeUnknownError] * 5
    counting_server.gate.set()
    assert counting_server.until_open(0)


@pytest.mark.parametrize("used_in", ["asyncio", "trio"])
def test_after_closing_from_another_thread_nothing_arrives_however_busy_it_was(
    used_in: str, counting_server: CountingServer
) -> None:
    client = counting_server.client(max_connections=8)
    ended: list[Any] = []

    async def perform() -> None:
        for number in range(10_000):
            try:
                await client.perform(call(number))
            except PhloError as error:
                ended.append(error)
                return

    async def work(thread: int) -> None:
        async with anyio.create_task_group() as group:
            for _ in range(16):
                group.start_soon(perform)

    with threads(work, [used_in] * 2):
        counting_server.until_arrived(200)
        anyio.run(client.aclose)
    assert counting_server.until_open(0)
    known = sum(not error.may_have_happened for error in ended)

    assert len(ended) == 32
    assert known >= 24  # all but who had a slot
