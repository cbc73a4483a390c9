"""`perform` with a journal: at most once, however often it is asked for."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from plivo_phlo_async import (
    TRY_AGAIN,
    Action,
    ActionResult,
    AsyncPhloClient,
    BadRequestError,
    BaseJournal,
    BulkStatus,
    InvalidArgumentError,
    Journal,
    JournalEntry,
    JournalError,
    MemoryJournal,
    NotSentError,
    OutcomeUnknownError,
    PhloRun,
    PriorState,
    RateLimit,
    RetryPolicy,
    ServerError,
    SqliteJournal,
)

from ..conftest import AUTH_ID
from ..scripted import ScriptedServer, scripted_server

pytestmark = pytest.mark.anyio

CALL = Action.call("p", "n", "12025550000", "12025551111", key="order-7")
OTHER = Action.call("p", "n", "12025550000", "12025552222", key="order-7")
RUN = Action.run("p", {"name": "Ann"}, key="ann")
REFUSED = httpx.Response(400, json={"error": "no such call"}, headers={"x-request": "r1"})
AnyJournal = SqliteJournal | MemoryJournal


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as server:
        yield server


@pytest.fixture
async def client(server: ScriptedServer) -> AsyncIterator[AsyncPhloClient]:
    async with _client(server) as client:
        yield client


def _client(server: ScriptedServer, **options: Any) -> AsyncPhloClient:
    url = f"http://127.0.0.1:{server.port}/v1"
    http = httpx.AsyncClient(transport=server.transport())
    options = {"rate_limit": None, "retry": RetryPolicy(attempts=1), **options}
    return AsyncPhloClient(AUTH_ID, "token", base_url=url, http_client=http, **options)


@pytest.fixture(params=["sqlite", "memory"])
async def journal(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyJournal]:
    if request.param == "memory":
        yield MemoryJournal()
        return
    async with SqliteJournal(tmp_path / "run.db") as journal:
        yield journal


async def _statuses(journal: Journal) -> list[BulkStatus]:
    return [outcome.status async for outcome in journal.outcomes()]


class Held:
    """A script that answers once it is released."""

    def __init__(self, answer: httpx.Response | Exception) -> None:
        self.arrived, self.released, self.answer = anyio.Event(), anyio.Event(), answer

    async def __call__(self, request: httpx.Request) -> httpx.Response | Exception:
        self.arrived.set()
        await self.released.wait()
        return self.answer


# Asked again


async def test_what_was_done_is_returned_again_and_nothing_is_sent(
    client: AsyncPhloClient, server: ScriptedServer, journal: AnyJournal
) -> None:
    first = await client.perform(CALL, journal=journal)
    second = await client.perform(CALL, journal=journal)

    assert isinstance(second, ActionResult)
    assert second == first
    assert (second.attempts, second.elapsed) == (first.attempts, first.elapsed)
    assert server.attempts == 1


async def test_a_result_comes_back_in_its_own_class_with_all_its_fields(
    client: AsyncPhloClient, server: ScriptedServer, journal: AnyJournal
) -> None:
    server.otherwise = httpx.Response(201, json={"api_id": "a", "phlo_run_id": "r", "extra": [1]})
    first = await client.perform(RUN, journal=journal)
    second = await client.perform(RUN, journal=journal)

    assert isinstance(second, PhloRun)
    assert second == first
    assert second.raw["extra"] == [1]


async def test_what_failed_raises_the_same_error_again_and_nothing_is_sent(
    client: AsyncPhloClient, server: ScriptedServer, journal: AnyJournal
) -> None:
    server.otherwise = REFUSED
    with pytest.raises(BadRequestError) as first:
        await client.perform(CALL, journal=journal)
    with pytest.raises(BadRequestError) as second:
        await client.perform(CALL, journal=journal)

    assert second.value == first.value
    assert second.value.headers["x-request"] == "r1"
    assert server.attempts == 1


async def test_what_may_have_happened_raises_the_same_error_again(
    client: AsyncPhloClient, server: ScriptedServer, journal: AnyJournal
) -> None:
    server.otherwise = httpx.Response(502)
    for _ in range(2):
        with pytest.raises(ServerError) as caught:
            await client.perform(CALL, journal=journal)

        assert caught.value.may_have_happened
    assert await _statuses(journal) == ["unknown"]
    assert server.attempts == 1


async def test_what_a_process_began_before_it_died_is_unknown_at_once(
    client: AsyncPhloClient, server: ScriptedServer, tmp_path: Path
) -> None:
    async with SqliteJournal(tmp_path / "run.db") as journal:
        await journal.begin(JournalEntry.of(CALL))
    async with SqliteJournal(tmp_path / "run.db") as journal:
        with pytest.raises(OutcomeUnknownError, match="begun before"):
            await client.perform(CALL, journal=journal)

    assert server.attempts == 0


async def test_a_result_outlives_the_process(
    client: AsyncPhloClient, server: ScriptedServer, tmp_path: Path
) -> None:
    async with SqliteJournal(tmp_path / "run.db") as journal:
        first = await client.perform(CALL, journal=journal)
    async with SqliteJournal(tmp_path / "run.db") as journal:
        second = await client.perform(CALL, journal=journal)

    assert second == first
    assert server.attempts == 1


@pytest.mark.parametrize("known", [False, True])
async def test_who_asked_to_redo_before_another_began_does_not_redo_that(
    client: AsyncPhloClient, server: ScriptedServer, journal: AnyJournal, *, known: bool
) -> None:
    server.script = [httpx.Response(502, json={"error": "lost"})] * 3
    if known:
        with pytest.raises(ServerError):
            await client.perform(CALL, journal=journal)
    waiting = client.with_options(rate_limit=(turn := _Turn()))

    async def redo(by: AsyncPhloClient) -> None:
        with pytest.raises(ServerError):
            await by.perform(CALL, journal=journal, redo={"unknown"})

    async with anyio.create_task_group() as group:
        group.start_soon(redo, waiting)
        await turn.waited_for.wait()
        await redo(client)
        turn.comes.set()

    assert server.attempts == 1 + known


class _Turn:
    """A limiter whose only turn comes when it is set."""

    def __init__(self) -> None:
        self.waited_for, self.comes = anyio.Event(), anyio.Event()

    async def acquire(self) -> None:
        self.waited_for.set()
        await self.comes.wait()

    def pause(self, seconds: float) -> None: ...


async def test_asked_while_it_is_under_way_it_waits_for_the_same_end(
    client: AsyncPhloClient, server: ScriptedServer, journal: AnyJournal
) -> None:
    server.script = held = Held(httpx.Response(201, json={"api_id": "a", "error": ""}))
    results = []

    async def ask() -> None:
        results.append(await client.perform(CALL, journal=journal, redo={"failed", "unknown"}))

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await held.arrived.wait()
        group.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        held.released.set()

    assert results[0] == results[1]
    assert server.attempts == 1


async def test_asked_a_hundred_times_at_once_it_is_sent_once(
    client: AsyncPhloClient, server: ScriptedServer, journal: AnyJournal
) -> None:
    results = []

    async def ask() -> None:
        results.append(await client.perform(CALL, journal=journal))

    async with anyio.create_task_group() as group:
        for _ in range(100):
            group.start_soon(ask)

    assert len(results) == 100
    assert server.attempts == 1


# Not sent


async def test_what_was_not_sent_is_as_if_it_had_never_begun(
    client: AsyncPhloClient, server: ScriptedServer, journal: AnyJournal
) -> None:
    server.otherwise = httpx.ConnectError("refused")
    with pytest.raises(NotSentError) as caught:
        await client.perform(CALL, journal=journal)

    assert isinstance(caught.value, TRY_AGAIN)
    assert await _statuses(journal) == []

    server.otherwise = httpx.Response(201, json={"api_id": "a", "error": ""})
    assert (await client.perform(CALL, journal=journal)).api_id == "a"


async def test_cancelled_before_its_request_it_has_never_begun(
    server: ScriptedServer, journal: AnyJournal
) -> None:
    limit = RateLimit(100, per=1.0, burst=1)
    await limit.acquire()
    limit.pause(60)
    async with _client(server, rate_limit=limit) as client:
        with anyio.move_on_after(0.01):
            await client.perform(CALL, journal=journal)

    assert await _statuses(journal) == []
    assert server.attempts == 0


async def test_cancelled_after_its_request_it_is_unknown(
    client: AsyncPhloClient, server: ScriptedServer, journal: AnyJournal
) -> None:
    server.script = held = Held(REFUSED)
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: client.perform(CALL, journal=journal))
        await held.arrived.wait()
        group.cancel_scope.cancel()

    assert await _statuses(journal) == ["unknown"]
    with pytest.raises(OutcomeUnknownError):
        await client.perform(CALL, journal=journal)
    assert server.attempts == 1


async def test_it_begins_after_its_token(server: ScriptedServer) -> None:
    order: list[str] = []

    class Limiter:
        async def acquire(self) -> None:
            order.append("token")

        def pause(self, seconds: float) -> None: ...

    class Noting(MemoryJournal):
        async def begin(self, entry: JournalEntry, redo: Any = ()) -> PriorState:
            order.append("begin")
            return await super().begin(entry, redo)

        def may_send(self, entry: JournalEntry) -> bool:
            order.append("last look")
            return True

    async def script(request: httpx.Request) -> httpx.Response:
        order.append("request")
        return httpx.Response(201, json={"api_id": "a", "error": ""})

    server.script = script
    async with _client(server, rate_limit=Limiter()) as client:
        await client.perform(CALL, journal=Noting())

    assert order[:2] == ["token", "begin"]
    assert order[-2:] == ["last look", "request"]


async def test_what_may_no_longer_be_sent_is_not(
    client: AsyncPhloClient, server: ScriptedServer
) -> None:
    class Late(MemoryJournal):
        def may_send(self, entry: JournalEntry) -> bool:
            return False

    journal = Late()
    with pytest.raises(NotSentError, match="the time within which its journal"):
        await client.perform(CALL, journal=journal)

    assert server.attempts == 0
    assert await _statuses(journal) == []


async def test_an_action_that_was_begun_elsewhere_gives_its_token_back(
    server: ScriptedServer,
) -> None:
    class Elsewhere(MemoryJournal):
        async def begin(self, entry: JournalEntry, redo: Any = ()) -> PriorState:
            await super().begin(entry, redo)
            return PriorState.IN_DOUBT

    limit = RateLimit(100, per=1.0, burst=1, clock=lambda: 0.0)
    async with _client(server, rate_limit=limit) as client:
        with pytest.raises(OutcomeUnknownError):
            await client.perform(CALL, journal=Elsewhere())

    assert limit.acquire_nowait()
    assert not limit.acquire_nowait()
    assert server.attempts == 0


# Again, on purpose


async def test_what_failed_is_done_again_if_the_caller_says_so(
    client: AsyncPhloClient, server: ScriptedServer, journal: AnyJournal
) -> None:
    server.otherwise = REFUSED
    with pytest.raises(BadRequestError):
        await client.perform(CALL, journal=journal)
    server.otherwise = httpx.Response(201, json={"api_id": "b", "error": ""})

    assert (await client.perform(CALL, journal=journal, redo={"failed"})).api_id == "b"
    assert (await client.perform(CALL, journal=journal, redo={"failed"})).api_id == "b"
    assert server.attempts == 2


async def test_what_is_done_is_never_done_again(
    client: AsyncPhloClient, server: ScriptedServer, journal: AnyJournal
) -> None:
    await client.perform(CALL, journal=journal)
    await client.perform(CALL, journal=journal, redo={"failed", "unknown"})

    assert server.attempts == 1


@pytest.mark.parametrize("status", ["done", "failed"])
async def test_what_a_person_settled_ends_that_way(
    client: AsyncPhloClient, server: ScriptedServer, journal: AnyJournal, status: str
) -> None:
    server.otherwise = httpx.Response(502)
    with pytest.raises(ServerError):
        await client.perform(CALL, journal=journal)
    await journal.settle("order-7", status)

    if status == "done":
        assert not (await client.perform(CALL, journal=journal)).reply_complete
    else:
        with pytest.raises(Exception, match="settled as failed"):
            await client.perform(CALL, journal=journal)
    assert server.attempts == 1


# Bad input, and a journal that fails


async def test_an_action_needs_a_key(client: AsyncPhloClient, server: ScriptedServer) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^action: give it a key"):
        await client.perform(Action.hold("p", "n", "1"), journal=MemoryJournal())

    assert server.attempts == 0


async def test_redo_needs_a_journal(client: AsyncPhloClient) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^redo: it needs a journal"):
        await client.perform(CALL, redo={"failed"})


@pytest.mark.parametrize("journal", ["run.db", object()])
async def test_the_journal_is_one_that_is_open(client: AsyncPhloClient, journal: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^journal: "):
        await client.perform(CALL, journal=journal)


async def test_the_same_key_for_another_action_is_refused(
    client: AsyncPhloClient, server: ScriptedServer, journal: AnyJournal
) -> None:
    await client.perform(CALL, journal=journal)
    with pytest.raises(JournalError, match="is another action in this journal"):
        await client.perform(OTHER, journal=journal)

    assert server.attempts == 1


async def test_a_journal_that_cannot_begin_sends_nothing(
    client: AsyncPhloClient, server: ScriptedServer
) -> None:
    class Full(MemoryJournal):
        async def begin(self, entry: JournalEntry, redo: Any = ()) -> PriorState:
            raise OSError("disk full")

    with pytest.raises(JournalError, match="its journal failed: disk full") as caught:
        await client.perform(CALL, journal=Full())

    assert isinstance(caught.value, TRY_AGAIN)
    assert server.attempts == 0


async def test_an_end_that_cannot_be_written_is_logged_and_the_result_returned(
    client: AsyncPhloClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    class Full(MemoryJournal):
        async def finish(self, entry: JournalEntry, outcome: Any) -> None:
            raise JournalError("disk full")

    with caplog.at_level(logging.ERROR, "plivo_phlo_async"):
        result = await client.perform(CALL, journal=Full())

    assert result.api_id == "a"
    assert "the journal lacks how it ended: disk full" in caplog.text


# A list and single actions in one journal


async def test_a_list_and_single_actions_share_a_journal(
    client: AsyncPhloClient, server: ScriptedServer, journal: AnyJournal
) -> None:
    await client.perform(RUN, journal=journal)
    await client.bulk_all([CALL, RUN], journal=journal)
    await client.perform(CALL, journal=journal)

    assert server.attempts == 2


# Every journal reads back


async def test_every_journal_lists_its_unknown_actions(
    client: AsyncPhloClient, server: ScriptedServer, journal: AnyJournal
) -> None:
    await client.perform(RUN, journal=journal)
    server.otherwise = httpx.Response(502)
    with pytest.raises(ServerError):
        await client.perform(CALL, journal=journal)

    assert [outcome.key async for outcome in journal.unknown()] == ["order-7"]
    assert await journal.counts() == {"done": 1, "failed": 0, "unknown": 1}


async def test_forgetting_removes_what_has_ended_and_never_an_unknown_action(
    client: AsyncPhloClient, server: ScriptedServer, journal: AnyJournal
) -> None:
    await client.perform(RUN, journal=journal)
    server.otherwise = httpx.Response(502)
    with pytest.raises(ServerError):
        await client.perform(CALL, journal=journal)

    assert await journal.forget(older_than=timedelta(days=1)) == 0
    assert await journal.forget(older_than=timedelta()) == 1
    assert await _statuses(journal) == ["unknown"]


async def test_a_journal_that_forgot_is_whole(client: AsyncPhloClient, tmp_path: Path) -> None:
    async with SqliteJournal(tmp_path / "run.db") as journal:
        await client.perform(RUN, journal=journal)
        await journal.forget(older_than=timedelta())
    async with SqliteJournal(tmp_path / "run.db") as journal:
        assert await _statuses(journal) == []


@pytest.mark.parametrize("older_than", [timedelta(days=-1), 30])
async def test_an_age_is_a_time(journal: AnyJournal, older_than: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^older_than: "):
        await journal.forget(older_than=older_than)


async def test_a_base_journal_says_what_it_does_not_support() -> None:
    class Mine(BaseJournal):
        async def begin(self, entry: JournalEntry, redo: Any = ()) -> PriorState:
            return PriorState.FRESH

        async def finish(self, entry: JournalEntry, outcome: Any) -> None: ...

    for reading in (
        Mine().counts(),
        Mine().settle("a", "done"),
        Mine().forget(older_than=timedelta()),
    ):
        with pytest.raises(JournalError, match=r"Mine does not support .*; override it"):
            await reading
