"""Bytes to and from the server: on asyncio by a protocol of its own, elsewhere through anyio.

The asyncio stream costs less than half of a general one: a request is one write, an answer mostly
one wake-up, and a timeout one timer. asyncio itself is imported by whoever runs on it.
"""

from __future__ import annotations

import math
import select
import socket
import ssl
from typing import TYPE_CHECKING, Any, Protocol, cast

import anyio

if TYPE_CHECKING:
    import asyncio

    from anyio.abc import ByteStream

__all__ = ["Stream", "connect"]

_MOST_UNREAD = 256 * 1024  # bytes; an answer of Plivo's has about a hundred


class Stream(Protocol):
    """A connection, as the pool needs it. Timeouts are in seconds, None for none."""

    async def send(self, data: bytes, timeout: float | None) -> None:
        """Send all of `data`; raises `TimeoutError` or `OSError`."""

    async def receive(self, timeout: float | None) -> bytes:
        """What has come, b"" at the end; raises `TimeoutError` or `OSError`."""

    def is_stale(self) -> bool:
        """Whether the server has ended it, or said something nobody asked for."""

    def rest(self, seconds: float) -> None:
        """Nothing is sent for a while: end it after so long, where the event loop has timers."""

    async def aclose(self) -> None:
        """End it now, with no farewell, even if cancelled."""


async def connect(
    host: str, port: int, tls: ssl.SSLContext | None, timeout: float | None
) -> Stream:
    """A new connection; raises `TimeoutError` or `OSError` (`ssl.SSLError` is one)."""
    with anyio.fail_after(timeout) as scope:
        loop = _running_asyncio()
        if loop is not None:
            return await _connect_asyncio(loop, host, port, tls, scope.deadline)
        return await _connect_anyio(host, port, tls)


def _running_asyncio() -> asyncio.AbstractEventLoop | None:
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


async def _connect_asyncio(
    loop: asyncio.AbstractEventLoop,
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    until: float,
) -> Stream:
    sock = await _connected_socket(loop, host, port, until)
    try:
        stream = _AsyncioStream(loop)
        await loop.create_connection(
            lambda: cast("asyncio.Protocol", stream),
            sock=sock,
            ssl=tls,
            server_hostname=host if tls else None,
        )
    except BaseException:
        sock.close()
        raise
    return stream


async def _connected_socket(
    loop: asyncio.AbstractEventLoop, host: str, port: int, until: float
) -> socket.socket:
    """A socket to the first address that answers, each given its share of the time.

    asyncio's own race between addresses leaves a socket open when it is cancelled.
    """
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure: OSError = TimeoutError()
    for number, (family, kind, protocol, _, address) in enumerate(found):
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            with anyio.fail_after((until - loop.time()) / (len(found) - number)):
                await loop.sock_connect(sock, address)
            return sock
        except BaseException as error:
            sock.close()
            if not isinstance(error, OSError):
                raise
            failure = error
    raise failure


async def _connect_anyio(host: str, port: int, tls: ssl.SSLContext | None) -> Stream:
    if tls is None:
        return _AnyioStream(await anyio.connect_tcp(host, port))
    return _AnyioStream(
        await anyio.connect_tcp(
            host, port, tls=True, ssl_context=tls, tls_standard_compatible=False
        )
    )


def _is_readable(connection: Any) -> bool:
    if not hasattr(select, "poll"):  # Windows, where select has no limit on numbers
        return bool(select.select([connection], [], [], 0)[0])
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


class _AsyncioStream:
    """An `asyncio.Protocol`, as asyncio asks: by its methods.

    The transport pushes; whoever receives takes what is there, or waits for the next push.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._unread = bytearray()
        self._ended = False
        self._broken: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._full = self._paused = False
        self._rests_until = math.inf
        self._timer: asyncio.TimerHandle | None = None

    # What the transport calls.

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if len(self._unread) > _MOST_UNREAD:
            self._paused = True
            self._transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> None:
        self._ended = True
        _wake(self._reader)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._broken = True, exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        _wake(self._writer)

    # What the pool calls.

    async def send(self, data: bytes, timeout: float | None) -> None:
        self._raise_if_broken()
        self._rests_until = math.inf
        self._transport.write(data)
        if self._full:
            self._writer = self._loop.create_future()
            await self._wait(self._writer, timeout)
            self._raise_if_broken()

    async def receive(self, timeout: float | None) -> bytes:
        if not self._unread and not self._ended:
            self._reader = self._loop.create_future()
            await self._wait(self._reader, timeout)
        if not self._unread:
            self._raise_if_broken()
        data = bytes(self._unread)
        self._unread.clear()
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return data

    def is_stale(self) -> bool:
        return (
            bool(self._unread)
            or self._ended
            or self._loop.is_closed()
            or self._transport.is_closing()
            or _is_readable(self._transport.get_extra_info("socket"))
        )

    def rest(self, seconds: float) -> None:
        self._rests_until = self._loop.time() + seconds
        if self._timer is None:  # one runs on while requests come and go
            self._timer = self._loop.call_at(self._rests_until, self._end_of_rest)

    async def aclose(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._transport.abort()

    def _end_of_rest(self) -> None:
        self._timer = None
        if self._rests_until <= self._loop.time():
            self._transport.abort()
        elif self._rests_until < math.inf:
            self._timer = self._loop.call_at(self._rests_until, self._end_of_rest)

    def _raise_if_broken(self) -> None:
        if self._broken is not None:
            raise OSError(str(self._broken)) from self._broken

    async def _wait(self, future: asyncio.Future[None], timeout: float | None) -> None:
        if timeout is None:
            await future
            return
        timer = self._loop.call_later(timeout, _time_out, future)
        try:
            await future
        finally:
            timer.cancel()


def _wake(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


def _time_out(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_exception(TimeoutError())


class _AnyioStream:
    """Any other event loop's stream."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    async def send(self, data: bytes, timeout: float | None) -> None:
        with anyio.fail_after(timeout):
            try:
                await self._stream.send(data)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
                raise _as_os_error(error) from error

    async def receive(self, timeout: float | None) -> bytes:
        with anyio.fail_after(timeout):
            try:
                return await self._stream.receive()
            except anyio.EndOfStream:
                return b""
            except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
                raise _as_os_error(error) from error

    def is_stale(self) -> bool:
        return _is_readable(self._stream.extra(anyio.abc.SocketAttribute.raw_socket))

    def rest(self, seconds: float) -> None:
        """There is no timer."""

    async def aclose(self) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.aclose_forcefully(self._stream)


def _as_os_error(error: Exception) -> OSError:
    """What broke below: anyio's own errors carry it as their cause."""
    cause = error.__cause__
    return cause if isinstance(cause, OSError) else OSError(str(cause or error))
