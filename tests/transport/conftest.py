"""A clock that moves only when something sleeps, and a transport that lives by it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import anyio
import httpx
import pytest

from plivo_phlo_async import RetryPolicy
from plivo_phlo_async._transport.courier import HttpxCourier
from plivo_phlo_async._transport.hooks import AttemptEvent, Hooks, OutcomeEvent, PauseEvent
from plivo_phlo_async._transport.limiter import Limiter
from plivo_phlo_async._transport.transport import Line, Transport

from ..conftest import AUTH_ID, BASE_URL, TLS


class Time:
    """Seconds, moved by `sleep` and by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await anyio.lowlevel.checkpoint()


@pytest.fixture
def time() -> Time:
    return Time()


Event = AttemptEvent | OutcomeEvent | PauseEvent


@pytest.fixture
def events() -> list[Event]:
    """What the hooks were told."""
    return []


MakeTransport = Callable[..., Transport]


@pytest.fixture
async def make_transport(time: Time, events: list[Event]) -> AsyncIterator[MakeTransport]:
    """Makes a transport with injected time and randomness (always the longest backoff)."""
    async with httpx.AsyncClient(verify=TLS) as http:
        line = Line(
            courier=HttpxCourier(http, BASE_URL, AUTH_ID, {"Authorization": "Basic x"}),
            places=anyio.Semaphore(10, fast_acquire=True),
            clock=time,
            sleep=time.sleep,
            random=lambda: 1.0,
        )

        def make(limiter: Limiter | None = None, **policy: float | None) -> Transport:
            retry = RetryPolicy(**policy)  # type: ignore[arg-type]  # names are the tests' own
            hooks = Hooks(events.append, events.append, events.append)
            return Transport(line, httpx.Timeout(1.0), retry, limiter, hooks)

        yield make
