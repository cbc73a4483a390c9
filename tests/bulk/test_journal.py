"""A bulk run with a journal: it goes on where it was, and never asks twice."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import respx

from plivo_phlo_async import (
    Action,
    AsyncPhloClient,
    BaseJournal,
    BulkOutcome,
    BulkRun,
    BulkStatus,
    InvalidArgumentError,
    JournalEntry,
    JournalError,
    MemoryJournal,
    OutcomeUnknownError,
    PriorState,
    SqliteJournal,
)

from ..conftest import BASE_URL

pytestmark = pytest.mark.anyio


def _calls(count: int) -> list[Action]:
    return [Action.call("p", "n", "100", f"{number:03}") for number in range(count)]


class Server:
    """Dials, and remembers whom: 7 at the end is rejected, 8 lost after dialling."""

    def __init__(self) -> None:
        self.dialled: list[str] = []
        self.hangs = False

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        to = request.read().decode().split('"to":"')[1][:3]
        self.dialled.append(to)
        if self.hangs:
            await anyio.sleep_forever()
        if to.endswith("7"):
            return httpx.Response(400, json={"error": "no"})
        if to.endswith("8"):
            raise httpx.ReadError("reset")
        return httpx.Response(201, json={"api_id": "a", "error": ""})


@pytest.fixture
def server() -> Iterator[Server]:
    with respx.mock as mock:
        server = Server()
        mock.route(url__startswith=BASE_URL).mock(side_effect=server)
        yield server


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


async def _outcomes(
    client: AsyncPhloClient, actions: Any, **options: Any
) -> dict[str | None, BulkOutcome]:
    async with client.bulk(actions, **options) as run:
        return {outcome.action.to: outcome async for outcome in run}


@pytest.mark.parametrize(
    ("action", "content"),
    [
        (Action.call("p", "n", "1", "2"), "d1a79e3c0f7b7162"),
        (Action.hold("p", "n", "1"), "18e568dfde8ddd6b"),
        (Action.mute("p", "n", "1"), "5874069178f41a09"),
        (Action.unmute("p", "n", "1"), "1fec6cef710c54c1"),
        (Action.hangup("p", "n", "1"), "4190c2638fe4b887"),
        (Action.hangup("p", "n", "1", node_type="multi_party_call"), "4190c2638fe4b887"),
        (Action.get_node("p", "multi_party_call", "n"), "6de90e6b2279a75c"),
    ],
    ids=str,
)
def test_a_journal_of_an_earlier_version_knows_the_same_actions(
    action: Action, content: str
) -> None:
    assert JournalEntry.of(action, 1).content == content


async def test_the_same_verb_at_a_conference_bridge_is_another_action(
    client: AsyncPhloClient, path: Path
) -> None:
    at_a_bridge = [Action.mute("p", "n", "1", node_type="conference_bridge")]
    with respx.mock as mock:
        route = mock.route(url__startswith=BASE_URL)
        route.mock(return_value=httpx.Response(201, json={"api_id": "a"}))
        async with client:
            await client.bulk_all(at_a_bridge, journal=path)
            again = await client.bulk_all(at_a_bridge, journal=path)
            with pytest.raises(JournalError):
                await client.bulk_all([Action.mute("p", "n", "1")], journal=path)

    assert again.skipped == 1
    assert [call.request.url.path for call in route.calls] == [
        "/v1/phlo/p/conference_bridge/n/members/1"
    ]


async def test_what_is_finished_is_not_done_again(
    client: AsyncPhloClient, server: Server, path: Path
) -> None:
    async with client:
        first = await client.bulk_all(_calls(20), journal=path)
        second = await client.bulk_all(_calls(20), journal=path)

    assert (first.done, first.failed, first.unknown, first.skipped) == (16, 2, 2, 0)
    assert (second.done, second.failed, second.unknown, second.skipped) == (0, 0, 2, 18)
    assert len(server.dialled) == 20


async def test_a_longer_list_goes_on_after_the_shorter(
    client: AsyncPhloClient, server: Server, path: Path
) -> None:
    async with client:
        await client.bulk_all(_calls(5), journal=path)
        report = await client.bulk_all(_calls(7), journal=path)

    assert (report.done, report.skipped, len(server.dialled)) == (2, 5, 7)


async def test_what_is_in_doubt_is_reported_with_a_reason_and_not_sent(
    client: AsyncPhloClient, server: Server, path: Path
) -> None:
    actions = _calls(3)
    async with client:
        async with SqliteJournal(path) as journal:
            await journal.begin(JournalEntry.of(actions[0], 1))
        outcomes = await _outcomes(client, actions, journal=path)

    assert sorted(server.dialled) == ["001", "002"]
    assert outcomes["000"].status == "unknown"
    assert isinstance(outcomes["000"].error, OutcomeUnknownError)
    assert outcomes["000"].error.may_have_happened


async def test_what_failed_is_done_again_when_asked(
    client: AsyncPhloClient, server: Server, path: Path
) -> None:
    async with client:
        await client.bulk_all(_calls(20), journal=path)
        await client.bulk_all(_calls(20), journal=path, redo={"failed"})

    assert sorted(server.dialled[20:]) == ["007", "017"]


async def test_what_is_unknown_is_done_again_for_that_action_alone(
    client: AsyncPhloClient, server: Server, path: Path
) -> None:
    async with client:
        await client.bulk_all(_calls(20), journal=path)
        await client.bulk_all(
            _calls(20), journal=path, redo=lambda action: {"unknown"} if action.to == "018" else ()
        )

    assert server.dialled[20:] == ["018"]


@pytest.mark.parametrize("redo", [{"done"}, "failed", {"unknown", "not_started"}])
async def test_nothing_else_can_be_done_again(
    client: AsyncPhloClient, redo: Any, path: Path
) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^redo: give a set"):
        client.bulk([], journal=path, redo=redo)


def test_doing_again_needs_a_journal(client: AsyncPhloClient) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^redo: it needs the journal"):
        client.bulk([], redo={"failed"})


def test_a_journal_has_begin_and_finish(client: AsyncPhloClient) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^journal: give a path"):
        client.bulk([], journal=5)  # type: ignore[arg-type]  # the point


async def test_another_list_is_refused_before_anything_is_sent(
    client: AsyncPhloClient, server: Server, path: Path
) -> None:
    async with client:
        await client.bulk_all(_calls(3), journal=path)
        others = [Action.hold("p", "n", f"{number:03}") for number in range(50)]
        with pytest.raises(JournalError, match="belongs to another list"):
            await client.bulk_all(others, journal=path, concurrency=20)

    assert len(server.dialled) == 3


async def test_keyed_actions_may_come_in_another_order_after_the_first(
    client: AsyncPhloClient, server: Server, path: Path
) -> None:
    keyed = [Action.call("p", "n", "100", f"{n:03}", key=f"k{n}") for n in range(5)]
    async with client:
        await client.bulk_all(keyed, journal=path)
        report = await client.bulk_all([keyed[0], *reversed(keyed[1:])], journal=path)

    assert (report.skipped, len(server.dialled)) == (5, 5)


async def test_a_key_used_twice_is_dialled_once(
    client: AsyncPhloClient, server: Server, path: Path
) -> None:
    twice = [Action.call("p", "n", "100", "001", key="k") for _ in range(2)]
    async with client:
        await client.bulk_all(twice, journal=path)

    assert server.dialled == ["001"]


async def test_a_key_of_two_different_actions_ends_the_run(
    client: AsyncPhloClient, server: Server, path: Path
) -> None:
    twice = [Action.call("p", "n", "100", to, key="k") for to in ("001", "002")]
    async with client:
        with pytest.raises(JournalError, match="key 'k' is given to two different actions"):
            await client.bulk_all(twice, journal=path)

    assert server.dialled in (["001"], [])


async def test_a_journal_in_use_is_refused_before_anything_is_sent(
    client: AsyncPhloClient, server: Server, path: Path
) -> None:
    async with client, SqliteJournal(path) as journal:
        await journal.start()
        with pytest.raises(JournalError, match="another run is using"):
            await client.bulk_all(_calls(3), journal=path)

    assert server.dialled == []


async def test_a_journal_of_the_callers_stays_open_for_another_run(
    client: AsyncPhloClient, server: Server, path: Path
) -> None:
    async with client, SqliteJournal(path) as journal:
        await client.bulk_all(_calls(3), journal=journal)
        report = await client.bulk_all(_calls(3), journal=journal)

        assert await journal.counts() == {"done": 3, "failed": 0, "unknown": 0}
    assert report.skipped == 3


async def test_a_journal_needs_no_more_than_begin_and_finish(
    client: AsyncPhloClient, server: Server
) -> None:
    class Mine(BaseJournal):
        def __init__(self) -> None:
            self.calls: list[str] = []

        async def begin(self, entry: JournalEntry, redo: Collection[BulkStatus] = ()) -> PriorState:
            self.calls.append("begin")
            return PriorState.FRESH

        async def finish(self, entry: JournalEntry, outcome: BulkOutcome) -> None:
            self.calls.append(outcome.status)

    mine = Mine()
    async with client:
        await client.bulk_all(_calls(2), journal=mine, concurrency=1)

    assert mine.calls == ["begin", "done", "begin", "done"]


class Breaking(MemoryJournal):
    """Breaks at the given step, after so many of them."""

    def __init__(self, step: str, after: int) -> None:
        super().__init__()
        self.step, self.left = step, after

    def _count(self, step: str) -> None:
        self.left -= step == self.step
        if self.left < 0:
            raise OSError("disk full")

    async def begin(self, entry: JournalEntry, redo: Any = ()) -> PriorState:
        self._count("begin")
        return await super().begin(entry, redo)

    async def finish(self, entry: JournalEntry, outcome: BulkOutcome) -> None:
        self._count("finish")
        await super().finish(entry, outcome)


async def test_what_cannot_be_begun_is_not_sent_and_the_run_ends(
    client: AsyncPhloClient, server: Server
) -> None:
    async with client:
        with pytest.raises(OSError, match="disk full"):
            await client.bulk_all(_calls(50), journal=Breaking("begin", 5), concurrency=3)

    assert len(server.dialled) == 5


async def test_when_an_end_cannot_be_written_the_run_ends_and_the_outcomes_still_come(
    client: AsyncPhloClient, server: Server
) -> None:
    outcomes: list[BulkOutcome] = []
    async with client:
        with pytest.raises(OSError, match="disk full"):
            async with client.bulk(_calls(50), journal=Breaking("finish", 5), concurrency=3) as run:
                async for outcome in run:
                    outcomes.append(outcome)

    ended = [one for one in outcomes if one.status is not BulkStatus.NOT_STARTED]
    assert len(ended) == len(server.dialled) <= 9


async def test_cancelled_in_flight_it_is_in_doubt_the_next_time(
    client: AsyncPhloClient, server: Server, path: Path
) -> None:
    server.hangs = True
    async with client:
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: client.bulk_all(_calls(50), journal=path, concurrency=3))
            while len(server.dialled) < 3:
                await anyio.sleep(0.001)
            group.cancel_scope.cancel()
        server.hangs = False
        report = await client.bulk_all(_calls(50), journal=path)

    assert (report.unknown, report.skipped) == (3 + 5, 0)
    assert len(server.dialled) == len(set(server.dialled)) == 50


async def test_cancelled_while_it_waits_for_its_turn_it_is_done_the_next_time(
    server: Server, path: Path
) -> None:
    class Closed:
        async def acquire(self) -> None:
            await anyio.sleep_forever()

        def pause(self, seconds: float) -> None: ...

    async with AsyncPhloClient("MA" + "X" * 18, "t", base_url=BASE_URL, rate_limit=None) as client:
        with anyio.move_on_after(0.1):
            await client.with_options(rate_limit=Closed()).bulk_all(_calls(5), journal=path)
        report = await client.bulk_all(_calls(5), journal=path)

    assert (report.done, report.unknown) == (5, 0)


async def test_stopped_it_starts_nothing_more_and_goes_on_the_next_time(
    client: AsyncPhloClient, server: Server, path: Path
) -> None:
    async with client:
        async with client.bulk(_calls(50), journal=path, concurrency=3) as run:
            async for _ in run:
                run.stop()
        when_stopped = len(server.dialled)
        rest = await client.bulk_all(_calls(50), journal=path)

    assert when_stopped <= 6
    assert run.report.total - run.report.not_started == when_stopped
    assert len(server.dialled) == len(set(server.dialled)) == 50
    assert rest.not_started == 0


def _endings(path: Path, folder: Path) -> list[str]:
    """What a crash at this instant would leave."""
    folder.mkdir(exist_ok=True)
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copy(file, folder)
    with closing(sqlite3.connect(folder / path.name)) as db:
        return [status for (status,) in db.execute("SELECT status FROM actions")]


async def test_what_has_ended_is_written_if_the_outcomes_are_not_read(
    client: AsyncPhloClient, server: Server, path: Path, tmp_path: Path
) -> None:
    async with client, client.bulk(_calls(7), journal=path, concurrency=2):
        with anyio.fail_after(60):
            while _endings(path, tmp_path / "copy") != ["done"] * 4:  # two read ahead, two waiting
                await anyio.sleep(0.005)

    assert len(server.dialled) == 4


async def test_when_a_run_has_ended_all_of_it_is_written(
    client: AsyncPhloClient, server: Server, path: Path, tmp_path: Path
) -> None:
    async with client, SqliteJournal(path) as journal:
        await client.bulk_all(_calls(5), journal=journal)

        assert _endings(path, tmp_path / "copy") == ["done"] * 5


# Begun means on the wire


class Watching(MemoryJournal):
    """Lists the actions that have begun and not ended."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: set[str] = set()

    async def begin(self, entry: JournalEntry, redo: Any = ()) -> PriorState:
        self.begun.add(entry.name)
        return await super().begin(entry, redo)

    async def finish(self, entry: JournalEntry, outcome: BulkOutcome) -> None:
        self.begun.discard(entry.name)
        await super().finish(entry, outcome)


