"""HTTP requests of flows that are still being sent when something else happens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anyio
import pytest

from plivo_phlo_async.emulator import PhloEmulator

from ..flows import StillEmulator


class SlowServer:
    """A server that answers when it may."""

    def __init__(self) -> None:
        self.asked, self.may_answer = threading.Event(), threading.Event()
        slow = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                slow.asked.set()
                slow.may_answer.wait(10)
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    async def wait_until_asked(self) -> None:
        """Wait until a request has arrived."""
        await anyio.to_thread.run_sync(self.asked.wait, 10)

    def close(self) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[SlowServer]:
    running = SlowServer()
    yield running
    running.close()


def _load(still: StillEmulator, url: str) -> PhloEmulator:
    nodes: dict[str, Any] = {"component": "HTTP Request", "method": "GET", "url": url}
    return still.load("Fetch", "Text", Fetch=nodes)


async def _delivered(emulator: PhloEmulator) -> None:
    with anyio.fail_after(10):
        await emulator.delivered()


@pytest.mark.anyio
async def test_a_response_to_a_run_that_was_stopped_is_not_waited_for_forever(
    still: StillEmulator, server: SlowServer
) -> None:
    emulator = _load(still, server.url)
    run = emulator.run("test")
    await server.wait_until_asked()

    emulator.stop_run(run.run_id)
    server.may_answer.set()
    await _delivered(emulator)

    assert run.ended == "stopped by hand"
    assert [fetched.status for fetched in emulator.fetched] == [204]


@pytest.mark.anyio
async def test_a_response_after_a_reset_is_discarded(
    still: StillEmulator, server: SlowServer
) -> None:
    emulator = _load(still, server.url)
    emulator.run("test")
    await server.wait_until_asked()

    emulator.reset()
    await _delivered(emulator)

    assert emulator.runs == []
    assert emulator.fetched == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_request_is_not_lost_with_an_event_loop_that_ends_at_once(
    still: StillEmulator, server: SlowServer, backend: str
) -> None:
    emulator = _load(still, server.url)
    server.may_answer.set()

    async def start() -> None:
        emulator.run("test")

    anyio.run(start, backend=backend)
    anyio.run(_delivered, emulator, backend=backend)

    (run,) = emulator.runs
    assert run.path == ["Start", "Fetch", "Text"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_request_whose_event_loop_ends_fails_in_the_next_one(
    still: StillEmulator, server: SlowServer, backend: str
) -> None:
    emulator = _load(still, server.url)

    async def start() -> None:
        emulator.run("test")
        await server.wait_until_asked()

    anyio.run(start, backend=backend)
    anyio.run(_delivered, emulator, backend=backend)

    (run,) = emulator.runs
    assert run.states[1] == ("Fetch", "Failed")
    assert run.notes == ("Fetch: the emulator stopped",)
