"""One PostgreSQL for all tests that do it no harm, and one for each test that does."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from plivo_phlo_async.postgres import PostgresJournal

from .server import PostgresServer, needed, new_folder

_runs = itertools.count()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    needed()
    with new_folder() as folder, PostgresServer(Path(folder)) as server:
        yield server


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    needed()
    with new_folder() as folder, PostgresServer(Path(folder)) as server:
        yield server


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # the one that psycopg knows


@pytest.fixture
def run() -> str:
    """The name of a run of its own."""
    return f"run {next(_runs)}"


@pytest.fixture
async def journal(postgres_server: PostgresServer, run: str) -> AsyncIterator[PostgresJournal]:
    async with PostgresJournal(postgres_server.dsn, run=run) as journal:
        yield journal
