"""The pool: one origin, connections taken and given back in constant time.

httpx's own pool looks at every connection for every request, and loses its places for good when
requests are cancelled in its queue. This one never queues: whoever asks holds a place already, one
of `max_connections`, so there is always a connection to take or room to make one. The connection
given back last is taken first, so that a quiet service keeps few of them warm. Idle ones are
closed after five seconds; on trio, which has no timers without a task, at the next request.
"""

from __future__ import annotations

import math
import ssl
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping

import anyio
import httpx

from .answer import AnswerReader
from .streams import Stream, connect

__all__ = ["Answer", "Pool"]

Timeout = Mapping[str, float | None]

_IDLE = 5.0  # seconds; well below any server's own, so that it never closes on us mid-request


def _is_mocked() -> bool:
    """Whether something (respx, pytest-httpx) stands in for httpx's own way to send.

    httpcore is looked up, not imported: it is only there once somebody else needs it.
    """
    own = httpx.AsyncHTTPTransport.handle_async_request.__module__.startswith("httpx.")
    core = sys.modules.get("httpcore")
    if core is not None and own:
        own = core.AsyncConnectionPool.handle_async_request.__module__.startswith("httpcore.")
    return not own


class Pool(httpx.AsyncBaseTransport):
    """An HTTP/1.1 transport for one origin, on asyncio and trio.

    It bounds nothing: hold one of so many places while you use it. Where something stands in for
    httpx's own transport, as respx does in tests, requests go there.

    Args:
        url: an address of the origin.
        tls: certificates and such, for https; httpx's own by default.
        idle: seconds after which a connection that nobody uses is closed.
        clock: gives the time in seconds.
    """

    def __init__(
        self,
        url: httpx.URL,
        tls: ssl.SSLContext | None = None,
        *,
        idle: float = _IDLE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        secure = url.scheme == "https"
        self._host, self._port = url.host, url.port or (443 if secure else 80)
        self._tls = (tls or httpx.create_ssl_context()) if secure else None
        self._rest, self.clock = idle, clock
        self._idle: deque[tuple[float, Stream]] = deque()
        self._busy: set[Stream] = set()
        self._stand_in: httpx.AsyncHTTPTransport | None = None

    @property
    def is_mocked(self) -> bool:
        """Whether something (respx, pytest-httpx) stands in for httpx's own transport."""
        return _is_mocked()

    async def ask(
        self, method: str, data: bytes, timeout: Timeout, on_begun: Callable[[], object]
    ) -> Answer:
        """Send a whole request in one write; gives its answer once status and headers are there.

        Args:
            method: the request's method.
            data: its bytes.
            timeout: seconds for "connect", "write" and each "read"; what is missing has no limit.
                The whole answer may take twice the last, however it drips.
            on_begun: called just before the first byte is sent.

        Raises:
            httpx.TransportError: no answer came.
        """
        stream = await self._take(timeout.get("connect"))
        reader = AnswerReader(method)
        answer = Answer(self, stream, reader, timeout.get("read"))
        try:
            on_begun()
            await _send(stream, data, timeout.get("write"))
            await answer.read_head()
        except BaseException:
            await self.drop(stream)
            raise
        return answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The same for an httpx request, whose `trace` is told when it is begun."""
        if self.is_mocked:
            return await self._through_stand_in(request)
        trace = request.extensions.get("trace", _no_trace)
        await trace("connection.take.started", {"request": request})
        begun: list[bool] = []
        try:
            answer = await self.ask(
                request.method,
                _bytes_of(request),
                request.extensions.get("timeout", {}),
                lambda: begun.append(True),
            )
        finally:
            event = "http11.send_request_headers.started" if begun else "connection.take.failed"
            await trace(event, {"request": request})
        return httpx.Response(answer.status_code, headers=answer.headers, stream=answer)

    async def aclose(self) -> None:
        """Close every connection, also those in use."""
        idle, self._idle = self._idle, deque()
        for stream in (*self._busy, *(stream for _, stream in idle)):
            await stream.aclose()
        if self._stand_in is not None:
            await self._stand_in.aclose()
        await anyio.lowlevel.cancel_shielded_checkpoint()  # asyncio closes sockets a turn later

    async def _take(self, timeout: float | None) -> Stream:
        await self._close_idle()
        while self._idle:
            _, stream = self._idle.pop()
            if not stream.is_stale():
                break
            await stream.aclose()
        else:
            stream = await _connect(self._host, self._port, self._tls, timeout)
        self._busy.add(stream)
        return stream

    def give_back(self, stream: Stream) -> None:
        """The connection's answer is whole; another request may take it."""
        self._busy.discard(stream)
        self._idle.append((self.clock() + self._rest, stream))
        stream.rest(self._rest)

    async def drop(self, stream: Stream) -> None:
        """The connection is of no more use."""
        self._busy.discard(stream)
        await stream.aclose()

    async def _close_idle(self) -> None:
        """Close what has been idle for long; the one idle longest is always the first."""
        now = self.clock()
        while self._idle and self._idle[0][0] <= now:
            _, stream = self._idle.popleft()
            await stream.aclose()

    async def _through_stand_in(self, request: httpx.Request) -> httpx.Response:
        if self._stand_in is None:
            self._stand_in = httpx.AsyncHTTPTransport(verify=self._tls or False)
        return await self._stand_in.handle_async_request(request)


class Answer(httpx.AsyncByteStream):
    """An answer whose status and headers are there; its body is read, or not, then it is closed.

    Closing gives the connection back, or drops it if the body was not read to its end or anything
    came after it, which would else be taken for the next request's answer.
    """

    def __init__(
        self, pool: Pool, stream: Stream, reader: AnswerReader, timeout: float | None
    ) -> None:
        self._pool, self._stream, self._reader = pool, stream, reader
        self._timeout = timeout
        self._until = math.inf
        self._taken = self._closed = False
        self._broken: httpx.TransportError | None = None

    @property
    def status_code(self) -> int:
        """The status."""
        assert self._reader.status is not None
        return self._reader.status

    @property
    def headers(self) -> dict[str, str]:
        """The headers, names in lower case."""
        return self._reader.headers

    async def read_head(self) -> None:
        """Wait for status and headers."""
        if self._timeout is not None:
            self._until = self._pool.clock() + 2 * self._timeout
        try:
            while not self._reader.has_head:
                await self._read_on()
        except httpx.TransportError as error:
            if self._reader.status is None:
                raise
            self._broken = error  # it came with the headers, but is the body's

    async def read(self) -> bytes:
        """The whole body, as it was sent."""
        if self._broken is not None:
            raise self._broken
        while not self._reader.complete:
            await self._read_on()
        return self._reader.body

    def __aiter__(self) -> Answer:
        return self

    async def __anext__(self) -> bytes:
        if self._taken:
            raise StopAsyncIteration
        body = await self.read()
        self._taken = True
        return body

    async def aclose(self) -> None:
        """Give the connection back, or drop it."""
        if self._closed:
            return
        self._closed = True
        if self._reader.complete and self._reader.reusable:
            self._pool.give_back(self._stream)
        else:
            await self._pool.drop(self._stream)

    async def _read_on(self) -> None:
        left = None
        if self._timeout is not None:
            left = max(0.0, min(self._timeout, self._until - self._pool.clock()))
        try:
            self._reader.feed(await self._stream.receive(left))
        except TimeoutError as error:
            raise httpx.ReadTimeout(f"no whole answer in {self._timeout} s") from error
        except OSError as error:
            raise httpx.ReadError(str(error)) from error


async def _no_trace(event: str, info: object) -> None:
    """Nobody listens."""


def _bytes_of(request: httpx.Request) -> bytes:
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [b"%s: %s" % header for header in request.headers.raw]
    return b"\r\n".join((*lines, b"", request.content))


async def _connect(
    host: str, port: int, tls: ssl.SSLContext | None, timeout: float | None
) -> Stream:
    try:
        return await connect(host, port, tls, timeout)
    except TimeoutError as error:
        raise httpx.ConnectTimeout(f"no connection to {host} in {timeout} s") from error
    except OSError as error:
        raise httpx.ConnectError(str(error)) from error


async def _send(stream: Stream, data: bytes, timeout: float | None) -> None:
    try:
        await stream.send(data, timeout)
    except TimeoutError as error:
        raise httpx.WriteTimeout(f"the request could not be sent in {timeout} s") from error
    except OSError as error:
        raise httpx.WriteError(str(error)) from error
