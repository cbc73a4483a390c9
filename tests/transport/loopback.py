"""A server on a loopback socket in the test's own event loop, and what the tests ask of it."""

from __future__ import annotations

import gc
import os
import socket
import ssl
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import httpcore
import pytest
import trustme
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.tls import TLSListener

from plivo_phlo_async._transport.connect import Origin, open_connection
from plivo_phlo_async._transport.connection import Connection
from plivo_phlo_async._transport.connection_pool import ConnectionPool

__all__ = [
    "ANSWER",
    "BACKENDS",
    "CA",
    "Clock",
    "Serve",
    "Server",
    "answer_all",
    "ask",
    "client_tls",
    "connect",
    "connected",
    "loopback",
    "only_linux",
    "open_sockets",
    "read_request",
    "reset_on_close",
    "server_tls",
    "silence",
    "until_open_sockets",
    "unused_port",
]

BACKENDS = [
    pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
    pytest.param(
        ("asyncio", {"use_uvloop": True}),
        id="uvloop",
        marks=pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not for Windows"),
    ),
    pytest.param(("trio", {}), id="trio"),
]
ANSWER = b'HTTP/1.1 201 Created\r\nContent-Length: 12\r\n\r\n{"api_id":1}'
TIMEOUT = {"connect": 5.0, "write": 5.0, "read": 5.0}
Serve = Callable[[ByteStream], Awaitable[None]]


async def answer_all(stream: ByteStream) -> None:
    while await read_request(stream):
        await stream.send(ANSWER)


async def silence(stream: ByteStream) -> None:
    async for _ in stream:
        pass


async def read_request(stream: ByteStream) -> tuple[bytes, bytes] | None:
    """Return a request's head and body; None at the end."""
    reader = BufferedByteReceiveStream(stream)
    try:
        head = await reader.receive_until(b"\r\n\r\n", 65536)
    except (anyio.IncompleteRead, anyio.EndOfStream):
        return None
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return head, await reader.receive_exactly(length) if length else b""


class Server:
    """How it serves a connection may be changed between two."""

    def __init__(self, serve: Serve) -> None:
        self.serve = serve
        self.connections = self.open = 0
        self.port = 0

    async def __call__(self, stream: ByteStream) -> None:
        self.connections += 1
        self.open += 1
        try:
            await self.serve(stream)
        except (anyio.BrokenResourceError, anyio.EndOfStream):
            pass
        finally:
            with anyio.move_on_after(1, shield=True):
                await stream.aclose()
                await anyio.lowlevel.checkpoint()  # asyncio closes a socket a turn later
            self.open -= 1

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def secure_url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    async def until_open(self, connections: int) -> None:
        with anyio.fail_after(60):
            while self.open != connections:
                await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def loopback(
    serve: Serve = answer_all, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    server = Server(serve)
    tcp = await anyio.create_tcp_listener(local_host="127.0.0.1")
    server.port = tcp.extra(SocketAttribute.local_port)
    listener = tcp if tls is None else _Quiet(tcp, tls, standard_compatible=False)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, server)
        yield server
        group.cancel_scope.cancel()


async def _ignore_trace(event: str, info: dict[str, Any]) -> None:
    pass


async def connect(port: int) -> Connection:
    """A connection without a pool."""
    origin = Origin(b"http", b"127.0.0.1", port)
    return await open_connection(origin, client_tls, None, 5, _ignore_trace)


@asynccontextmanager
async def connected(serve: Serve) -> AsyncIterator[Connection]:
    """A connection to a server that serves it so, for at most ten seconds."""
    async with loopback(serve) as server:
        connection = await connect(server.port)
        with anyio.fail_after(60):
            yield connection
        connection.close()


class _Quiet(TLSListener):
    @staticmethod
    async def handle_handshake_error(exc: BaseException, stream: Any) -> None:
        await anyio.aclose_forcefully(stream)


CA = trustme.CA()


def server_tls(
    *names: str, authority: trustme.CA = CA, alpn: list[str] | None = None, **options: Any
) -> ssl.SSLContext:
    """Return a server's context with a certificate for `names`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names or ("127.0.0.1",), **options).configure_cert(context)
    if alpn is not None:
        context.set_alpn_protocols(alpn)
    return context


def client_tls() -> ssl.SSLContext:
    """Return a client's context that trusts our authority."""
    context = ssl.create_default_context()
    CA.configure_trust(context)
    context.set_alpn_protocols(["http/1.1"])
    return context


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


async def ask(
    pool: ConnectionPool,
    url: str,
    content: bytes = b"",
    timeout: dict[str, float] = TIMEOUT,
    trace: Callable[[str, dict[str, Any]], Awaitable[None]] | None = None,
) -> bytes:
    """Return the body of an answer."""
    request = httpcore.Request(
        "POST",
        url,
        headers=[(b"Host", b"x"), (b"Content-Length", b"%d" % len(content))],
        content=content,
        extensions={"timeout": timeout, "trace": trace},
    )
    response = await pool.handle_async_request(request)
    try:
        return await response.aread()
    finally:
        await response.aclose()


async def until_open_sockets(count: int) -> None:
    """Wait until this process has so many sockets open: event loops close them a turn later."""
    with anyio.fail_after(60):
        while open_sockets() != count:
            await anyio.lowlevel.checkpoint()
    gc.collect()  # a socket that was only forgotten is a ResourceWarning


def reset_on_close(stream: ByteStream) -> None:
    """Have a connection reset when it is closed."""
    raw = stream.extra(SocketAttribute.raw_socket)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def unused_port() -> int:
    """Return a port on which nothing listens."""
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        return int(listener.extra(SocketAttribute.local_port))


only_linux = pytest.mark.skipif(sys.platform != "linux", reason="counts what /proc/self/fd lists")


def open_sockets() -> int:
    """Return how many sockets this process has open."""
    count = 0
    for number in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the listing's own
            count += os.readlink(f"/proc/self/fd/{number}").startswith("socket:")
    return count
