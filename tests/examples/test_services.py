"""Each example on a socket, beside an emulator on another, used as its clients would."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from aiohttp import web

from plivo_phlo_async import AuthenticationError, MultiPartyCall, NotSentError, PhloError
from plivo_phlo_async.emulator import DEMO_AUTH_TOKEN, PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer
from plivo_phlo_async.webhooks import sign_v3

pytestmark = pytest.mark.asyncio

EXAMPLES = Path(__file__).parents[2] / "examples"
ANN, CARL = "12025550101", "12025550199"
ENTERS = {"event": "ConferenceEnter", "conference_uuid": "c", "member_id": "m", "from": ANN}


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@asynccontextmanager
async def _fastapi(listening: socket.socket) -> AsyncIterator[None]:
    app = _load("fastapi_service").app
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none"))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def _aiohttp(listening: socket.socket) -> AsyncIterator[None]:
    runner = web.AppRunner(_load("aiohttp_service").make_app())
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        yield
    finally:
        await runner.cleanup()


class Service:
    """A client of the service, and the emulator it acts on."""

    def __init__(self, http: httpx.AsyncClient, emulator: PhloEmulator) -> None:
        self.http, self.emulator = http, emulator

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.post(path, **options)

    async def calls(self) -> list[list[str]]:
        """Who is on each call, once all events are delivered."""
        await self.emulator.delivered()
        return list((await self.http.get("/calls")).json().values())


@pytest_asyncio.fixture(params=[_fastapi, _aiohttp], ids=["fastapi", "aiohttp"])
async def service(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Service]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with EmulatorServer(PhloEmulator(callback=f"{url}/plivo")) as server:
            for name, value in server.env.items():
                monkeypatch.setenv(name, value)
            monkeypatch.setenv("PUBLIC_BASE_URL", url)
            async with (
                request.param(listening),
                httpx.AsyncClient(base_url=url, trust_env=False) as http,
            ):
                yield Service(http, server.emulator)
                await server.emulator.delivered()  # or it would knock while the service goes


async def test_a_call_is_made_and_the_webhooks_tell_who_is_on_it(service: Service) -> None:
    seen = []
    for path in (f"{ANN}/calls/{CARL}", f"{CARL}/hold", f"{CARL}/unhold", f"{CARL}/hangup"):
        answer = await service.post(f"/agents/{path}")
        assert answer.status_code == 201
        assert answer.json()["api_id"]
        seen.append(await service.calls())

    assert seen == [[[ANN, CARL]], [[ANN, CARL]], [[ANN, CARL]], [[ANN]]]
    assert {delivery.outcome for delivery in service.emulator.deliveries} == {"delivered"}


async def test_a_forged_webhook_is_403_and_changes_nothing(service: Service) -> None:
    url = str(service.http.base_url.join("/plivo"))
    forged = sign_v3("POST", url, ENTERS, "another token")
    answers = [
        await service.post("/plivo", data=ENTERS),
        await service.post("/plivo", data=ENTERS, headers=forged),
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert await service.calls() == []


async def test_a_webhook_that_is_sent_again_is_403(service: Service) -> None:
    headers = sign_v3("POST", str(service.http.base_url.join("/plivo")), ENTERS, DEMO_AUTH_TOKEN)
    answers = [await service.post("/plivo", data=ENTERS, headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 403]


async def test_a_webhook_in_a_query_is_taken_too(service: Service) -> None:
    url = service.http.base_url.join("/plivo").copy_merge_params(ENTERS)
    answer = await service.http.get(url, headers=sign_v3("GET", str(url), None, DEMO_AUTH_TOKEN))

    assert (answer.status_code, await service.calls()) == (200, [[ANN]])


async def test_an_unknown_member_is_404(service: Service) -> None:
    answer = await service.post(f"/agents/{CARL}/hold")

    assert answer.status_code == 404
    assert not answer.json()["may_have_happened"]
    assert CARL not in answer.text


async def test_not_possible_now_is_422(service: Service) -> None:
    answers = [await service.post(f"/agents/{ANN}/calls/{CARL}") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 422]


async def test_too_many_requests_is_429_and_says_when(service: Service) -> None:
    service.emulator.fail_next("429", action="hold", seconds=300)
    answer = await service.post(f"/agents/{ANN}/hold")

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "300")


async def test_a_lost_answer_is_504_and_dials_once(service: Service) -> None:
    service.emulator.fail_next("close_after", action="call")
    answer = await service.post(f"/agents/{ANN}/calls/{CARL}")

    assert answer.status_code == 504
    assert answer.json()["may_have_happened"]
    assert service.emulator.dialled[CARL] == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [(NotSentError("no connection"), 503), (AuthenticationError("who?", status_code=401), 502)],
)
async def test_what_the_service_cannot_reach_is_no_fault_of_its_client(
    service: Service, monkeypatch: pytest.MonkeyPatch, error: PhloError, status: int
) -> None:
    async def fail(*args: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(MultiPartyCall, "call", fail)
    answer = await service.post(f"/agents/{ANN}/calls/{CARL}")

    assert answer.status_code == status
    assert not answer.json()["may_have_happened"]