class Gate:
    """A limiter that lets nothing pass until it is opened."""

    def __init__(self) -> None:
        self.waiting = 0
        self.opened = anyio.Event()

    async def acquire(self) -> None:
        self.waiting += 1
        await self.opened.wait()

    def pause(self, seconds: float) -> None: ...


async def test_what_waits_for_the_rate_limit_has_not_begun(server: Server) -> None:
    journal, gate = Watching(), Gate()
    async with (
        AsyncPhloClient("MA" + "X" * 18, "t", base_url=BASE_URL, rate_limit=gate) as client,
        client.bulk(_calls(5), journal=journal, concurrency=5),
    ):
        with anyio.fail_after(60):
            while gate.waiting < 5:
                await anyio.lowlevel.checkpoint()
        begun = set(journal.begun)
        gate.opened.set()

    assert begun == set()


async def test_what_waits_for_a_connection_has_not_begun(server: Server) -> None:
    journal = Watching()
    server.hangs = True
    async with (
        AsyncPhloClient(
            "MA" + "X" * 18, "t", base_url=BASE_URL, rate_limit=None, max_connections=2
        ) as client,
        anyio.create_task_group() as group,
    ):
        group.start_soon(lambda: client.bulk_all(_calls(9), journal=journal, concurrency=9))
        with anyio.fail_after(60):
            while len(server.dialled) < 2:
                await anyio.lowlevel.checkpoint()
        begun = set(journal.begun)
        group.cancel_scope.cancel()

    assert begun == {"number 1", "number 2"}


