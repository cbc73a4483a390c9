"""The pool: connections by origin and event loop, acquired and released in constant time.

It has the interface of httpcore's pool and takes its place below `httpx.AsyncHTTPTransport`.
httpcore's pool looks at every connection for every request, and leaks slots when requests are
cancelled in its queue. This one has no queue: the client's slots bound the concurrent requests. The
connection released last is used first, so that a quiet service keeps few of them.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import anyio
import httpcore

from .._event_loop import LoopEnd, is_over, on_fork, running_loop
from .connect import HttpProxy, Origin, Report, Tls, head, open_connection
from .connection import Connection, Payload
from .http1 import ResponseParser
from .send_trace import HANDSHAKE_REFUSED

__all__ = ["ConnectionPool"]

KEEPALIVE = 4.0  # seconds; servers commonly close idle connections after 5, and some announce when
_PORTS = {b"http": 80, b"https": 443}
_Key = tuple[Any, Origin]
Open = Callable[
    [Origin, Tls, HttpProxy | None, float | None, Report],
    Awaitable[Connection],
]


class ConnectionPool:
    """A pool of HTTP/1.1 connections, for asyncio and trio, for any number of event loops.

    Args:
        tls: returns the TLS context for https; called when it is first needed.
        proxy: the proxy for every origin, if there is one.
        keepalive: the most seconds for which an idle connection is kept.
        open_connection: opens a connection.
        clock: returns the time in seconds.
    """

    def __init__(
        self,
        tls: Tls,
        proxy: HttpProxy | None = None,
        *,
        keepalive: float = KEEPALIVE,
        open_connection: Open = open_connection,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tls, self._proxy, self._keepalive = tls, proxy, keepalive
        self._open, self.clock = open_connection, clock
        self._closed = False
        self._idle: dict[_Key, deque[tuple[float, Connection]]] = {}
        self._busy: set[Connection] = set()
        self._ends: dict[Any, LoopEnd] = {}
        self._lock = threading.RLock()
        on_fork(self)

    def after_fork(self) -> None:
        """Close this process's copies of the parent's connections, without a word to the server."""
        self._lock = threading.RLock()
        for connection in self._take_all():
            connection.forget()
        self._stop_watching()

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request and return its response once status and headers are there.

        The request's body is read first and written in one piece; the response's body is streamed.
        Timeouts come in the request's extensions: `connect` for each step of opening a connection,
        `write` for sending, `read` for each read, `answer` for the whole response, however slowly
        it arrives. `trace` is called with httpcore's events.
        """
        report: Report = request.extensions.get("trace") or _no_report
        timeout = request.extensions.get("timeout", {})
        await report("connection_pool.acquire.started", {"request": request})
        origin, payload = _origin(request.url), await self._payload_of(request)
        connection = await self._acquire(origin, timeout.get("connect"), report)
        response = _ResponseStream(self, connection, request.method, timeout, report)
        try:
            self._refuse_if_closed()
            await report("http11.send_request_headers.started", {"request": request})
            await response.send(payload)
            await response.read_head()
        except BaseException:
            self.discard(connection)
            raise
        parser = response.parser
        assert parser.status is not None
        return httpcore.Response(
            parser.status,
            headers=parser.headers,
            content=response,
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": parser.reason},
        )

    async def aclose(self) -> None:
        """Close every connection and begin no further request; works in any event loop."""
        with self._lock:
            self._closed = True
            for connection in self._take_all():  # their loops wait here before they end
                connection.close()
        self._stop_watching()
        await anyio.lowlevel.cancel_shielded_checkpoint()  # asyncio closes sockets a turn later

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    def release(self, connection: Connection, keepalive: int | None) -> None:
        """Make a connection idle.

        Args:
            connection: a connection whose response is complete.
            keepalive: seconds for which the server keeps an idle connection, if it says so.
        """
        seconds = self._keepalive if keepalive is None else min(self._keepalive, keepalive - 1)
        if seconds > 0:
            connection.start_keepalive(seconds)
            with self._lock:
                if connection in self._busy:  # else `aclose`, or the end of the loop, has closed it
                    self._busy.discard(connection)
                    idle = self._idle.setdefault((connection.loop, connection.origin), deque())
                    idle.append((self.clock() + seconds, connection))
                    return
        self.discard(connection)

    def discard(self, connection: Connection) -> None:
        """Close a connection that cannot serve another request."""
        self._busy.discard(connection)
        connection.close()

    async def _acquire(self, origin: Origin, timeout: float | None, report: Report) -> Connection:
        key = (running_loop(), origin)
        while (connection := self._pop_idle(key)) is not None:
            if not connection.is_stale():
                return connection
            self.discard(connection)
        self._refuse_if_closed()
        connection = await self._open(origin, self._tls, self._proxy, timeout, report)
        connection.origin = origin
        with self._lock:
            self._busy.add(connection)
            if key[0] not in self._ends:
                self._ends[key[0]] = LoopEnd(lambda: self._close_all_of(key[0]))
        return connection

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise httpcore.ConnectError("the connection pool is closed")

    def _pop_idle(self, key: _Key) -> Connection | None:
        """Return the connection released last; close those that are idle for too long."""
        now, found = self.clock(), None
        with self._lock:
            idle = self._idle.get(key, deque())
            expired = [] if idle else self._sweep()
            while idle and idle[0][0] <= now:
                expired.append(idle.popleft()[1])
            while idle and found is None:
                until, connection = idle.pop()
                if until > now:
                    found = connection
                    self._busy.add(connection)
                else:
                    expired.append(connection)
        for connection in expired:
            connection.close()
        return found

    def _sweep(self) -> list[Connection]:
        """Take out the connections of event loops that have ended without a shutdown."""
        over = [loop for loop in self._ends if is_over(loop)]
        return [connection for loop in over for connection in self._take_all_of(loop)]

    def _close_all_of(self, loop: Any) -> None:
        with self._lock:
            for connection in self._take_all_of(loop):
                connection.close()

    def _take_all_of(self, loop: Any) -> list[Connection]:
        self._ends.pop(loop, None)
        busy = [connection for connection in self._busy.copy() if connection.loop is loop]
        self._busy.difference_update(busy)
        keys = [key for key in self._idle if key[0] is loop]
        return [*busy, *(each for key in keys for _, each in self._idle.pop(key))]

    def _stop_watching(self) -> None:
        for end in list(self._ends.values()):
            end.close()

    def _take_all(self) -> list[Connection]:
        idle, self._idle = self._idle, {}
        busy, self._busy = self._busy, set()
        return [*busy, *(each for line in idle.values() for _, each in line)]

    async def _payload_of(self, request: httpcore.Request) -> Payload:
        stream = request.stream
        if isinstance(stream, Iterable):  # in memory, mostly
            return _payload(request, b"".join(stream), self._proxy)
        return _payload(request, b"".join([part async for part in stream]), self._proxy)


