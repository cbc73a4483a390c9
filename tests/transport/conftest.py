"""A clock that moves only when something sleeps, and a transport that lives by it."""

from __future__ import annotations

import gc
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import httpx
import pytest

from plivo_phlo_async import RetryPolicy
from plivo_phlo_async._transport.connection_slots import ConnectionSlots
from plivo_phlo_async._transport.hooks import AttemptEvent, Hooks, OutcomeEvent, PauseEvent
from plivo_phlo_async._transport.limiter import Limiter
from plivo_phlo_async._transport.request import RequestBuilder
from plivo_phlo_async._transport.sender import HttpSender
from plivo_phlo_async._transport.shared_state import SharedState
from plivo_phlo_async._transport.transport import Transport

from ..conftest import AUTH_ID, BASE_URL
from ..scripted import ScriptedServer, scripted_server

BACKENDS: list[Any] = [
    pytest.param("asyncio", id="asyncio"),
    pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop"),
    pytest.param("trio", id="trio"),
]


@pytest.fixture(params=BACKENDS[:1] + BACKENDS[2:] if sys.platform == "win32" else BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Every event loop; there is no uvloop for Windows."""
    return request.param


@pytest.fixture(autouse=True)
def _collect_only_what_is_new() -> Iterator[None]:
    """Have `gc.collect` leave out what was there before the test, such as all collected tests."""
    gc.freeze()
    yield
    gc.unfreeze()


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
    """The events that the hooks received."""
    return []


MakeTransport = Callable[..., Transport]


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ScriptedServer]:
    """A scripted server, which is what phlorunner.example leads to."""
    monkeypatch.setenv("PLIVO_PHLO_ALLOW_NETWORK", "1")
    async with scripted_server() as server:
        yield server


@pytest.fixture
async def make_transport(
    server: ScriptedServer, time: Time, events: list[Event]
) -> AsyncIterator[MakeTransport]:
    """Makes a transport with injected time and randomness (always the longest backoff)."""
    async with httpx.AsyncClient(transport=server.transport()) as http:
        requests = RequestBuilder(BASE_URL, AUTH_ID, {"Authorization": "Basic x"})
        shared = SharedState(
            HttpSender(http, requests, "phlorunner.example", owns=True),
            ConnectionSlots(10),
            clock=time,
            sleep=time.sleep,
            random=lambda: 1.0,
        )

        def make(limiter: Limiter | None = None, **policy: float | None) -> Transport:
            retry = RetryPolicy(**policy)  # type: ignore[arg-type]  # names are the tests' own
            hooks = Hooks(events.append, events.append, events.append)
            return Transport(shared, httpx.Timeout(1.0), retry, limiter, hooks)

        yield make
