"""PostgreSQL is killed, away, frozen or replicated; what was begun is never forgotten."""

from __future__ import annotations

import asyncio
import logging
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import httpx
import pytest

from plivo_phlo_async import (
    TRY_AGAIN,
    Action,
    AsyncPhloClient,
    BulkOutcome,
    BulkStatus,
    JournalEntry,
    JournalError,
    RetryPolicy,
)
from plivo_phlo_async.postgres import PostgresJournal

from ..conftest import AUTH_ID
from ..scripted import OK, ScriptedServer, scripted_server
from .server import PostgresServer, folder_of_programs, needed, new_folder

pytestmark = pytest.mark.anyio

CALL = Action.call("p", "n", "12025550000", "12025551111", key="order-7")
ENTRY = JournalEntry.of(CALL)
OTHER = JournalEntry.of(Action.hold("p", "n", "1", key="order-8"))
DONE = BulkOutcome(CALL, BulkStatus.DONE)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as server:
        yield server


@pytest.fixture
async def client(server: ScriptedServer) -> AsyncIterator[AsyncPhloClient]:
    async with AsyncPhloClient(
        AUTH_ID,
        "token",
        base_url=f"http://127.0.0.1:{server.port}/v1",
        http_client=httpx.AsyncClient(transport=server.transport()),
        rate_limit=None,
        retry=RetryPolicy(attempts=1),
    ) as client:
        yield client


@pytest.mark.parametrize("setting", ["off", "local", "on"])
async def test_what_was_begun_outlives_the_server_whatever_synchronous_commit_is(
    own_server: PostgresServer, setting: str
) -> None:
    own_server.execute(f"ALTER SYSTEM SET synchronous_commit = {setting}")
    own_server.execute("SELECT pg_reload_conf()")
    async with PostgresJournal(own_server.dsn, run="r") as journal:
        await journal.begin(ENTRY)
        own_server.kill()
    own_server.start()
    async with PostgresJournal(own_server.dsn, run="r") as journal:
        assert await journal.prior(ENTRY) == "under_way"


async def test_an_end_that_the_server_forgets_is_in_doubt_and_never_fresh(
    own_server: PostgresServer,
) -> None:
    async with PostgresJournal(own_server.dsn, run="r") as journal:
        await journal.begin(ENTRY)
        await journal.finish(ENTRY, DONE)
        own_server.kill()
    own_server.start()
    own_server.execute("UPDATE phlo_actions SET until = now()")
    async with PostgresJournal(own_server.dsn, run="r") as journal:
        assert await journal.prior(ENTRY) == "in_doubt"


async def test_while_the_server_is_away_nothing_begins(
    own_server: PostgresServer, client: AsyncPhloClient, server: ScriptedServer
) -> None:
    async with PostgresJournal(own_server.dsn, run="r", start_within=0.5) as journal:
        own_server.kill()
        with pytest.raises(JournalError, match="PostgreSQL: it cannot be used") as caught:
            await client.perform(CALL, journal=journal)

    assert isinstance(caught.value, TRY_AGAIN)
    assert "\n" not in str(caught.value)
    assert server.attempts == 0


async def test_a_server_that_does_not_answer_is_not_waited_for(
    own_server: PostgresServer, client: AsyncPhloClient, server: ScriptedServer
) -> None:
    async with PostgresJournal(own_server.dsn, run="r", start_within=0.5) as journal:
        await journal.prior(ENTRY)
        own_server.freeze()
        try:
            with anyio.fail_after(5), pytest.raises(JournalError, match="cannot be used"):
                await client.perform(CALL, journal=journal)
        finally:
            own_server.thaw()
        await journal.flush()

        assert server.attempts == 0
        assert (await client.perform(CALL, journal=journal)).api_id == "a"


