"""Under a server phones act, events arrive and callbacks go out with nobody asking."""

import json
import socket
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import anyio
import anyio.to_thread
import pytest

from plivo_phlo_async.emulator import Letter, PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer
from plivo_phlo_async.testing import Clock

from .asking import DIAL, NODE, basic


def dial(server: EmulatorServer) -> None:
    url = server.base_url.removesuffix("/v1") + NODE
    headers = {"Authorization": basic().decode()}
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(DIAL).encode(), headers)).read()


class Follower:
    """Follows a server's events with a bare socket."""

    def __init__(self, server: EmulatorServer) -> None:
        self._wire = socket.create_connection((server.host, server.port), timeout=10)
        self._wire.sendall(b"GET /_emulator/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        self._text = b""

    def until(self, seen: Callable[[bytes], bool]) -> float:
        """Read until it is seen; how long that took."""
        began = time.perf_counter()
        while not seen(self._text):
            piece = self._wire.recv(65536)
            assert piece, "the stream ended"
            self._text += piece
        return time.perf_counter() - began

    def rest(self) -> bytes:
        while piece := self._wire.recv(65536):
            self._text += piece
        self._wire.close()
        return self._text


def test_a_phone_answers_by_itself_and_those_who_follow_see_it_at_once() -> None:
    clock = Clock(runs=False)
    emulator = PhloEmulator(clock=clock, wall=clock.wall, sleep=clock.sleep)
    emulator.set_phone("222", "answer", after=3600)
    with EmulatorServer(emulator) as server:
        follower = Follower(server)
        follower.until(lambda text: b"event: snapshot" in text)
        dial(server)
        follower.until(lambda text: b'"state": "ringing"' in text and b"event: log" in text)
        clock.advance(3600)
        took = follower.until(lambda text: b'"action": "answer"' in text)

    assert took < 0.2
    assert follower.rest().endswith(b"0\r\n\r\n")


def test_a_server_that_stops_ends_the_events_at_once_and_says_nothing_of_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with EmulatorServer() as server:
        follower = Follower(server)
        follower.until(lambda text: b"event: snapshot" in text)
        began = time.perf_counter()
    took = time.perf_counter() - began
    follower.rest()

    assert (took < 0.9, capfd.readouterr().err) == (True, "")


@pytest.mark.anyio
async def test_callbacks_go_out_beside_the_requests_and_can_be_awaited() -> None:
    letters: list[Any] = []

    async def deliver(letter: Letter) -> int:
        letters.append(letter)
        if len(letters) == 1:
            raise ValueError("whatever a receiver may cause")
        return 200

    emulator = PhloEmulator(callback="http://127.0.0.1:9/e", deliver=deliver)
    with EmulatorServer(emulator) as server:
        await anyio.to_thread.run_sync(dial, server)
        with anyio.fail_after(10):
            await emulator.delivered()

    assert [(d.outcome, d.attempts) for d in emulator.deliveries] == [
        ("delivered", 2),
        ("delivered", 1),
    ]
