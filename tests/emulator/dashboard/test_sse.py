"""The events as a browser follows them: resumed, bounded, and dropped when not read."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.testing import Clock

from ..asking import DIAL, NODE, ask, say
from ..asking import Clock as ByHand
from ..flow.flows import CALLER, NUMBER, StillEmulator, document

pytestmark = pytest.mark.anyio


class Browser:
    """Follows the events of an emulator, in process."""

    def __init__(self, emulator: PhloEmulator, last: str | None = None, query: str = "") -> None:
        self.emulator = emulator
        self.text = ""
        self.status = 0
        self.ended = False
        self.blocked = self.over = False
        self._gone, self._news = anyio.Event(), anyio.Event()
        self._query = query.encode()
        self._headers = [] if last is None else [(b"last-event-id", last.encode())]

    async def run(self) -> None:
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/_emulator/events",
            "query_string": self._query,
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
        self.over = True

    def leave(self) -> None:
        self._gone.set()

    @property
    def events(self) -> list[tuple[int, str, Any]]:
        """The number, the kind and the data of each; an id is `LIFE-NUMBER`."""
        found = []
        for block in self.text.split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.split("\n") if line[:1] not in ":")
            if "data" in lines:
                number = int(lines["id"].rpartition("-")[2])
                found.append((number, lines["event"], json.loads(lines["data"])))
        return found

    @property
    def kinds(self) -> list[tuple[int, str]]:
        return [(number, kind) for number, kind, _ in self.events]

    async def until(self, times: int) -> None:
        with anyio.fail_after(60):
            while len(self.events) < times and not self.ended:
                await self._news.wait()
                self._news = anyio.Event()


async def until(seen: Callable[[], bool], clock: Clock | None = None) -> None:
    """Wait until it is seen; the clock, if given, goes on meanwhile."""
    with anyio.fail_after(60):
        while not seen():
            if clock is not None:
                clock.advance(0.1)
            await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def following(
    emulator: PhloEmulator, last: str | None = None, query: str = ""
) -> AsyncIterator[Browser]:
    browser = Browser(emulator, last, query)
    async with anyio.create_task_group() as group:
        group.start_soon(browser.run)
        yield browser
        browser.leave()


def last_event(emulator: PhloEmulator) -> str:
    return str(emulator.dashboard()["event"])


async def test_it_begins_with_all_there_is_and_sends_each_step_and_request() -> None:
    emulator = PhloEmulator()
    ask(emulator, "POST", NODE, DIAL)
    async with following(emulator) as browser:
        await browser.until(1)
        say(emulator, "222", "hold")
        await browser.until(3)
    (at, kind, dashboard), (_, state, step), (_, log, entry) = browser.events

    assert (kind, at, len(dashboard["calls"]), state, log) == ("snapshot", 2, 1, "state", "log")
    assert [(m["address"], m["state"]) for m in step["members"]] == [("222", "on_hold")]
    assert entry["action"] == "hold"


async def test_every_event_of_a_call_has_its_id() -> None:
    emulator = PhloEmulator(callback="http://127.0.0.1:9/events")
    async with following(emulator) as browser:
        await browser.until(1)
        ask(emulator, "POST", NODE, DIAL)
        await browser.until(5)
    _, *events = browser.events

    assert sorted(kind for _, kind, _ in events) == ["delivery", "delivery", "log", "state"]
    assert {data["call_id"] for _, _, data in events} == {*emulator.calls}


async def test_a_step_of_a_run_is_sent_with_the_states_that_are_new() -> None:
    emulator = StillEmulator().load("Menu", "Ask", Menu={"next": {"1": "Ask"}})
    async with following(emulator) as browser:
        await browser.until(1)
        emulator.phone(CALLER).calls(NUMBER)
        emulator.phone(CALLER).presses("1")
        await browser.until(4)
    steps = [data for _, kind, data in browser.events if kind == "run"]

    reached = [state for step in steps for state in step["reached"]]
    assert reached == [["Start", "Incoming Call"], ["Menu", "1"]]
    assert [one["node"] for one in steps[-1]["waiting"]] == ["Ask"]


async def test_a_flow_that_is_loaded_is_sent_with_all_there_is() -> None:
    emulator = PhloEmulator()
    async with following(emulator) as browser:
        await browser.until(1)
        emulator.load_flow(document("Menu"))
        await browser.until(2)
    *_, (_, kind, dashboard) = browser.events

    assert (kind, [flow["phlo_id"] for flow in dashboard["flows"]]) == ("snapshot", ["test"])


async def test_a_step_is_sent_as_it_was_however_late_it_is_heard() -> None:
    clock = ByHand()
    emulator = PhloEmulator(clock=clock, wall=clock)
    seen = last_event(emulator)
    ask(emulator, "POST", NODE, DIAL)
    say(emulator, "222", "hold")
    clock.now += 5
    say(emulator, "222", "unhold")
    async with following(emulator, seen) as browser:
        await browser.until(6)
    steps = [data for _, kind, data in browser.events if kind == "state"]

    assert [(step["members"][-1]["state"], step["members"][-1]["since"]) for step in steps] == [
        ("in_call", 100.0),
        ("on_hold", 100.0),
        ("in_call", 105.0),
    ]
    assert [step["dialled"] for step in steps] == [{"222": 1}, None, None]


async def test_an_event_is_written_once_for_all_who_follow() -> None:
    written: list[dict[str, object]] = []

    def data() -> dict[str, object]:
        written.append({})
        return written[-1]

    emulator = PhloEmulator()
    seen = last_event(emulator)
    emulator.events.publish("news", data)
    async with following(emulator, seen) as one, following(emulator, seen) as other:
        await one.until(1)
        await other.until(1)

    assert len(written) == 1
    assert one.kinds == other.kinds == [(1, "news")]


async def test_it_is_resumed_after_the_last_event_seen() -> None:
    emulator = PhloEmulator()
    ask(emulator, "POST", NODE, DIAL)
    seen = last_event(emulator)
    say(emulator, "222", "hold")
    async with following(emulator, seen) as browser:
        await browser.until(2)

    assert browser.kinds == [(3, "state"), (4, "log")]


async def test_the_last_event_can_be_named_in_the_query_where_no_header_names_one() -> None:
    emulator = PhloEmulator()
    ask(emulator, "POST", NODE, DIAL)
    query = f"last_event_id={last_event(emulator)}"
    say(emulator, "222", "hold")
    async with following(emulator, query=query) as browser:
        await browser.until(2)

    assert browser.kinds == [(3, "state"), (4, "log")]


async def test_an_event_of_another_life_is_none_of_this_one_whatever_its_number() -> None:
    before, after = PhloEmulator(), PhloEmulator()
    for emulator in (before, after):
        ask(emulator, "POST", NODE, DIAL)
        say(emulator, "222", "hold")
    after.hang_up("222")
    async with following(after, last_event(before)) as browser:
        await browser.until(1)
    (_, _, dashboard) = browser.events[0]

    assert (browser.kinds, dashboard["calls"][0]["members"][1]["state"]) == (
        [(6, "snapshot")],
        "left",
    )


async def test_a_restart_from_kept_calls_is_another_life() -> None:
    before = PhloEmulator()
    ask(before, "POST", NODE, DIAL)
    after = PhloEmulator()
    after.restore(before.snapshot())
    after.hang_up("222")
    async with following(after, last_event(before)) as browser:
        await browser.until(1)

    assert [kind for _, kind in browser.kinds] == ["snapshot"]


async def test_what_is_not_known_any_more_begins_with_all_there_is() -> None:
    emulator = PhloEmulator(rate_limit=None)
    early = last_event(emulator)
    for _ in range(1001):
        ask(emulator, "GET", "/v1/x")
    async with following(emulator, early) as browser:
        await browser.until(1)

    assert browser.kinds == [(1001, "snapshot")]


@pytest.mark.parametrize(
    "number", ["99999999", "9" * 5000, "-1", "", "nonsense", "\u0661".encode().decode("latin-1")]
)
async def test_what_never_was_begins_with_all_there_is(number: str) -> None:
    emulator = PhloEmulator()
    life = last_event(emulator).partition("-")[0]
    async with following(emulator, f"{life}-{number}") as browser:
        await browser.until(1)

    assert browser.kinds == [(0, "snapshot")]


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
    assert emulator.events.notifier.subscribers == 0


@pytest.mark.parametrize("quiet", [False, True])
async def test_one_that_takes_nothing_is_dropped(quiet: bool) -> None:
    clock = Clock(runs=False)
    emulator = PhloEmulator(clock=clock, wall=clock.wall, sleep=clock.sleep)
    async with following(emulator) as browser:
        await browser.until(1)
        browser.blocked = True
        if not quiet:
            ask(emulator, "POST", NODE, DIAL)
        await until(lambda: browser.over, clock)

    assert (len(browser.events), browser.ended) == (1, False)
    assert clock() >= 10.5 + 15 * quiet


async def test_a_quiet_line_is_kept_alive_every_15_seconds_and_goes_on() -> None:
    clock = Clock(runs=False)
    emulator = PhloEmulator(clock=clock, wall=clock.wall, sleep=clock.sleep)
    async with following(emulator) as browser:
        await browser.until(1)
        await until(lambda: browser.text.count(": heartbeat") == 2, clock)
        took = clock()
        ask(emulator, "POST", NODE, DIAL)
        await browser.until(3)

    assert browser.kinds == [(0, "snapshot"), (1, "state"), (2, "log")]
    assert 30 <= took < 45


async def test_it_ends_properly_when_the_server_stops() -> None:
    emulator = PhloEmulator()
    async with following(emulator) as browser:
        await browser.until(1)
        emulator.closing.notify(latched=True)
        await until(lambda: browser.ended)

    assert browser.ended


async def test_one_that_comes_while_the_server_stops_gets_what_there_is_and_is_let_go() -> None:
    emulator = PhloEmulator()
    emulator.closing.notify(latched=True)
    async with following(emulator) as browser:
        await until(lambda: browser.over)

    assert browser.ended


async def test_what_follows_the_events_cannot_be_posted_to() -> None:
    answer = ask(PhloEmulator(), "POST", "/_emulator/events")

    assert (answer.status, answer.headers["allow"]) == (405, "GET")