async def test_what_waits_after_a_refusal_has_not_begun(client: AsyncPhloClient) -> None:
    journal = Watching()
    begun: list[set[str]] = []

    class Pausing:
        async def acquire(self) -> None:
            begun.append(set(journal.begun))

        def pause(self, seconds: float) -> None: ...

    with respx.mock as mock:
        mock.route(url__startswith=BASE_URL).mock(
            side_effect=[httpx.Response(429), httpx.Response(201, json={"api_id": "a"})]
        )
        async with client.with_options(rate_limit=Pausing()) as limited:
            report = await limited.bulk_all(_calls(1), journal=journal)

    assert report.done == 1
    assert begun == [set(), set()]


async def test_an_outcome_has_its_times(client: AsyncPhloClient, server: Server) -> None:
    before = datetime.now(UTC)
    async with client:
        outcomes = await _outcomes(client, _calls(3))
    for outcome in outcomes.values():
        assert outcome.begun is not None
        assert outcome.ended is not None
        assert before <= outcome.begun <= outcome.ended <= datetime.now(UTC)


async def test_an_unknown_action_is_reported_with_the_time_it_began(
    client: AsyncPhloClient, server: Server, path: Path
) -> None:
    async with client:
        await client.bulk_all(_calls(9), journal=path)
        outcomes = await _outcomes(client, _calls(9), journal=path)

    assert outcomes["008"].begun is not None
    assert outcomes["008"].ended is not None
    assert outcomes["008"].number == 9


