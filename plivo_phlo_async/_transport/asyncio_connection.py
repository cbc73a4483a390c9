"""A connection on asyncio and uvloop.

It is a protocol, which costs less than half of a stream: a request is one write, a response mostly
one wake-up, and a timeout one timer.
"""

from __future__ import annotations

import contextlib
import math
import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import anyio

from .._event_loop import running_loop
from .connection import Payload, check_alpn, close_in_loop, is_readable

if TYPE_CHECKING:
    import asyncio

__all__ = ["AsyncioConnection"]

_MOST_UNREAD = 256 * 1024  # bytes; a response of Plivo's has about a hundred


class AsyncioConnection:
    """A connection on asyncio, and the `asyncio.Protocol` below it.

    The transport pushes; `receive` returns what is there, or waits for the next push.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.loop: asyncio.AbstractEventLoop = running_loop()
        self.origin: Any = None
        self.is_new = True
        self._sock = sock
        self._transport: asyncio.Transport
        self._unread = bytearray()
        self._ended = False
        self._broken: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._full = self._paused = False
        self._read_timer = _Timer(self.loop, self._on_read_timeout)
        self._idle_timer = _Timer(self.loop, self._on_keepalive_expired)

    @classmethod
    async def over(cls, sock: socket.socket) -> AsyncioConnection:
        """Return the connection over a connected socket."""
        self = cls(sock)
        await self.loop.create_connection(lambda: cast("asyncio.Protocol", self), sock=sock)
        return self

    # What asyncio's transport calls.

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

    def write(self, payload: Payload) -> None:
        self._raise_if_broken()
        if self._transport.is_closing():  # uvloop's own error is no OSError
            raise OSError("the connection is closed")
        self._idle_timer.clear()
        self._transport.write(payload.data)

    async def drain(self, timeout: float | None) -> None:
        if self._full:
            self._writer = self.loop.create_future()
            with anyio.fail_after(timeout):
                await self._writer
            self._raise_if_broken()

    async def receive(self, timeout: float | None) -> bytes:
        if not self._unread and not self._ended:
            self._reader = self.loop.create_future()
            if timeout is not None:
                self._read_timer.set(self.loop.time() + timeout)
            try:
                await self._reader
            finally:
                self._read_timer.clear()
        if not self._unread:
            self._raise_if_broken()
        data = bytes(self._unread)
        self._unread.clear()
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        self._raise_if_broken()
        if self._unread or self._ended:  # plain text must not pass for a response
            raise OSError("the server closed the connection, or spoke first, before TLS began")
        transport = await self.loop.start_tls(
            self._transport, cast("asyncio.Protocol", self), context, server_hostname=host
        )
        if transport is None:  # the connection was lost in the handshake
            raise ConnectionResetError("the connection was closed in the handshake")
        self._transport = transport
        check_alpn(transport.get_extra_info("ssl_object"))

    def is_stale(self) -> bool:
        return (
            bool(self._unread)
            or self._ended
            or self._transport.is_closing()
            or is_readable(self._sock)
        )

    def start_keepalive(self, seconds: float) -> None:
        self.is_new = False
        self._idle_timer.set(self.loop.time() + seconds)

    def close(self) -> None:
        close_in_loop(self.loop, self._sock, self._abort)

    def forget(self) -> None:
        with contextlib.suppress(OSError):  # it may be closed already
            socket.close(self._sock.detach())  # uvloop defers the socket's own `close`

    def _abort(self) -> None:
        self._read_timer.cancel()
        self._idle_timer.cancel()
        self._transport.abort()

    def _on_read_timeout(self) -> None:
        _time_out(self._reader)

    def _on_keepalive_expired(self) -> None:
        self._transport.abort()

    def _raise_if_broken(self) -> None:
        if self._broken is not None:
            raise self._broken if isinstance(self._broken, OSError) else OSError(str(self._broken))


class _Timer:
    """A timer that is cheap to postpone, which each request does.

    The event loop's own timer keeps running; when it fires, it compares the time.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop, self._callback = loop, callback
        self._due = math.inf
        self._at = math.inf
        self._handle: asyncio.TimerHandle | None = None

    def set(self, due: float) -> None:
        """Call back when the event loop's time is `due`."""
        self._due = due
        if due < self._at:
            self._schedule()

    def clear(self) -> None:
        """Do not call back."""
        self._due = math.inf

    def cancel(self) -> None:
        """Do not call back, and cancel the event loop's timer."""
        self.clear()
        if self._handle is not None:
            self._handle.cancel()
        self._handle, self._at = None, math.inf

    def _schedule(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._at = self._due
        self._handle = self._loop.call_at(self._at, self._fire)

    def _fire(self) -> None:
        self._handle, self._at = None, math.inf
        if self._due <= self._loop.time():
            self.clear()
            self._callback()
        elif self._due < math.inf:
            self._schedule()


def _wake(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


def _time_out(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_exception(TimeoutError())
