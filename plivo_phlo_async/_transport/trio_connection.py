"""A connection on trio. Import it on trio only: it imports trio."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import anyio
import trio

from .._event_loop import running_loop
from .connection import Payload, check_alpn, close_in_loop, is_readable

__all__ = ["TrioConnection"]

_T = TypeVar("_T")


class TrioConnection:
    """A connection on trio."""

    def __init__(self, sock: socket.socket) -> None:
        self.loop = running_loop()
        self.origin: Any = None
        self.is_new = True
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
        check_alpn(stream.ssl_object)

    def is_stale(self) -> bool:
        if self._sock.fileno() < 0 or is_readable(self._sock):
            return True
        return isinstance(self._stream, _TrioTls) and self._stream.has_unread()

    def start_keepalive(self, seconds: float) -> None:
        self.is_new = False  # trio has no timers; the pool closes it at its next request

    def close(self) -> None:
        close_in_loop(self.loop, self._sock, self._close)

    def forget(self) -> None:
        self._sock.close()

    def _close(self) -> None:
        if self._sock.fileno() >= 0:
            trio.lowlevel.notify_closing(self._sock)
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
    try:
        yield
    except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
        cause = error.__cause__
        broken = cause if isinstance(cause, OSError) else OSError(str(error))
        raise broken.with_traceback(None) from None
