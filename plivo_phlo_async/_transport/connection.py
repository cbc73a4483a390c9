"""One connection: bytes to and from the server, on asyncio (uvloop too) and on trio.

On asyncio it is a protocol, which costs less than half of a stream: a request is one write, a
response mostly one wake-up, and a timeout one timer.
"""

from __future__ import annotations

import contextlib
import math
import select
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import anyio

from .event_loop import call_soon, running_loop

if TYPE_CHECKING:
    import asyncio

    import trio

__all__ = ["Connection", "Payload", "wrap"]

_T = TypeVar("_T")
_MOST_UNREAD = 256 * 1024  # bytes; a response of Plivo's has about a hundred


class Payload:
    """Bytes to send, which tracebacks with local variables do not show."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"<{len(self.data)} bytes>"


class Connection(Protocol):
    """A connection, which belongs to the event loop that opened it.

    Timeouts are in seconds; None is no timeout.

    Attributes:
        loop: the event loop.
        origin: the server; the pool sets it.
        is_new: whether it has served no request yet.
    """

    loop: Any
    origin: Any
    is_new: bool

    def write(self, payload: Payload) -> None:
        """Write all bytes; on trio, `drain` sends them."""

    async def drain(self, timeout: float | None) -> None:
        """Wait until everything written is sent; raises `TimeoutError` or `OSError`."""

    async def receive(self, timeout: float | None) -> bytes:
        """Return the bytes received, b"" at the end; raises `TimeoutError` or `OSError`."""

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Start TLS; raises `OSError` (`ssl.SSLError` is one)."""

    def is_stale(self) -> bool:
        """Return whether the server has closed it or has sent unsolicited data."""

    def start_keepalive(self, seconds: float) -> None:
        """Close it if it is still idle after `seconds`, where the event loop has timers."""

    def close(self) -> None:
        """Close it at once, from any thread and event loop."""

    def forget(self) -> None:
        """Close this process's copy of a connection of the parent process."""


async def wrap(sock: socket.socket) -> Connection:
    """Return a connection over a connected, non-blocking socket, which is closed on failure."""
    if hasattr(running_loop(), "call_soon_threadsafe"):
        return await AsyncioConnection.over(sock)
    return TrioConnection(sock)


def _is_readable(sock: socket.socket) -> bool:
    if not hasattr(select, "poll"):  # Windows, where select has no limit on numbers
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _check_alpn(ssl_object: Any) -> None:
    """Refuse a protocol other than HTTP/1.1, which a shared TLS context may have negotiated."""
    agreed = ssl_object.selected_alpn_protocol()
    if agreed not in {None, "http/1.1", "http/1.0"}:
        raise OSError(f"TLS agreed on {agreed}, not on http/1.1; give an SSLContext of your own")


def _shut(sock: socket.socket) -> None:
    """Shut both directions down, so that the loop that owns the socket sends nothing more."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


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
        _check_alpn(transport.get_extra_info("ssl_object"))

    def is_stale(self) -> bool:
        return (
            bool(self._unread)
            or self._ended
            or self._transport.is_closing()
            or _is_readable(self._sock)
        )

    def start_keepalive(self, seconds: float) -> None:
        self.is_new = False
        self._idle_timer.set(self.loop.time() + seconds)

    def close(self) -> None:
        if _is_running_here(self.loop):
            self._abort()
            return
        _shut(self._sock)
        if not call_soon(self.loop, self._abort):
            self._sock.close()

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


def _is_running_here(loop: Any) -> bool:
    try:
        return running_loop() is loop
    except RuntimeError:
        return False


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


class TrioConnection:
    """A connection on trio."""

    def __init__(self, sock: socket.socket) -> None:
        import trio

        self.loop = running_loop()
        self.origin: Any = None
        self.is_new = True
        self._trio = trio
        self._sock = sock
        self._stream: trio.SocketStream | _TrioTls = trio.SocketStream(
            trio.socket.from_stdlib_socket(sock)
        )
        self._payload: Payload | None = None

    def write(self, payload: Payload) -> None:
        self._payload = payload

    async def drain(self, timeout: float | None) -> None:
        payload, self._payload = self._payload, None
        if payload is None:
            return
        with anyio.fail_after(timeout), _os_errors():
            # A view, since the frames below would show bytes in a traceback.
            await self._stream.send_all(memoryview(payload.data))

    async def receive(self, timeout: float | None) -> bytes:
        with anyio.fail_after(timeout), _os_errors():
            return bytes(await self._stream.receive_some(65536))

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        stream = _TrioTls(self._stream, context, host)
        with _os_errors():
            await stream.do_handshake()
        self._stream = stream
        _check_alpn(stream.ssl_object)

    def is_stale(self) -> bool:
        if self._sock.fileno() < 0 or _is_readable(self._sock):
            return True
        return isinstance(self._stream, _TrioTls) and self._stream.has_unread()

    def start_keepalive(self, seconds: float) -> None:
        self.is_new = False  # trio has no timers; the pool closes it at its next request

    def close(self) -> None:
        if _is_running_here(self.loop):
            self._close()
            return
        _shut(self._sock)
        if not call_soon(self.loop, self._close):
            self._sock.close()

    def forget(self) -> None:
        self._sock.close()

    def _close(self) -> None:
        if self._sock.fileno() >= 0:
            self._trio.lowlevel.notify_closing(self._sock)
            self._sock.close()


class _TrioTls:
    """TLS over a trio stream.

    Unlike `trio.SSLStream`, it knows whether there is unread data.
    """

    def __init__(
        self, below: trio.SocketStream | _TrioTls, context: ssl.SSLContext, host: str
    ) -> None:
        self._below = below
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.ssl_object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    async def do_handshake(self) -> None:
        await self._do(self.ssl_object.do_handshake)

    async def send_all(self, data: bytes | memoryview) -> None:
        await self._do(lambda: self.ssl_object.write(data))

    async def receive_some(self, most: int) -> bytes:
        try:
            return await self._do(lambda: self.ssl_object.read(most))
        except ssl.SSLEOFError:  # servers commonly close without close_notify
            return b""

    def has_unread(self) -> bool:
        """Return whether there is data to read, or the end."""
        try:
            self.ssl_object.read(1)
        except ssl.SSLError as error:
            return not isinstance(error, ssl.SSLWantReadError)
        return True

    async def _do(self, work: Callable[[], _T]) -> _T:
        """Do `work`, and send and receive what it needs."""
        while True:
            try:
                result = work()
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self._below.receive_some(65536)
                self._incoming.write(data) if data else self._incoming.write_eof()
            else:
                await self._flush()
                return result

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            await self._below.send_all(data)


@contextlib.contextmanager
def _os_errors() -> Iterator[None]:
    """Raise the `OSError` that trio's errors have as their cause.

    trio's own are dropped: their frames hold the bytes that could not be sent.
    """
    import trio

    try:
        yield
    except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
        cause = error.__cause__
        broken = cause if isinstance(cause, OSError) else OSError(str(error))
        raise broken.with_traceback(None) from None
