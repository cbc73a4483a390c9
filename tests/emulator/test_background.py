"""In process, phones act and webhooks go out by themselves; an application needs no socket."""

from __future__ import annotations

import logging
from typing import Any

import anyio
import pytest
from fastapi import Depends, FastAPI

from plivo_phlo_async.emulator import (
    DEMO_AUTH_TOKEN,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    Callback,
    PhloEmulator,
)
from plivo_phlo_async.emulator.webhooks.http_client import WebhookRequest
from plivo_phlo_async.testing import Clock, emulated_client
from plivo_phlo_async.webhooks import MultiPartyCallEvent
from plivo_phlo_async.webhooks.fastapi import verified

pytestmark = pytest.mark.anyio


class Events:
    """Receives the events, and lets a test wait for one."""

    def __init__(self) -> None:
        self._send, self._receive = anyio.create_memory_object_stream[str](100)

    async def deliver(self, request: WebhookRequest) -> int:
        self._send.send_nowait(request.body.decode())
        return 200

    async def next(self) -> str:
        with anyio.fail_after(60):
            return await self._receive.receive()

    def close(self) -> None:
        self._send.close()
        self._receive.close()


@pytest.fixture
async def events() -> Any:
    events = Events()
    yield events
    events.close()


async def test_an_event_arrives_without_being_asked_for(events: Events) -> None:
    emulator = PhloEmulator(callback="http://127.0.0.1:9/", deliver=events.deliver)
    async with emulated_client(emulator) as client:
        mpc = client.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)
        await mpc.call("111", "222")

    assert "event=ConferenceEnter" in await events.next()


async def test_a_phone_acts_in_its_time_without_being_asked(events: Events) -> None:
    clock = Clock(runs=False)
    emulator = PhloEmulator(
        callback="http://127.0.0.1:9/",
        deliver=events.deliver,
        clock=clock,
        sleep=clock.sleep,
    )
    emulator.set_phone("222", "answer", after=5)
    async with emulated_client(emulator) as client:
        await client.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID).call("111", "222")
        assert "from=111" in await events.next()
        await clock.someone_sleeps()
        clock.advance(5)

    assert "to=222" in await events.next()


async def test_a_handler_that_waits_for_the_next_event_gets_it(events: Events) -> None:
    answered = anyio.Event()

    async def deliver(request: WebhookRequest) -> int:
        await events.deliver(request)
        if b"from=111" in request.body:
            await answered.wait()
        else:
            answered.set()
        return 200

    emulator = PhloEmulator(callback="http://127.0.0.1:9/", deliver=deliver)
    for number in ("111", "333"):
        emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, number, new_call=True)
    with anyio.fail_after(60):
        await emulator.delivered()

    assert answered.is_set()


def application(received: list[str]) -> FastAPI:
    app = FastAPI()
    depends = Depends(verified(MultiPartyCallEvent, DEMO_AUTH_TOKEN))

    @app.post("/plivo/events")
    async def events(event: MultiPartyCallEvent = depends) -> None:
        received.append(type(event).__name__)

    @app.post("/broken")
    async def broken() -> None:
        raise ZeroDivisionError

    return app


async def test_an_application_receives_signed_events_without_a_socket() -> None:
    received: list[str] = []
    callback = Callback("http://service.example/plivo/events", app=application(received))
    emulator = PhloEmulator(callback=callback)
    emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, "5")
    await emulator.delivered()

    assert received == ["MultiPartyCallEvent"]
    assert [delivery.status for delivery in emulator.deliveries] == [200]


async def test_an_application_that_fails_is_a_500_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR)
    emulator = PhloEmulator(callback=Callback("http://app/broken", app=application([])))
    emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, "5")
    await emulator.delivered()
    (delivery,) = emulator.deliveries

    assert (delivery.outcome, delivery.status) == ("refused", 500)
    assert "ZeroDivisionError" in caplog.text


async def test_an_application_alone_gets_its_events_at_the_root() -> None:
    paths: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        paths.append(scope["path"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    emulator = PhloEmulator(callback=app)
    emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, "5")
    await emulator.delivered()

    assert paths == ["/"]
    assert emulator.callbacks()["callback"] == {
        "url": "http://app/",
        "method": "POST",
        "format": "form",
        "version": "V3",
        "port_in_signature": True,
    }
