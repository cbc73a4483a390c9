"""One redis-server for all tests that do it no harm, and one for each test that does."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from .server import RedisServer, needed
from .world import Machines, World


@pytest.fixture(scope="session")
def shared_server() -> Iterator[RedisServer]:
    needed()
    with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder)) as server:
        yield server


@pytest.fixture
def own_server() -> Iterator[RedisServer]:
    needed()
    with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder)) as server:
        yield server


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # the one that redis-py knows


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def machines(world: World, shared_server: RedisServer) -> AsyncIterator[Machines]:
    machines = Machines(world, shared_server.socket)
    yield machines
    await machines.aclose()


@pytest.fixture
def machines_of_no_loop(world: World, shared_server: RedisServer) -> Machines:
    return Machines(world, shared_server.socket)
