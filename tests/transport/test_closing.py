"""Closing a client: whatever an action waits for, nothing is sent after `aclose` has returned."""

from __future__ import annotations

import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import httpx
import pytest

from plivo_phlo_async import (
    AsyncPhloClient,
    NotSentError,
    OutcomeUnknownError,
    PhloError,
    PhloTransport,
    RateLimit,
    Result,
    RetryPolicy,
)

from .counting_server import PATIENCE, REFUSED, CountingServer, call, counting_server

__all__ = ["counting_server"]

pytestmark = pytest.mark.anyio

OWN = pytest.param(lambda: None, id="own")
PLAIN = pytest.param(httpx.AsyncClient, id="plain-httpx")
OVER_OUR_TRANSPORT = pytest.param(
    lambda: httpx.AsyncClient(transport=PhloTransport()), id="our-transport"
)
HTTP = [OWN, PLAIN, OVER_OUR_TRANSPORT]
MakeHttp = Callable[[], httpx.AsyncClient | None]


class Gate:
    """Lets nothing pass until it is opened, in any event loop or thread."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def pass_here(self) -> None:
        self.reached.set()
        assert self.opened.wait(PATIENCE)

    async def is_reached(self) -> None:
        assert await anyio.to_thread.run_sync(self.reached.wait, PATIENCE)

    async def sleep(self, seconds: float) -> None:
        self.reached.set()
        while not self.opened.is_set():
            await anyio.lowlevel.checkpoint()
        await anyio.sleep(min(seconds, 0.05))


@pytest.fixture
def gate() -> Gate:
    return Gate()


async def _outcome(client: AsyncPhloClient, number: int = 1) -> Result | PhloError:
    try:
        return await client.perform(call(number))
    except PhloError as error:
        return error


async def _closed_at(
    client: AsyncPhloClient, gate: Gate, number: int = 1
) -> Result | PhloError | None:
    """Close the client once its action has reached the gate, then open it: how the action ended."""
    outcome: Result | PhloError | None = None

    async def act() -> None:
        nonlocal outcome
        outcome = await _outcome(client, number)

    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(act)
            await gate.is_reached()
            await client.aclose()
            gate.opened.set()
    return outcome


def _is_not_sent(outcome: object) -> None:
    assert isinstance(outcome, NotSentError)
    assert "this client is closed" in str(outcome)
    assert not outcome.may_have_happened


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])  # uvloop resolves names by itself
@pytest.mark.parametrize("make_http", HTTP)
async def test_an_action_that_is_connecting_is_not_sent(
    make_http: MakeHttp,
    gate: Gate,
    counting_server: CountingServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve = socket.getaddrinfo

    def resolve_at_gate(
        host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> Any:
        if host in {"localhost", b"localhost"} and not flags & socket.AI_NUMERICHOST:
            gate.pass_here()
            host = "127.0.0.1"
        return resolve(host, port, family, type, proto, flags)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_at_gate)
    http = make_http()
    client = counting_server.client(
        base_url=counting_server.url.replace("127.0.0.1", "localhost"), http_client=http
    )
    outcome = await _closed_at(client, gate)
    if http is not None:
        await http.aclose()

    _is_not_sent(outcome)
    assert gate.reached.is_set()
    assert counting_server.until_open(0)
    assert counting_server.arrived == []


@pytest.mark.parametrize("make_http", HTTP)
async def test_an_action_that_waits_for_a_token_is_not_sent(
    make_http: MakeHttp, gate: Gate, counting_server: CountingServer
) -> None:
    limit = RateLimit(
        100, per=1.0, burst=1, sleep=gate.sleep, clock=lambda: 1000.0 + gate.opened.is_set()
    )
    await limit.acquire()
    http = make_http()
    client = counting_server.client(rate_limit=limit, http_client=http)
    outcome = await _closed_at(client, gate)
    if http is not None:
        await http.aclose()

    _is_not_sent(outcome)
    assert counting_server.arrived == []


@pytest.mark.parametrize("make_http", HTTP)
async def test_an_action_that_waits_to_be_repeated_is_not_sent_again(
    make_http: MakeHttp, gate: Gate, counting_server: CountingServer
) -> None:
    counting_server.answers.append(REFUSED)
    http = make_http()
    client = counting_server.client(http_client=http, retry=RetryPolicy(max_backoff=0.01))
    client._transport.shared.sleep = gate.sleep
    outcome = await _closed_at(client, gate)
    if http is not None:
        await http.aclose()

    assert isinstance(outcome, PhloError)
    assert "this client is closed" in str(outcome)
    assert not outcome.may_have_happened
    assert len(counting_server.arrived) == 1


async def _one_sent_and_one_waiting(
    client: AsyncPhloClient, server: CountingServer, after_closing: Callable[[], Awaitable[None]]
) -> list[Result | PhloError]:
    outcomes: dict[int, Result | PhloError] = {}

    async def act(number: int) -> None:
        outcomes[number] = await _outcome(client, number)

    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(act, 0)
            await anyio.to_thread.run_sync(server.until_arrived, 1)
            group.start_soon(act, 1)
            while client._transport.shared.slots._queues.is_empty():
                await anyio.lowlevel.checkpoint()
            await client.aclose()
            await after_closing()
    return [outcomes[0], outcomes[1]]


async def test_an_action_that_waits_for_a_slot_is_not_sent_and_what_is_sent_is_unknown(
    counting_server: CountingServer,
) -> None:
    counting_server.gate.clear()
    client = counting_server.client(max_connections=1)
    sent, waiting = await _one_sent_and_one_waiting(
        client, counting_server, anyio.lowlevel.checkpoint
    )

    _is_not_sent(waiting)
    assert isinstance(sent, OutcomeUnknownError)
    assert len(counting_server.arrived) == 1


@pytest.mark.parametrize("make_http", [PLAIN, OVER_OUR_TRANSPORT])
async def test_with_a_callers_own_client_what_is_sent_goes_on_and_who_waits_is_not_sent(
    make_http: MakeHttp, counting_server: CountingServer
) -> None:
    counting_server.gate.clear()

    async def open_gate() -> None:
        counting_server.gate.set()

    http = make_http()
    assert http is not None
    client = counting_server.client(max_connections=1, http_client=http)
    sent, waiting = await _one_sent_and_one_waiting(client, counting_server, open_gate)
    await http.aclose()

    _is_not_sent(waiting)
    assert isinstance(sent, Result)
    assert len(counting_server.arrived) == 1
