"""Clocks that a test has frozen hold up nothing that does not wait for time to pass."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import anyio
import freezegun
import pytest
import time_machine

from plivo_phlo_async import AsyncPhloClient, RateLimit
from plivo_phlo_async.emulator import DEMO_NODE_ID, DEMO_PHLO_ID, PhloEmulator
from plivo_phlo_async.testing import client_of, emulated_client

from .counting_server import CountingServer, call, counting_server

__all__ = ["counting_server"]

NEW_YEAR = "2026-01-01"
FROZEN = [
    pytest.param(lambda: freezegun.freeze_time(NEW_YEAR), id="freezegun"),
    pytest.param(lambda: time_machine.travel(NEW_YEAR, tick=False), id="time-machine"),
]
Freeze = Callable[[], AbstractContextManager[Any]]


async def _hold_twenty(client: AsyncPhloClient) -> list[int]:
    mpc = client.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)
    await mpc.call("12025550000", "12025551111")
    return [(await mpc.member("12025551111").hold()).attempts for _ in range(20)]


@pytest.mark.anyio
@pytest.mark.parametrize("freeze", FROZEN)
async def test_an_emulated_client_completes_twenty_actions(freeze: Freeze) -> None:
    with freeze():
        async with emulated_client(PhloEmulator()) as client:
            attempts = await _hold_twenty(client)

    assert attempts == [1] * 20


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("freeze", FROZEN)
def test_so_does_one_whose_whole_event_loop_is_frozen(freeze: Freeze, backend: str) -> None:
    async def act() -> list[int]:
        async with emulated_client(PhloEmulator()) as client:
            return await _hold_twenty(client)

    with freeze():
        attempts = anyio.run(act, backend=backend)

    assert attempts == [1] * 20


@pytest.mark.anyio
@pytest.mark.parametrize("freeze", FROZEN)
async def test_a_client_over_sockets_completes_them_too(
    freeze: Freeze, counting_server: CountingServer
) -> None:
    with freeze():
        async with counting_server.client() as client:
            attempts = [(await client.perform(call(number))).attempts for number in range(20)]

    assert attempts == [1] * 20


@pytest.mark.parametrize(
    "freeze",
    [
        pytest.param(lambda: freezegun.freeze_time(NEW_YEAR, real_asyncio=True), id="freezegun"),
        FROZEN[1],
    ],
)
def test_a_limit_goes_by_the_event_loops_time(freeze: Freeze) -> None:
    limit = RateLimit(1000, per=1.0)

    async def take_twenty() -> None:
        for _ in range(20):
            await limit.acquire()

    with freeze():
        anyio.run(take_twenty)

    assert limit.rate == limit.full_rate


@pytest.mark.anyio
async def test_a_clock_that_stands_still_gives_the_burst_and_then_sleeps_once_for_each_token() -> (
    None
):
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await anyio.sleep_forever()

    limit = RateLimit(100, per=1.0, burst=5, clock=lambda: 1000.0, sleep=sleep)
    for _ in range(5):
        await limit.acquire()
    with anyio.move_on_after(0.01):
        await limit.acquire()

    assert slept == [pytest.approx(1 / limit.full_rate)]


def test_an_emulated_client_has_a_limit_only_if_it_is_given_one() -> None:
    limit = RateLimit(100, per=1.0)
    emulator = PhloEmulator()
    limits = [client_of(emulator), client_of(emulator, rate_limit=limit)]

    assert [client._transport.limiter for client in limits] == [None, limit]
