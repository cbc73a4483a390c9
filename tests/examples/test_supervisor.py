"""A supervisor of a conference: the service on a socket, beside an emulator on another."""

from __future__ import annotations

import asyncio
import runpy
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
import pytest_asyncio
import uvicorn

from plivo_phlo_async.emulator import DEMO_BRIDGE_ID, DEMO_PHLO_ID, PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer

pytestmark = pytest.mark.asyncio

PROGRAM = Path(__file__).parents[2] / "examples" / "supervisor.py"
ANN, CARL, SUE = "12025550101", "12025550199", "12025550177"


@attrs.frozen
class Service:
    """A client of the service, and the emulator of the conference."""

    http: httpx.AsyncClient
    emulator: PhloEmulator

    async def join(self, *addresses: str) -> None:
        for address in addresses:
            self.emulator.join(DEMO_PHLO_ID, DEMO_BRIDGE_ID, address)
        await self.emulator.delivered()

    async def supervise(self, address: str, wish: str) -> httpx.Response:
        response = await self.http.post(f"/supervisors/{address}/{wish}")
        await self.emulator.delivered()
        return response

    @property
    def muted(self) -> set[str]:
        (call,) = self.emulator.calls.values()
        return {member.address for member in call.members if member.live and member.muted}

    @property
    def inside(self) -> set[str]:
        (call,) = self.emulator.calls.values()
        return {member.address for member in call.members if member.live}

    async def listeners(self) -> dict[str, bool]:
        (call_id,) = self.emulator.calls
        members: list[dict[str, Any]] = (await self.http.get(f"/conferences/{call_id}")).json()
        return {member["address"]: member["listens"] for member in members}


@pytest_asyncio.fixture
async def service(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with EmulatorServer(PhloEmulator(callback=f"{url}/plivo")) as server:
            own = {"PLIVO_NODE_ID": DEMO_BRIDGE_ID, "SUPERVISORS": SUE, "PUBLIC_BASE_URL": url}
            for name, value in (server.env | own).items():
                monkeypatch.setenv(name, value)
            app = runpy.run_path(str(PROGRAM), run_name="example")["app"]
            web = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none"))
            running = asyncio.create_task(web.serve(sockets=[listening]))
            async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
                yield Service(http, server.emulator)
            web.should_exit = True
            await running


async def test_a_supervisor_is_muted_on_entering_and_the_others_are_not(service: Service) -> None:
    await service.join(ANN, CARL, SUE)

    assert service.muted == {SUE}
    assert await service.listeners() == {ANN: False, CARL: False, SUE: True}


async def test_a_supervisor_barges_in_and_listens_again(service: Service) -> None:
    await service.join(ANN, SUE)
    barged = await service.supervise(SUE, "barge")
    heard = (service.muted, await service.listeners())
    again = await service.supervise(SUE, "listen")

    assert (barged.status_code, again.status_code) == (200, 200)
    assert heard == (set(), {ANN: False, SUE: False})
    assert service.muted == {SUE}
    assert await service.listeners() == {ANN: False, SUE: True}


async def test_a_supervisor_leaves_and_the_conference_goes_on(service: Service) -> None:
    await service.join(ANN, CARL, SUE)
    await service.supervise(SUE, "leave")

    assert service.inside == {ANN, CARL}
    assert await service.listeners() == {ANN: False, CARL: False}


async def test_a_supervisor_who_cannot_be_muted_is_hung_up(service: Service) -> None:
    service.emulator.fail_next("soft_error", action="mute")
    await service.join(ANN, SUE)
    await service.emulator.delivered()

    assert service.inside == {ANN}


async def test_a_failed_action_says_so_and_changes_nothing(service: Service) -> None:
    await service.join(ANN, SUE)
    service.emulator.fail_next("soft_error", action="unmute")
    answer = await service.supervise(SUE, "barge")

    assert answer.status_code == 502
    assert answer.json()["type"] == "ActionFailedError"
    assert await service.listeners() == {ANN: False, SUE: True}


@pytest.mark.parametrize("address", [ANN, SUE])
async def test_only_a_supervisor_in_a_conference_is_supervised(
    service: Service, address: str
) -> None:
    await service.join(ANN)
    answer = await service.supervise(address, "leave")

    assert answer.status_code == 404
    assert service.inside == {ANN}
