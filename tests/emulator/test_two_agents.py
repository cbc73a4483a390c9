"""Two agents at work at once on one node: over a socket, with their webhooks verified."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from plivo_phlo_async import AsyncPhloClient
from plivo_phlo_async.emulator import DEMO_AUTH_TOKEN, DEMO_NODE_ID, DEMO_PHLO_ID, PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer
from plivo_phlo_async.resources import MultiPartyCall
from plivo_phlo_async.webhooks import Event, receive

pytestmark = pytest.mark.anyio
ROUNDS = 5


class Inbox:
    """A webhook endpoint on a socket that verifies and keeps what it receives."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        inbox = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                event = receive("POST", inbox.url, dict(self.headers), body, DEMO_AUTH_TOKEN)
                inbox.events.append(event)
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/events"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.close()


@pytest.fixture
def server(inbox: Inbox) -> Iterator[EmulatorServer]:
    emulator = PhloEmulator(rate_limit=None, callback=inbox.url)
    with EmulatorServer(emulator) as server:
        yield server


async def work(mpc: MultiPartyCall, agent: str, customer: str, colleague: str) -> None:
    """One agent's calls: each is held, transferred twice, and hung up by everyone."""
    for _ in range(ROUNDS):
        await mpc.call(agent, customer, "customer")
        await mpc.member(customer).hold()
        await mpc.member(customer).unhold()
        await mpc.warm_transfer(agent, colleague)
        await mpc.member(agent).resume_call()
        await mpc.member(colleague).hangup()
        await mpc.cold_transfer(agent, colleague)
        await mpc.member(customer).hangup()
        await mpc.member(colleague).hangup()


async def test_two_agents_at_once_never_meet(server: EmulatorServer, inbox: Inbox) -> None:
    emulator = server.emulator
    teams = [
        ("12025550101", "12025550102", "12025550103"),
        ("12025550104", "12025550105", "12025550106"),
    ]
    async with AsyncPhloClient(
        emulator.auth_id, emulator.auth_token, base_url=server.base_url, rate_limit=None
    ) as client:
        mpc = client.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)
        with anyio.fail_after(60):
            async with anyio.create_task_group() as agents:
                for team in teams:
                    agents.start_soon(work, mpc, *team)
            await emulator.delivered()

    assert emulator.calls == {}
    calls: dict[str, set[str]] = {}
    for event in inbox.events:
        values = event.raw
        calls.setdefault(values["conference_uuid"], set()).update((values["from"], values["to"]))
    met = [addresses - {""} for addresses in calls.values()]

    assert len(met) == 2 * ROUNDS
    assert all(addresses in [set(team) for team in teams] for addresses in met)
    assert {step.call_id for step in emulator.log} == {*calls}
    assert {one.outcome for one in emulator.deliveries} == {"delivered"}
    assert len(inbox.events) == len(emulator.deliveries)
    assert {entry.reason for entry in emulator.exchanges()} == {None}