async def test_what_ends_is_written_while_the_next_waits_for_the_limit(
    server: Server, path: Path, tmp_path: Path
) -> None:
    class Twice(Gate):
        async def acquire(self) -> None:
            if self.waiting >= 2:
                await self.opened.wait()
            self.waiting += 1

    gate = Twice()
    async with (
        AsyncPhloClient("MA" + "X" * 18, "t", base_url=BASE_URL, rate_limit=gate) as client,
        client.bulk(_calls(5), journal=path, concurrency=1) as run,
    ):
        with anyio.fail_after(60):
            while _endings(path, tmp_path / "copy") != ["done"] * 2:
                await anyio.sleep(0.005)
        run.stop()


class _StopsTheRun(MemoryJournal):
    """A journal that does not end early, and during whose `begin` the run is stopped."""

    run: BulkRun

    async def begin(self, entry: JournalEntry, redo: Collection[BulkStatus] = ()) -> PriorState:
        with anyio.CancelScope(shield=True):
            state = await super().begin(entry, redo)
            self.run.stop()
        return state


async def test_an_action_that_begins_while_the_run_stops_is_not_sent(
    client: AsyncPhloClient, server: Server
) -> None:
    journal = _StopsTheRun()
    async with client.bulk(_calls(1), journal=journal) as run:
        journal.run = run
        outcomes = [outcome.status async for outcome in run]
    (entry,) = (JournalEntry.of(action, 1) for action in _calls(1))

    assert (server.dialled, outcomes) == ([], [BulkStatus.NOT_STARTED])
    assert await journal.prior(entry) is PriorState.FRESH