async def test_a_server_that_restarts_is_used_again(own_server: PostgresServer) -> None:
    async with PostgresJournal(own_server.dsn, run="r") as journal:
        await asyncio.gather(*(journal.prior(ENTRY) for _ in range(20)))  # many connections
        own_server.kill()
        own_server.start()

        assert await journal.begin(ENTRY) == "fresh"


async def test_what_is_on_the_wire_ends_and_is_recorded_once_the_server_is_back(
    own_server: PostgresServer, client: AsyncPhloClient, server: ScriptedServer
) -> None:
    async def script(request: httpx.Request) -> httpx.Response:
        own_server.kill()
        return OK

    server.script = script
    async with PostgresJournal(own_server.dsn, run="r") as journal:
        performing = asyncio.create_task(client.perform(CALL, journal=journal))
        while not server.attempts:
            await asyncio.sleep(0)
        await anyio.to_thread.run_sync(own_server.start)

        assert (await performing).api_id == "a"
        assert await journal.counts() == {"done": 1, "failed": 0, "unknown": 0}


async def test_an_end_that_cannot_be_recorded_is_logged_and_in_doubt(
    own_server: PostgresServer,
    client: AsyncPhloClient,
    server: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def script(request: httpx.Request) -> httpx.Response:
        own_server.kill()
        return OK

    server.script = script
    caplog.set_level(logging.ERROR, "plivo_phlo_async")
    async with PostgresJournal(own_server.dsn, run="r", patience=0.2) as journal:
        result = await client.perform(CALL, journal=journal)
    own_server.start()
    own_server.execute("UPDATE phlo_actions SET until = now()")
    async with PostgresJournal(own_server.dsn, run="r") as journal:
        assert result.api_id == "a"
        assert "the journal lacks how it ended: PostgreSQL: " in caplog.text
        assert await journal.prior(ENTRY) == "in_doubt"


async def test_a_run_of_a_list_ends_when_the_server_is_away(
    own_server: PostgresServer, client: AsyncPhloClient, server: ScriptedServer
) -> None:
    async def script(request: httpx.Request) -> httpx.Response:
        own_server.kill()
        return OK

    server.script = script
    calls = [Action.hold("p", "n", f"{number}") for number in range(100)]
    outcomes = []
    async with PostgresJournal(own_server.dsn, run="r", start_within=1.0, patience=0.2) as journal:
        with pytest.raises(JournalError, match="PostgreSQL: it cannot be used"):
            async with client.bulk(calls, journal=journal, concurrency=2) as run:
                async for outcome in run:
                    outcomes.append(outcome.status)

    assert server.attempts <= 2
    assert outcomes.count(BulkStatus.DONE) == server.attempts


async def test_asynchronous_standbys_are_warned_about(
    own_server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    own_server.execute("SELECT pg_create_physical_replication_slot('a')")
    programs = folder_of_programs()
    assert programs is not None
    receiver = subprocess.Popen(  # a standby, as far as the server knows
        [programs / "pg_receivewal", "-d", own_server.dsn, "-D", own_server.folder, "-S", "a"],
        stderr=subprocess.DEVNULL,
    )
    try:
        while own_server.execute("SELECT count(*) FROM pg_stat_replication") != [(1,)]:
            await asyncio.sleep(0.01)
        async with PostgresJournal(own_server.dsn, run="r"):
            assert "asynchronous standbys only" in caplog.text
        caplog.clear()
        own_server.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        own_server.execute("SELECT pg_reload_conf()")
        while own_server.execute("SHOW synchronous_standby_names") != [("*",)]:
            await asyncio.sleep(0.01)
        async with PostgresJournal(own_server.dsn, run="r"):
            assert caplog.text == ""
    finally:
        receiver.kill()
        receiver.wait()


async def test_a_server_without_fsync_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    needed()
    with new_folder() as folder, PostgresServer(Path(folder), fsync="off") as server:
        async with PostgresJournal(server.dsn, run="r"):
            assert "fsync off" in caplog.text
