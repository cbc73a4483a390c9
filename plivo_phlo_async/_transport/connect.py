"""Open a connection: race the addresses, pass a proxy, start TLS.

No failure and no cancellation leaves a socket open.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import ExitStack, asynccontextmanager
from typing import Any, NamedTuple

import anyio
import httpcore
from attrs import field, frozen

from .._event_loop import running_loop
from .asyncio_connection import AsyncioConnection
from .connection import Connection, Payload
from .http1 import ResponseParser

__all__ = ["HttpProxy", "Origin", "Report", "Tls", "head", "open_connection"]

_HEAD_START = 0.25  # seconds before the next address is tried as well (RFC 8305, section 5)

Report = Callable[[str, dict[str, Any]], Awaitable[None]]
Tls = Callable[[], ssl.SSLContext]


class Origin(NamedTuple):
    """The server that a connection leads to."""

    scheme: bytes
    host: bytes
    port: int

    @property
    def is_secure(self) -> bool:
        """Whether the connection uses TLS."""
        return self.scheme == b"https"


@frozen
class HttpProxy:
    """An HTTP proxy: requests to http are forwarded, for https it opens a tunnel."""

    origin: Origin
    headers: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    tls: ssl.SSLContext | None = None


async def open_connection(
    origin: Origin,
    tls: Tls,
    proxy: HttpProxy | None,
    timeout: float | None,
    report: Report,
) -> Connection:
    """Return a new connection.

    Args:
        origin: the server.
        tls: returns the TLS context for https.
        proxy: the proxy, if there is one.
        timeout: seconds for each step: to connect, to open the tunnel, to start TLS.
        report: called with httpcore's trace events.

    Raises:
        httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.ProxyError: it failed.
    """
    first = origin if proxy is None else proxy.origin
    connection: Connection | None = None
    try:
        info = {"host": first.host.decode(), "port": first.port}
        async with _step("connection.connect_tcp", report, timeout, info):
            connection = await _connect_tcp(first)
        if proxy is not None:
            if first.is_secure:
                await _start_tls(connection, first, proxy.tls or tls(), timeout, report)
            if origin.is_secure:
                async with _step("proxy.connect_tunnel", report, timeout, {}):
                    await _open_tunnel(connection, origin, proxy)
        if origin.is_secure:
            await _start_tls(connection, origin, tls(), timeout, report)
    except BaseException:
        if connection is not None:
            connection.close()
        raise
    return connection


async def _start_tls(
    connection: Connection,
    origin: Origin,
    tls: ssl.SSLContext,
    timeout: float | None,
    report: Report,
) -> None:
    host = origin.host.decode()
    async with _step("connection.start_tls", report, timeout, {"host": host}):
        await connection.start_tls(tls, host)


@asynccontextmanager
async def _step(
    name: str, report: Report, timeout: float | None, info: dict[str, Any]
) -> AsyncIterator[None]:
    """Bound and report a step; raise its failures as httpcore's errors."""
    await report(f"{name}.started", info)
    try:
        with anyio.fail_after(timeout):
            yield
    except (OSError, httpcore.ProtocolError, httpcore.ProxyError) as error:
        await report(f"{name}.failed", {"exception": error})
        if isinstance(error, TimeoutError):
            raise httpcore.ConnectTimeout(f"no connection within {timeout} s") from error
        if isinstance(error, OSError):
            raise httpcore.ConnectError(str(error) or type(error).__name__) from error
        raise httpcore.ProxyError(str(error)) from error
    await report(f"{name}.complete", {})


async def _open_tunnel(connection: Connection, origin: Origin, proxy: HttpProxy) -> None:
    connection.write(_connect_request(origin, proxy))
    await connection.drain(None)
    parser = ResponseParser(b"CONNECT")
    while parser.status is None:
        parser.feed(await connection.receive(None))
    if not 200 <= parser.status < 300:
        raise httpcore.ProxyError(f"{parser.status} {parser.reason.decode('latin-1')}".strip())


def _connect_request(origin: Origin, proxy: HttpProxy) -> Payload:
    host = b"[%b]" % origin.host if b":" in origin.host else origin.host
    target = b"%b:%d" % (host, origin.port)
    headers = [(b"Host", target), (b"Accept", b"*/*"), *proxy.headers]
    return Payload(head(b"CONNECT", target, headers))


def head(method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return a request's head: the request line, the headers and the blank line.

    Raises:
        httpcore.LocalProtocolError: an element holds a line break or a NUL.
    """
    lines = [b"%b %b HTTP/1.1" % (method, target)]
    lines += [b"%b: %b" % (name, value) for name, value in headers]
    whole = b"\r\n".join([*lines, b"", b""])
    if not whole.count(b"\r") == whole.count(b"\n") == len(lines) + 1 or b"\0" in whole:
        raise httpcore.LocalProtocolError("the request's headers hold a control character")
    return whole


# Addresses

_Address = tuple[Any, Any, int, str, Any]


async def _connect_tcp(origin: Origin) -> Connection:
    host = origin.host.decode()
    found = await anyio.getaddrinfo(host, origin.port, type=socket.SOCK_STREAM)
    return await _wrap(await _race(_interleaved(found)))


async def _wrap(sock: socket.socket) -> Connection:
    """Return a connection over a connected, non-blocking socket, which is closed on failure."""
    if hasattr(running_loop(), "call_soon_threadsafe"):
        return await AsyncioConnection.over(sock)
    from .trio_connection import TrioConnection

    return TrioConnection(sock)


def _interleaved(found: list[_Address]) -> list[_Address]:
    """Return the addresses with alternating families, so that a broken family costs one wait."""
    first = [each for each in found if each[0] == found[0][0]]
    other = [each for each in found if each[0] != found[0][0]]
    in_turn = []
    while first or other:
        for family in (first, other):
            if family:
                in_turn.append(family.pop(0))
    return in_turn


async def _race(addresses: list[_Address]) -> socket.socket:
    """Return a socket connected to the address that answers first.

    The next attempt starts when one fails, or after the head start.
    """
    if len(addresses) == 1:
        return await _connect(addresses[0])
    winners: list[socket.socket] = []
    failures: list[OSError] = []

    async def attempt(address: _Address, over: anyio.Event) -> None:
        try:
            winners.append(opened.enter_context(await _connect(address)))
        except OSError as error:
            failures.append(error)
        else:
            group.cancel_scope.cancel()
        finally:
            over.set()

    with ExitStack() as opened:  # two may connect at once, and the task may be cancelled
        async with anyio.create_task_group() as group:
            for address in addresses:
                over = anyio.Event()
                group.start_soon(attempt, address, over)
                with anyio.move_on_after(_HEAD_START if address is not addresses[-1] else None):
                    await over.wait()
        if not winners:
            raise OSError("; ".join(map(str, failures)))
        winner = socket.socket(fileno=winners[0].detach())
    winner.setblocking(False)
    return winner


async def _connect(address: _Address) -> socket.socket:
    family, kind, protocol, _, where = address
    loop = running_loop()
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        if hasattr(loop, "sock_connect"):
            await loop.sock_connect(sock, where)
        else:
            import trio

            await trio.socket.from_stdlib_socket(sock).connect(where)
    except OSError as error:
        sock.close()
        raise OSError(f"{where[0]}: {os.strerror(error.errno or 0)}") from error
    except BaseException:
        sock.close()
        raise
    return sock
