"""On asyncio and uvloop the transport pushes bytes, and a timer closes an idle connection."""

from __future__ import annotations

import asyncio

import anyio
import pytest
from anyio.abc import ByteStream

from plivo_phlo_async._transport.asyncio_connection import AsyncioConnection

from .loopback import BACKENDS, connected, silence

pytestmark = pytest.mark.anyio


@pytest.fixture(params=BACKENDS[:2])
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


async def test_what_arrives_at_the_last_moment_is_not_lost() -> None:
    async with connected(silence) as connection:
        assert isinstance(connection, AsyncioConnection)
        asyncio.get_running_loop().call_soon(connection.data_received, b"x")

        assert await connection.receive(0) == b"x"


async def test_a_connection_that_was_used_again_is_idle_from_then_on() -> None:
    ended = anyio.Event()

    async def watch(stream: ByteStream) -> None:
        await silence(stream)
        ended.set()

    async with connected(watch) as connection:
        loop = asyncio.get_running_loop()
        began = loop.time()
        connection.start_keepalive(0.01)
        connection.start_keepalive(0.05)
        await ended.wait()

        assert loop.time() - began > 0.03  # uvloop counts in whole milliseconds
