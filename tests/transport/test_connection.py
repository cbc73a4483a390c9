"""Bytes over real sockets: none is lost, and no more is held than is asked for."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream

from plivo_phlo_async._transport.connection import Connection, Payload

from .loopback import BACKENDS, connect, connected, loopback, only_linux, open_sockets, silence

pytestmark = pytest.mark.anyio
MUCH = b"x" * 8_000_000


@pytest.fixture(params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


async def send(connection: Connection, data: bytes) -> None:
    connection.write(Payload(data))
    await connection.drain(5)


async def received(connection: Connection) -> int:
    total = 0
    while data := await connection.receive(5):
        total += len(data)
    return total


async def test_all_that_is_sent_arrives_however_much() -> None:
    async def serve(stream: ByteStream) -> None:
        await stream.send(MUCH)
        await stream.aclose()

    async with connected(serve) as connection:
        assert await received(connection) == len(MUCH)


@pytest.mark.parametrize("timeout", [5, None])
async def test_a_slow_reader_gets_everything(timeout: float | None) -> None:
    taken = 0
    all_taken = anyio.Event()

    async def take(stream: ByteStream) -> None:
        nonlocal taken
        async for data in stream:
            taken += len(data)
            if taken == len(MUCH):
                all_taken.set()

    async with connected(take) as connection:
        connection.write(Payload(MUCH))
        await connection.drain(timeout)
        await all_taken.wait()

    assert taken == len(MUCH)


async def test_a_server_that_leaves_in_the_middle_is_an_error() -> None:
    async def leave(stream: ByteStream) -> None:
        await stream.receive()

    async with connected(leave) as connection:
        with pytest.raises(OSError, match=r".+"):
            for _ in range(10):
                await send(connection, MUCH)


async def test_draining_without_having_written_does_nothing() -> None:
    async with connected(silence) as connection:
        await connection.drain(0)


async def test_what_arrives_and_is_not_read_stops_arriving() -> None:
    total, sent = 64_000_000, 0

    async def serve(stream: ByteStream) -> None:
        nonlocal sent
        while sent < total:
            await stream.send(MUCH[:100_000])
            sent += 100_000
        await stream.aclose()

    async with connected(serve) as connection:
        before, unchanged = -1, 0
        while unchanged < 100:  # turns of the loop in which nothing more was sent
            await anyio.lowlevel.checkpoint()
            unchanged = unchanged + 1 if sent == before else 0
            before = sent
        held = sent

        assert held < total
        assert await received(connection) == total


async def test_a_closed_connection_is_stale_and_sends_nothing() -> None:
    async with connected(silence) as connection:
        connection.close()
        await anyio.lowlevel.checkpoint()

        assert connection.is_stale()
        with pytest.raises(OSError, match=r".+"):
            await send(connection, b"x")


async def test_another_thread_can_close_it() -> None:
    async with loopback(silence) as server:
        connection = await connect(server.port)
        await server.until_open(1)
        thread = threading.Thread(target=connection.close)
        thread.start()
        thread.join()
        await server.until_open(0)

        assert connection.is_stale()


@only_linux
def test_it_can_be_closed_after_its_event_loop_has_ended(
    anyio_backend: tuple[str, dict[str, Any]],
) -> None:
    name, options = anyio_backend
    kept: list[Connection] = []

    async def leave_open() -> None:
        async with loopback(silence) as server:
            kept.append(await connect(server.port))

    before = open_sockets()
    anyio.run(leave_open, backend=name, backend_options=options)
    for connection in kept:
        connection.close()

    assert open_sockets() == before


@only_linux
async def test_a_forked_process_closes_its_copy() -> None:
    async with loopback(silence) as server:
        connection = await connect(server.port)
        before = open_sockets()
        connection.forget()
        connection.forget()

        assert open_sockets() == before - 1
        connection.close()  # so that this process's event loop lets go of it, too


def test_a_payload_does_not_show_its_bytes() -> None:
    assert repr(Payload(b"Authorization: Basic x")) == "<22 bytes>"
