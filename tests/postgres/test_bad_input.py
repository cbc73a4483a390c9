"""What cannot be used is refused in one line, and nothing is sent."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import anyio
import pytest

from plivo_phlo_async import (
    Action,
    ConfigurationError,
    InvalidArgumentError,
    JournalEntry,
    JournalError,
)
from plivo_phlo_async.postgres import PostgresJournal

from .server import PostgresServer

pytestmark = pytest.mark.anyio

ENTRY = JournalEntry.of(Action.hold("p", "n", "1", key="order-7"))


@pytest.fixture
def database(postgres_server: PostgresServer, run: str) -> str:
    """The name of a database without tables."""
    name = run.replace(" ", "_")
    postgres_server.execute(f"CREATE DATABASE {name}")
    return name


def _dsn(server: PostgresServer, database: str, user: str = "postgres") -> str:
    return f"{server.dsn_of(user)} dbname={database}"


async def _refusal(dsn: str) -> str:
    with pytest.raises(JournalError) as caught:
        async with PostgresJournal(dsn, run="r"):
            pass
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


async def test_many_that_open_a_new_database_at_once_create_the_tables_once(
    postgres_server: PostgresServer, database: str
) -> None:
    async with AsyncExitStack() as stack:
        journals = [PostgresJournal(_dsn(postgres_server, database), run="r") for _ in range(12)]
        await asyncio.gather(*(stack.enter_async_context(journal) for journal in journals))
        states = await asyncio.gather(*(journal.begin(ENTRY) for journal in journals))

    assert sorted(states) == ["fresh", *["under_way"] * 11]


async def test_a_user_who_may_not_create_tables_is_refused(
    postgres_server: PostgresServer, database: str
) -> None:
    postgres_server.execute(f"CREATE ROLE guest_{database} LOGIN")

    assert "grant it CREATE on the schema" in await _refusal(
        _dsn(postgres_server, database, f"guest_{database}")
    )


async def test_a_user_who_may_not_write_is_refused(
    postgres_server: PostgresServer, database: str
) -> None:
    async with PostgresJournal(_dsn(postgres_server, database), run="r"):
        postgres_server.execute(f"CREATE ROLE reader_{database} LOGIN")

    assert "grant it SELECT, INSERT, UPDATE and DELETE" in await _refusal(
        _dsn(postgres_server, database, f"reader_{database}")
    )


async def test_a_user_with_these_rights_only_is_enough(
    postgres_server: PostgresServer, database: str, run: str
) -> None:
    owner = PostgresJournal(_dsn(postgres_server, database), run="r")
    async with owner:
        pass
    user = f"worker_{database}"
    with_rights = (
        f"CREATE ROLE {user} LOGIN",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON phlo_actions, phlo_runs TO {user}",
    )
    postgres_server.execute(*with_rights, database=database)
    async with PostgresJournal(_dsn(postgres_server, database, user), run="r") as journal:
        assert await journal.begin(ENTRY) == "fresh"


async def test_a_read_only_server_is_refused(
    postgres_server: PostgresServer, database: str
) -> None:
    postgres_server.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on")

    assert "this server is read-only" in await _refusal(_dsn(postgres_server, database))


async def test_tables_of_another_version_are_refused(
    postgres_server: PostgresServer, database: str
) -> None:
    dsn = _dsn(postgres_server, database)
    async with PostgresJournal(dsn, run="r"):
        pass
    postgres_server.execute(
        "COMMENT ON TABLE phlo_actions IS 'journal of plivo-phlo-async, version 99'",
        database=database,
    )

    assert "version 99; use another database or schema" in await _refusal(dsn)


async def test_a_table_of_that_name_which_is_no_journal_is_refused(
    postgres_server: PostgresServer, database: str
) -> None:
    postgres_server.execute("CREATE TABLE phlo_actions (id int)", database=database)

    assert "another table" in await _refusal(_dsn(postgres_server, database))


@pytest.mark.parametrize("dsn", ["nonsense s3cret", "postgresql://a:s3cret@h/x?no=1"])
async def test_what_is_no_connection_string_is_refused_and_not_repeated(dsn: str) -> None:
    refusal = await _refusal(dsn)

    assert "give postgresql://USER@HOST/DATABASE" in refusal
    assert "s3cret" not in refusal


async def test_a_server_that_is_not_there_is_named(tmp_path: object) -> None:
    refusal = await _refusal(f"host={tmp_path} dbname=postgres password=s3cret")

    assert str(tmp_path) in refusal
    assert "s3cret" not in refusal


async def test_a_database_that_is_not_there_is_named(postgres_server: PostgresServer) -> None:
    assert 'database "nowhere" does not exist' in await _refusal(_dsn(postgres_server, "nowhere"))


async def test_a_connection_string_needs_the_context_manager(
    postgres_server: PostgresServer,
) -> None:
    with pytest.raises(ConfigurationError, match="async with PostgresJournal"):
        await PostgresJournal(postgres_server.dsn, run="r").begin(ENTRY)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"dsn_or_pool": ""}, "dsn_or_pool"),
        ({"dsn_or_pool": object()}, "dsn_or_pool"),
        ({"run": ""}, "run"),
        ({"run": "a\0b"}, "run"),
        ({"run": None}, "run"),
        ({"start_within": 0}, "start_within"),
        ({"patience": "long"}, "patience"),
    ],
)
async def test_an_invalid_argument_is_named(values: dict[str, Any], named: str) -> None:
    given: dict[str, Any] = {"dsn_or_pool": "postgresql://", "run": "r", **values}
    with pytest.raises(InvalidArgumentError, match=f"^{named}: "):
        PostgresJournal(given.pop("dsn_or_pool"), **given)


def test_it_says_that_it_works_on_asyncio_only() -> None:
    async def begin() -> None:
        async with PostgresJournal("postgresql://", run="r"):
            pass

    with pytest.raises(ConfigurationError, match="asyncio only"):
        anyio.run(begin, backend="trio")
