"""Under a server phones act, events arrive and callbacks go out without a request."""

import json
import select
import socket
import threading
import urllib.request
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from plivo_phlo_async.emulator import EmulatedNode, EmulatedPhlo, PhloEmulator, WebhookRequest
from plivo_phlo_async.emulator.server import EmulatorServer
from plivo_phlo_async.testing import Clock

from .asking import DIAL, NODE, ask, basic


def dial(server: EmulatorServer) -> None:
    url = server.base_url.removesuffix("/v1") + NODE
    headers = {"Authorization": basic().decode()}
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(DIAL).encode(), headers)).read()


class Subscriber:
    """Follows a server's events with a bare socket."""

    def __init__(self, server: EmulatorServer, buffer: int | None = None) -> None:
        self._wire = socket.socket()
        self._wire.settimeout(60)
        if buffer is not None:
            self._wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self._wire.connect((server.host, server.port))
        self._wire.sendall(b"GET /_emulator/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        self._text = b""

    def until(self, seen: Callable[[bytes], bool]) -> None:
        """Read until it is seen."""
        while not seen(self._text):
            piece = self._wire.recv(65536)
            assert piece, "the stream ended"
            self._text += piece

    def was_cut_off(self) -> bool:
        """Whether the connection is broken; looks at it for a moment, and reads nothing."""
        poll = select.poll()
        poll.register(self._wire, 0)
        return bool(poll.poll(1))

    def rest(self) -> bytes:
        with self._wire:
            while piece := self._wire.recv(65536):
                self._text += piece
        return self._text


def test_a_phone_answers_by_itself_and_those_who_follow_see_it_at_once() -> None:
    clock = Clock(runs=False)
    emulator = PhloEmulator(clock=clock, wall=clock.wall, sleep=clock.sleep)
    emulator.set_phone("222", "answer", after=3600)
    with EmulatorServer(emulator) as server:
        follower = Subscriber(server)
        follower.until(lambda text: b"event: snapshot" in text)
        dial(server)
        follower.until(lambda text: b'"state": "ringing"' in text and b"event: log" in text)
        clock.advance(3600)
        follower.until(lambda text: b'"action": "answer"' in text)

    assert follower.rest().endswith(b"0\r\n\r\n")


def test_a_server_that_stops_ends_the_events_at_once_and_says_nothing_of_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with EmulatorServer() as server:
        follower = Subscriber(server)
        follower.until(lambda text: b"event: snapshot" in text)
    follower.rest()

    assert capfd.readouterr().err == ""  # else uvicorn says for whom it waited in vain


@pytest.mark.anyio
async def test_callbacks_go_out_beside_the_requests_and_can_be_awaited() -> None:
    letters: list[Any] = []

    async def deliver(request: WebhookRequest) -> int:
        letters.append(request)
        if len(letters) == 1:
            raise ValueError("whatever a receiver may cause")
        return 200

    emulator = PhloEmulator(callback="http://127.0.0.1:9/e", deliver=deliver)
    with EmulatorServer(emulator) as server:
        await anyio.to_thread.run_sync(dial, server)
        with anyio.fail_after(60):
            await emulator.delivered()

    assert [(d.outcome, d.attempts) for d in emulator.deliveries] == [
        ("delivered", 2),
        ("delivered", 1),
    ]


def test_one_that_follows_and_takes_nothing_is_cut_off() -> None:
    clock = Clock(runs=False)
    emulator = PhloEmulator(clock=clock, wall=clock.wall, sleep=clock.sleep, rate_limit=None)
    with EmulatorServer(emulator) as server:
        follower = Subscriber(server, buffer=4096)
        follower.until(lambda text: b"event: snapshot" in text)
        # In the end more than all the buffers on the way can hold, also where the follower falls so
        # far behind that it is sent a snapshot instead.
        while not follower.was_cut_off():
            ask(emulator, "POST", NODE, raw=b"x" * 60_000)
            clock.advance(0.1)

    with pytest.raises(ConnectionResetError):
        follower.rest()


@pytest.mark.anyio
async def test_under_a_server_it_is_the_server_that_sends() -> None:
    began, go_on = threading.Event(), threading.Event()
    senders: list[str] = []

    async def deliver(_: WebhookRequest) -> int:
        began.set()
        go_on.wait(10)
        senders.append(threading.current_thread().name)
        return 200

    nodes = (EmulatedNode("a"), EmulatedNode("b"))
    emulator = PhloEmulator(
        phlos=[EmulatedPhlo("p", nodes=nodes)], callback="http://127.0.0.1:9/e", deliver=deliver
    )
    with EmulatorServer(emulator):
        emulator.join("p", "a", "5")
        await anyio.to_thread.run_sync(began.wait)
        emulator.join("p", "b", "5")
        subscribers = emulator.changed.subscribers
        async with anyio.create_task_group() as group:
            group.start_soon(emulator.delivered)
            while emulator.changed.subscribers == subscribers:
                await anyio.lowlevel.checkpoint()
            go_on.set()

    assert senders == ["plivo-phlo-emulator"] * 2
