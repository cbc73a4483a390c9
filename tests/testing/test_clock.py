"""Time that the test moves: latency, the rate's window, phones, with no real waiting."""

from __future__ import annotations

import anyio
import httpx
import pytest

from plivo_phlo_async.emulator import DEMO_NODE_ID, DEMO_PHLO_ID, PhloEmulator
from plivo_phlo_async.testing import Clock, EmulatedTransport, emulated_client

pytestmark = pytest.mark.anyio


def emulator_at(clock: Clock, **options: object) -> PhloEmulator:
    time = {"clock": clock, "wall": clock.wall, "sleep": clock.sleep}
    return PhloEmulator(**time, **options)  # type: ignore[arg-type]


async def test_latency_lasts_until_the_clock_is_moved() -> None:
    clock = Clock(runs=False)
    emulator = emulator_at(clock, latency=3600.0)
    seen = []
    async with emulated_client(emulator) as client, anyio.create_task_group() as group:
        group.start_soon(client.phlo(DEMO_PHLO_ID).get)
        for seconds in (3599, 1):
            await clock.someone_sleeps()
            seen.append(emulator.requests)
            clock.advance(seconds)

    assert (seen, emulator.requests, clock.sleepers) == ([0, 0], 1, 0)


async def test_the_rates_window_is_moved() -> None:
    clock = Clock(runs=False)
    emulator = emulator_at(clock, rate_limit=(1, 5.0))
    statuses = []
    async with httpx.AsyncClient(
        transport=EmulatedTransport(emulator), auth=(emulator.auth_id, emulator.auth_token)
    ) as client:
        for seconds in (0, 4.9, 0.1):
            clock.advance(seconds)
            answer = await client.get(f"http://emulator/v1/phlo/{DEMO_PHLO_ID}")
            statuses.append(answer.status_code)

    assert statuses == [200, 429, 200]


async def test_a_phone_answers_when_the_clock_comes_to_it() -> None:
    clock = Clock(runs=False)
    emulator = emulator_at(clock)
    emulator.set_phone("2", "answer", after=30)
    async with emulated_client(emulator) as client:
        await client.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID).call("1", "2")
    states = []
    for seconds in (29, 1):
        clock.advance(seconds)
        states += [m.state.value for c in emulator.calls.values() for m in c.members[1:]]

    assert states == ["ringing", "in_call"]


async def test_a_running_clock_runs_by_itself_and_can_be_moved_as_well() -> None:
    now = [50.0]
    clock = Clock(monotonic=lambda: now[0])
    began, wall = clock(), clock.wall()
    now[0] += 2
    clock.advance(3)

    assert (began, clock()) == (0, 5)
    assert clock.wall() - wall == pytest.approx(5)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
async def test_time_moves_forward_only(seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds"):
        Clock().advance(seconds)
