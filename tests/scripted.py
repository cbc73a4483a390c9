"""A server whose answers a test writes down, on a real socket: requests reach it as in production.

Only the way there is a test's own: every host leads to it, and a connection can be refused.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpcore
import httpx
from anyio.abc import ByteStream, SocketAttribute
from attrs import define, field

from plivo_phlo_async import PhloTransport
from plivo_phlo_async._transport.connect import HttpProxy, Origin, Report, Tls, open_connection
from plivo_phlo_async._transport.connection import Connection
from plivo_phlo_async._transport.connection_pool import ConnectionPool

__all__ = ["OK", "ScriptedServer", "scripted_server"]

Step = httpx.Response | bytes | Exception
OK = httpx.Response(201, json={"api_id": "a", "error": ""})


@define
class ScriptedServer:
    """Answers what the script says.

    A step is an answer; or raw bytes, after which the connection is closed; or an exception:
    `httpx.ConnectError` when the connection is refused, any other when the request is read and
    the connection closed.

    Attributes:
        script: steps one after another, or a function of the request that gives one.
        otherwise: the step when there is no script.
        requests: the requests that arrived.
        attempts: how many requests arrived or met a refused connection.
        port: where it listens.
    """

    script: Iterable[Step] | Callable[[httpx.Request], Awaitable[Step]] | None = None
    otherwise: Step = OK
    requests: list[httpx.Request] = field(factory=list)
    attempts: int = 0
    port: int = 0
    _next: list[Step] = field(factory=list)

    @property
    def bodies(self) -> list[Any]:
        """What the requests carried."""
        return [json.loads(request.content) for request in self.requests]

    def transport(self, keepalive: float = 0.0) -> httpx.AsyncBaseTransport:
        """The package's transport, which finds every host here.

        Args:
            keepalive: seconds for which it keeps idle connections; by default each attempt opens
                one, so that each can be refused.
        """
        transport = PhloTransport()
        transport._pool = ConnectionPool(  # type: ignore[assignment]  # as PhloTransport does
            _no_tls, keepalive=keepalive, open_connection=self._open
        )
        return transport

    async def _open(
        self,
        origin: Origin,
        tls: Tls,
        proxy: HttpProxy | None,
        timeout: float | None,
        report: Report,
    ) -> Connection:
        step = self._peek()
        if isinstance(step, httpx.ConnectError):
            self._next.clear()
            self.attempts += 1
            await report("connection.connect_tcp.started", {"host": origin.host.decode()})
            raise httpcore.ConnectError(str(step))
        here = Origin(b"http", b"127.0.0.1", self.port)
        return await open_connection(here, tls, None, timeout, report)

    def _peek(self) -> Step | None:
        """The step that comes next, where the script is a list."""
        if self.script is None:
            return self.otherwise
        if callable(self.script):
            return None
        if not self._next:
            self.script = iter(self.script)
            self._next.append(next(self.script))
        return self._next[0]

    async def _step(self, request: httpx.Request) -> Step:
        if callable(self.script):
            return await self.script(request)
        step = self._peek()
        self._next.clear()
        assert step is not None
        return step

    async def serve(self, stream: ByteStream) -> None:
        """Serve a connection."""
        try:
            while (request := await _read_request(stream)) is not None:
                self.attempts += 1
                self.requests.append(request)
                try:
                    step = await self._step(request)
                except httpx.TransportError as error:
                    step = error
                if isinstance(step, Exception):
                    return
                await stream.send(step if isinstance(step, bytes) else _bytes_of(step))
                if isinstance(step, bytes):
                    return
        except (anyio.BrokenResourceError, anyio.EndOfStream):
            pass
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.aclose_forcefully(stream)


def _no_tls() -> Any:
    raise AssertionError("everything here is plain")


@asynccontextmanager
async def scripted_server() -> AsyncIterator[ScriptedServer]:
    """A scripted server in this event loop."""
    server = ScriptedServer()
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    server.port = listener.extra(SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, server.serve)
        yield server
        group.cancel_scope.cancel()


async def _read_request(stream: ByteStream) -> httpx.Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        try:
            data += await stream.receive()
        except anyio.EndOfStream:
            return None
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = httpx.Headers(dict(line.split(": ", 1) for line in lines))
    while len(body) < int(headers.get("content-length", 0)):
        body += await stream.receive()
    url = f"https://{headers['host']}{target}"
    return httpx.Request(method, url, headers=headers, content=body)


def _bytes_of(answer: httpx.Response) -> bytes:
    headers = dict(answer.headers) | {"content-length": str(len(answer.content))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {answer.status_code} X\r\n{lines}\r\n".encode() + answer.content