class _ResponseStream:
    """A response's body; closing it releases the connection, or discards it.

    The connection is discarded if the body was not read to its end or is followed by more data,
    which would be read as the response to the next request.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        connection: Connection,
        method: bytes,
        timeout: Mapping[str, float | None],
        report: Report,
    ) -> None:
        self.parser = ResponseParser(method)
        self._pool, self._connection, self._report = pool, connection, report
        self._timeout, whole = timeout, timeout.get("answer")
        self._until = None if whole is None else pool.clock() + whole
        self._is_late = self._closed = False
        self._broken: httpcore.RemoteProtocolError | None = None

    async def send(self, payload: Payload) -> None:
        """Send the request."""
        timeout = self._timeout.get("write")
        try:
            self._connection.write(payload)
            await self._connection.drain(timeout)
        except TimeoutError as error:
            raise httpcore.WriteTimeout(f"the request was not sent within {timeout} s") from error
        except OSError as error:
            try:
                await self._connection.receive(1.0)
            except OSError as reason:  # why the server has closed it
                await self._raise_if_refused(reason)
            raise httpcore.WriteError(str(error)) from error

    async def read_head(self) -> None:
        """Wait for status and headers."""
        try:
            while self.parser.status is None:
                await self._read_on()
        except httpcore.RemoteProtocolError as error:
            if self.parser.status is None:
                raise
            self._broken = error  # it came with the headers, but concerns the body

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while True:
            if part := self.parser.take():
                return part
            if self._broken is not None:
                raise self._broken
            if self.parser.complete:
                raise StopAsyncIteration
            await anyio.lowlevel.checkpoint_if_cancelled()  # a fast server never makes it wait
            await self._read_on()

    async def aclose(self) -> None:
        """Release the connection, or discard it."""
        if self._closed:
            return
        self._closed = True
        if self.parser.complete and self.parser.reusable:
            self._pool.release(self._connection, self.parser.keepalive)
        else:
            self._pool.discard(self._connection)

    async def _read_on(self) -> None:
        timeout = self._timeout.get("read")
        if self._until is not None:
            left = max(0.0, self._until - self._pool.clock())
            timeout = left if timeout is None else min(timeout, left)
        try:
            if self._is_late:
                raise TimeoutError
            self._is_late = timeout == 0  # what has arrived is still read, once
            self.parser.feed(await self._connection.receive(timeout))
        except TimeoutError as error:
            reason = str(error) or f"no whole answer within {self._timeout.get('read')} s"
            raise httpcore.ReadTimeout(reason) from error
        except OSError as error:
            await self._raise_if_refused(error)
            raise httpcore.ReadError(str(error)) from error

    async def _raise_if_refused(self, error: OSError) -> None:
        """Raise if the server ended the handshake because of the client's certificate.

        Under TLS 1.3 the client has finished by then, and may have sent its request. The server's
        TLS has not, so the server behind it never saw the request.
        """
        reason = str(getattr(error, "reason", ""))  # of an ssl.SSLError
        if (
            self._connection.is_new
            and self.parser.status is None
            and "ALERT" in reason
            and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason)
        ):
            await self._report(HANDSHAKE_REFUSED, {"exception": error})
            raise httpcore.ConnectError(str(error)) from error


def _origin(url: httpcore.URL) -> Origin:
    if url.scheme not in _PORTS:
        raise httpcore.UnsupportedProtocol(f"{url.scheme.decode()!r} is neither http nor https")
    return Origin(url.scheme, url.host, url.port or _PORTS[url.scheme])


def _payload(request: httpcore.Request, body: bytes, proxy: HttpProxy | None) -> Payload:
    """Return the bytes of a whole request."""
    target, headers = request.url.target, request.headers
    if any(name.lower() == b"transfer-encoding" for name, _ in headers):  # its body is whole now
        headers = [each for each in headers if each[0].lower() != b"transfer-encoding"]
        headers.append((b"Content-Length", b"%d" % len(body)))
    if proxy is not None and request.url.scheme == b"http":
        target, headers = bytes(request.url), [*proxy.headers, *headers]
    return Payload(head(request.method, target, headers) + body)


async def _no_report(event: str, info: object) -> None:
    """Do nothing: the request has no `trace`."""
