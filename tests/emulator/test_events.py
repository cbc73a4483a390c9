"""The events as a browser follows them: resumed, bounded, and dropped when nobody takes them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from plivo_phlo_async.emulator import PhloEmulator, events

from .asking import DIAL, NODE, ask, say

pytestmark = pytest.mark.anyio


class Browser:
    """Follows the events of an emulator, in process."""

    def __init__(self, emulator: PhloEmulator, last: str | None = None) -> None:
        self.emulator = emulator
        self.text = ""
        self.status = 0
        self.ended = False
        self.blocked = False
        self._gone, self._news = anyio.Event(), anyio.Event()
        self._headers = [] if last is None else [(b"last-event-id", last.encode())]

    async def run(self) -> None:
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/_emulator/events",
            "headers": self._headers,
        }
        arriving = iter([{"type": "http.request", "body": b""}])

        async def receive() -> Any:
            for message in arriving:
                return message
            await self._gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if self.blocked:
                await anyio.sleep_forever()
            if message["type"] == "http.response.start":
                self.status = message["status"]
            else:
                self.text += message["body"].decode()
                self.ended = not message.get("more_body", False)
            self._news.set()

        await self.emulator(scope, receive, send)

    def leave(self) -> None:
        self._gone.set()

    @property
    def events(self) -> list[tuple[int, str, Any]]:
        found = []
        for block in self.text.split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.split("\n") if line[:1] not in ":")
            if "data" in lines:
                found.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
        return found

    async def until(self, times: int) -> None:
        with anyio.fail_after(5):
            while len(self.events) < times and not self.ended:
                await self._news.wait()
                self._news = anyio.Event()


@asynccontextmanager
async def following(emulator: PhloEmulator, last: str | None = None) -> AsyncIterator[Browser]:
    browser = Browser(emulator, last)
    async with anyio.create_task_group() as group:
        group.start_soon(browser.run)
        yield browser
        browser.leave()


async def test_it_begins_with_all_there_is_and_tells_each_step_and_request() -> None:
    emulator = PhloEmulator()
    ask(emulator, "POST", NODE, DIAL)
    async with following(emulator) as browser:
        await browser.until(1)
        say(emulator, "222", "hold")
        await browser.until(3)
    (at, kind, board), (_, state, step), (_, log, entry) = browser.events

    assert (kind, at, len(board["calls"]), state, log) == ("snapshot", 2, 1, "state", "log")
    assert [(m["address"], m["state"]) for m in step["members"]] == [("222", "on_hold")]
    assert entry["action"] == "hold"


async def test_it_is_resumed_after_the_last_event_seen() -> None:
    emulator = PhloEmulator()
    ask(emulator, "POST", NODE, DIAL)
    say(emulator, "222", "hold")
    async with following(emulator, "2") as browser:
        await browser.until(2)

    assert [(number, kind) for number, kind, _ in browser.events] == [(3, "state"), (4, "log")]


@pytest.mark.parametrize("last", ["1", "99999999", "nonsense", "\u0661".encode().decode("latin-1")])
async def test_what_cannot_be_resumed_begins_with_all_there_is(last: str) -> None:
    emulator = PhloEmulator(rate_limit=None)
    for _ in range(1100):
        ask(emulator, "GET", "/v1/x")
    async with following(emulator, last) as browser:
        await browser.until(1)

    assert [kind for _, kind, _ in browser.events] == ["snapshot"]


async def test_a_hundred_can_follow_and_one_more_is_503() -> None:
    emulator = PhloEmulator()
    async with anyio.create_task_group() as group:
        browsers = [Browser(emulator) for _ in range(100)]
        for browser in browsers:
            group.start_soon(browser.run)
        for browser in browsers:
            await browser.until(1)
        late = Browser(emulator)
        await late.run()
        group.cancel_scope.cancel()

    assert late.status == 503
    assert emulator.events.bell.listeners == 0


async def test_one_that_takes_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PATIENCE_SECONDS", 0.01)
    emulator = PhloEmulator()
    async with following(emulator) as browser:
        await browser.until(1)
        browser.blocked = True
        ask(emulator, "POST", NODE, DIAL)
        with anyio.fail_after(5):
            while emulator.events.bell.listeners:
                await anyio.lowlevel.checkpoint()


async def test_a_quiet_line_is_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.001)
    async with following(PhloEmulator()) as browser:
        with anyio.fail_after(5):
            while ": still here" not in browser.text:
                await anyio.lowlevel.checkpoint()


async def test_it_ends_properly_when_the_server_stops() -> None:
    emulator = PhloEmulator()
    async with following(emulator) as browser:
        await browser.until(1)
        emulator.closing.ring(on=True)
        with anyio.fail_after(5):
            while not browser.ended:
                await anyio.lowlevel.checkpoint()
