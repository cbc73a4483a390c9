"""Bytes over real sockets: none is lost, and nobody has to hold more than they asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.abc import ByteStream, SocketAttribute

from plivo_phlo_async._transport.streams import Stream, _AsyncioStream, connect

pytestmark = pytest.mark.anyio

MUCH = b"x" * 8_000_000


@asynccontextmanager
async def _connected(serve: Callable[[ByteStream], Awaitable[None]]) -> AsyncIterator[Stream]:
    async def handle(theirs: ByteStream) -> None:
        try:
            await serve(theirs)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.aclose_forcefully(theirs)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, handle)
        stream = await connect("127.0.0.1", listener.extra(SocketAttribute.local_port), None, 1)
        with anyio.fail_after(5):
            yield stream
        await stream.aclose()
        group.cancel_scope.cancel()


async def _received(stream: Stream) -> int:
    total = 0
    while data := await stream.receive(1):
        total += len(data)
    return total


async def test_all_that_is_sent_comes_in_however_much() -> None:
    async def send(stream: ByteStream) -> None:
        await stream.send(MUCH)
        await stream.aclose()

    async with _connected(send) as stream:
        assert await _received(stream) == len(MUCH)


async def test_all_goes_out_though_the_server_takes_its_time() -> None:
    taken = 0
    all_taken = anyio.Event()

    async def take(stream: ByteStream) -> None:
        nonlocal taken
        async for data in stream:
            taken += len(data)
            if taken == len(MUCH):
                all_taken.set()

    async with _connected(take) as stream:
        await stream.send(MUCH, 2)
        await all_taken.wait()

    assert taken == len(MUCH)


async def test_a_server_that_leaves_while_it_is_told_is_an_error() -> None:
    async def leave(stream: ByteStream) -> None:
        await stream.receive()

    async with _connected(leave) as stream:
        with pytest.raises(OSError, match=r".+"):
            for _ in range(10):
                await stream.send(MUCH, 2)


# On asyncio, where the transport pushes

only_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])


@only_asyncio
async def test_what_nobody_reads_stops_coming() -> None:
    async def send(stream: ByteStream) -> None:
        await stream.send(MUCH)
        await stream.aclose()

    async with _connected(send) as stream:
        assert isinstance(stream, _AsyncioStream)
        for _ in range(200):  # turns of the loop, each with more to come
            await anyio.lowlevel.checkpoint()
        held = len(stream._unread)

        assert 0 < held < 1_000_000
        assert await _received(stream) == len(MUCH)


@only_asyncio
async def test_what_comes_at_the_last_moment_is_not_lost() -> None:
    async with _connected(lambda stream: anyio.sleep_forever()) as stream:
        assert isinstance(stream, _AsyncioStream)
        asyncio.get_running_loop().call_soon(stream.data_received, b"x")

        assert await stream.receive(0) == b"x"


@only_asyncio
async def test_a_connection_that_was_used_again_rests_from_then_on() -> None:
    ended = anyio.Event()

    async def watch(stream: ByteStream) -> None:
        async for _ in stream:
            pass
        ended.set()

    async with _connected(watch) as stream:
        loop = asyncio.get_running_loop()
        began = loop.time()
        stream.rest(0.01)
        stream.rest(0.03)
        await ended.wait()

        assert loop.time() - began >= 0.03
