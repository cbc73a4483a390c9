"""`perform` with the journal in PostgreSQL, from several hosts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest

from plivo_phlo_async import (
    Action,
    AsyncPhloClient,
    BadRequestError,
    BulkOutcome,
    BulkStatus,
    JournalEntry,
    JournalError,
    NotSentError,
    OutcomeUnknownError,
    PriorState,
    RateLimit,
    RetryPolicy,
)
from plivo_phlo_async.postgres import PostgresJournal

from ..conftest import AUTH_ID
from ..scripted import OK, ScriptedServer, scripted_server
from .server import PostgresServer

pytestmark = pytest.mark.anyio

CALL = Action.call("p", "n", "12025550000", "12025551111", key="order-7")
OTHER = Action.call("p", "n", "12025550000", "12025552222", key="order-7")


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as server:
        yield server


@pytest.fixture
async def client(server: ScriptedServer) -> AsyncIterator[AsyncPhloClient]:
    async with _client(server) as client:
        yield client


def _client(
    server: ScriptedServer,
    *,
    retry: RetryPolicy | None = None,
    rate_limit: RateLimit | None = None,
) -> AsyncPhloClient:
    return AsyncPhloClient(
        AUTH_ID,
        "token",
        base_url=f"http://127.0.0.1:{server.port}/v1",
        http_client=httpx.AsyncClient(transport=server.transport()),
        rate_limit=rate_limit,
        retry=retry or RetryPolicy(attempts=1),
    )


@pytest.fixture
async def other(postgres_server: PostgresServer, run: str) -> AsyncIterator[PostgresJournal]:
    """The journal of another host."""
    async with PostgresJournal(postgres_server.dsn, run=run) as journal:
        yield journal


async def test_what_another_host_has_done_is_returned_and_nothing_is_sent(
    client: AsyncPhloClient,
    server: ScriptedServer,
    journal: PostgresJournal,
    other: PostgresJournal,
) -> None:
    first = await client.perform(CALL, journal=other)
    second = await client.perform(CALL, journal=journal)

    assert second == first
    assert server.attempts == 1


async def test_what_failed_on_another_host_raises_the_same_error(
    client: AsyncPhloClient,
    server: ScriptedServer,
    journal: PostgresJournal,
    other: PostgresJournal,
) -> None:
    server.otherwise = httpx.Response(400, json={"error": "no such call"})
    errors = []
    for each in (other, journal):
        with pytest.raises(BadRequestError) as caught:
            await client.perform(CALL, journal=each)
        errors.append(caught.value)

    assert errors[0] == errors[1]
    assert server.attempts == 1


async def test_while_another_host_is_at_it_it_waits_for_the_same_end(
    client: AsyncPhloClient,
    server: ScriptedServer,
    journal: PostgresJournal,
    other: PostgresJournal,
) -> None:
    arrived, released = anyio.Event(), anyio.Event()

    async def script(request: httpx.Request) -> httpx.Response:
        arrived.set()
        await released.wait()
        return OK

    server.script = script
    first = asyncio.create_task(client.perform(CALL, journal=other))
    await arrived.wait()
    second = asyncio.create_task(client.perform(CALL, journal=journal, redo={"unknown"}))
    third = asyncio.create_task(client.perform(CALL, journal=journal))
    while await journal.prior(JournalEntry.of(CALL)) != "under_way":
        await asyncio.sleep(0)
    assert not second.done()
    released.set()

    assert await first == await second == await third
    assert server.attempts == 1


async def test_what_a_host_that_is_gone_began_is_unknown_once_its_time_is_over(
    client: AsyncPhloClient,
    server: ScriptedServer,
    journal: PostgresJournal,
    postgres_server: PostgresServer,
    run: str,
) -> None:
    async with PostgresJournal(postgres_server.dsn, run=run) as gone:
        await gone.begin(JournalEntry.of(CALL, longest_attempt=0.0))
    asking = asyncio.create_task(client.perform(CALL, journal=journal))
    await asyncio.sleep(0)
    assert not asking.done()
    postgres_server.execute(f"UPDATE phlo_actions SET until = now() WHERE run = '{run}'")

    with pytest.raises(OutcomeUnknownError, match="it was begun before"):
        await asking
    assert server.attempts == 0


async def test_what_was_not_sent_can_be_done_by_another_host(
    client: AsyncPhloClient,
    server: ScriptedServer,
    journal: PostgresJournal,
    other: PostgresJournal,
) -> None:
    server.otherwise = httpx.ConnectError("refused")
    with pytest.raises(NotSentError):
        await client.perform(CALL, journal=other)
    server.otherwise = OK

    assert (await client.perform(CALL, journal=journal)).api_id == "a"


async def test_while_the_server_refuses_another_host_may_begin(
    server: ScriptedServer, journal: PostgresJournal, other: PostgresJournal
) -> None:
    server.script = [httpx.Response(429, headers={"retry-after": "1"}), OK]
    async with (
        _client(server, retry=RetryPolicy()) as waiting,
        _client(server) as client,
        anyio.create_task_group() as group,
    ):
        group.start_soon(lambda: waiting.perform(CALL, journal=other))
        while not server.attempts or await journal.prior(JournalEntry.of(CALL)) != "fresh":
            await asyncio.sleep(0)
        await client.perform(CALL, journal=journal)

    assert server.attempts == 2
    assert await journal.counts() == {"done": 1, "failed": 0, "unknown": 0}


async def test_what_takes_too_long_to_connect_is_not_sent(
    server: ScriptedServer, postgres_server: PostgresServer, run: str
) -> None:
    now = 0.0
    transport = server.transport()
    async with (
        PostgresJournal(postgres_server.dsn, run=run, clock=lambda: now) as journal,
        AsyncPhloClient(
            AUTH_ID,
            "token",
            base_url=f"http://127.0.0.1:{server.port}/v1",
            http_client=httpx.AsyncClient(transport=transport),
            rate_limit=None,
        ) as client,
    ):
        pool = transport._pool  # type: ignore[attr-defined]  # PhloTransport's
        open_connection = pool._open

        async def slowly(*arguments: object) -> object:
            nonlocal now
            connection = await open_connection(*arguments)
            now = 10.1  # seconds: more than it may take to start
            return connection

        pool._open = slowly
        with pytest.raises(NotSentError, match="the time within which its journal"):
            await client.perform(CALL, journal=journal)

        assert server.attempts == 0
        assert await journal.prior(JournalEntry.of(CALL)) == "fresh"


async def test_a_foreign_transport_that_reports_nothing_is_not_asked_too_late(
    postgres_server: PostgresServer, run: str
) -> None:
    times = iter([0.0, 10.1, 10.1, 10.1])
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return OK

    async with (
        PostgresJournal(postgres_server.dsn, run=run, clock=lambda: next(times)) as journal,
        httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http,
    ):
        client = AsyncPhloClient(
            AUTH_ID, "token", http_client=http, retry=RetryPolicy(attempts=1), rate_limit=None
        )
        with pytest.raises(NotSentError, match="the time within which its journal"):
            await client.perform(CALL, journal=journal)

    assert asked == []


async def test_a_token_for_what_another_host_has_begun_goes_back(
    server: ScriptedServer, postgres_server: PostgresServer, run: str, other: PostgresJournal
) -> None:
    class Slower(PostgresJournal):
        """Another host begins between its look at the action and its beginning."""

        async def begin(self, entry: JournalEntry, redo: Any = ()) -> PriorState:
            await other.begin(entry)
            await other.finish(entry, BulkOutcome(CALL, BulkStatus.UNKNOWN))
            return await super().begin(entry, redo)

    limit = RateLimit(100, per=1.0, burst=1, clock=lambda: 0.0)
    async with (
        Slower(postgres_server.dsn, run=run) as journal,
        _client(server, rate_limit=limit) as client,
    ):
        with pytest.raises(OutcomeUnknownError):
            await client.perform(CALL, journal=journal)

    assert limit.acquire_nowait()
    assert server.attempts == 0


async def test_the_same_key_for_another_action_is_refused(
    client: AsyncPhloClient,
    server: ScriptedServer,
    journal: PostgresJournal,
    other: PostgresJournal,
) -> None:
    await client.perform(CALL, journal=other)
    with pytest.raises(JournalError, match="key 'order-7' is another action there"):
        await client.perform(OTHER, journal=journal)

    assert server.attempts == 1


async def test_two_lists_under_one_run_are_refused_and_nothing_is_sent(
    client: AsyncPhloClient,
    server: ScriptedServer,
    journal: PostgresJournal,
    other: PostgresJournal,
) -> None:
    first = [Action.hold("p", "n", f"{number}", key=f"a{number}") for number in range(3)]
    second = [Action.hold("p", "n", f"{number}", key=f"b{number}") for number in range(20)]
    await client.bulk_all(first, journal=other)
    with pytest.raises(JournalError, match="it belongs to another list of actions"):
        await client.bulk_all(second, journal=journal)

    assert server.attempts == 3


async def test_a_run_that_is_started_again_skips_what_is_done(
    client: AsyncPhloClient,
    server: ScriptedServer,
    journal: PostgresJournal,
    other: PostgresJournal,
) -> None:
    calls = [Action.hold("p", "n", f"{number}") for number in range(30)]
    await client.bulk_all(calls[:20], journal=other)
    report = await client.bulk_all(calls, journal=journal)

    assert (report.done, report.skipped) == (10, 20)
    assert server.attempts == 30
    assert await journal.counts() == {"done": 30, "failed": 0, "unknown": 0}
