"""The transport in an `httpx.AsyncClient` of the caller's own."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest
from anyio.abc import ByteStream

from plivo_phlo_async import PhloTransport

from .loopback import (
    ANSWER,
    BACKENDS,
    Serve,
    client_tls,
    loopback,
    only_linux,
    open_sockets,
    read_request,
    server_tls,
    until_open_sockets,
)

pytestmark = pytest.mark.anyio
PIECE = b"x" * 65_536


@pytest.fixture(params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


@asynccontextmanager
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=PhloTransport(verify=client_tls())) as http:
        yield http


def answering(answer: bytes, heads: list[tuple[bytes, bytes]] | None = None) -> Serve:
    async def serve(stream: ByteStream) -> None:
        while (asked := await read_request(stream)) is not None:
            if heads is not None:
                heads.append(asked)
            await stream.send(answer)

    return serve


async def download(stream: ByteStream) -> None:
    """Answer every request with 8 MiB."""
    while await read_request(stream):
        await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (128 * len(PIECE)))
        for _ in range(128):
            await stream.send(PIECE)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_large_answer_streams_and_its_connection_is_kept(scheme: str) -> None:
    async with (
        loopback(download, server_tls() if scheme == "https" else None) as server,
        client() as http,
    ):
        for _ in range(2):
            total = 0
            url = server.url.replace("http", scheme)
            async with http.stream("GET", url) as response:
                async for part in response.aiter_raw():
                    assert len(part) <= 1024 * 1024
                    total += len(part)

            assert total == 128 * len(PIECE)

    assert server.connections == 1


async def test_an_answer_that_is_closed_early_gives_up_its_connection() -> None:
    async with loopback(download) as server, client() as http:
        async with http.stream("GET", server.url):
            pass
        await server.until_open(0)
        async with http.stream("GET", server.url) as response:
            status = response.status_code

    assert (status, server.connections) == (200, 2)


@only_linux
async def test_an_answer_cancelled_in_the_middle_leaves_no_socket() -> None:
    async with loopback(download) as server, client() as http:
        before = open_sockets()
        with anyio.CancelScope() as scope:
            async with http.stream("GET", server.url) as response:
                async for _ in response.aiter_raw():
                    scope.cancel()
        await until_open_sockets(before)

    assert scope.cancelled_caught


async def test_a_chunked_answer_streams() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunked += b"10000\r\n%b\r\n" % PIECE * 64 + b"0\r\n\r\n"
    async with loopback(answering(chunked)) as server, client() as http:
        sizes = [len((await http.get(server.url)).content) for _ in range(2)]

    assert (sizes, server.connections) == ([64 * len(PIECE)] * 2, 1)


@pytest.mark.parametrize(
    ("method", "answer", "status"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n", 200),
        ("DELETE", b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 12\r\n\r\n", 304),
    ],
)
async def test_an_answer_without_a_body_keeps_its_connection(
    method: str, answer: bytes, status: int
) -> None:
    async with loopback(answering(answer)) as server, client() as http:
        got = [await http.request(method, server.url) for _ in range(2)]

    assert [(each.status_code, each.content) for each in got] == [(status, b"")] * 2
    assert server.connections == 1


async def test_a_body_from_a_generator_is_sent_whole_with_its_length() -> None:
    heads: list[tuple[bytes, bytes]] = []

    async def parts() -> AsyncIterator[bytes]:
        for part in (b"a", b"", b"bc"):
            yield part

    async with loopback(answering(ANSWER, heads)) as server, client() as http:
        await http.post(server.url, content=parts())

    ((head, body),) = heads
    assert (body, head.lower().count(b"content-length: 3")) == (b"abc", 1)
    assert b"transfer-encoding" not in head.lower()


async def test_a_large_body_reaches_a_slow_reader_whole() -> None:
    taken = 0

    async def slow(stream: ByteStream) -> None:
        nonlocal taken
        while taken < 8_000_000:
            taken += len(await stream.receive(1000 if taken < 100_000 else 65536))
        await stream.send(ANSWER)

    async with loopback(slow) as server, client() as http:
        response = await http.put(server.url, content=b"x" * 8_000_000)

    assert response.status_code == 201
    assert taken > 8_000_000


async def test_a_multipart_upload_is_sent() -> None:
    heads: list[tuple[bytes, bytes]] = []
    async with loopback(answering(ANSWER, heads)) as server, client() as http:
        await http.post(server.url, files={"f": ("a.txt", b"hello")}, data={"b": "c"})

    assert b"hello" in heads[0][1]


async def test_httpx_decodes_an_encoding_that_the_caller_asked_for() -> None:
    import gzip

    body = gzip.compress(b"hello")
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with loopback(answering(head + body)) as server, client() as http:
        assert (await http.get(server.url)).text == "hello"


async def test_an_error_is_httpxs_own() -> None:
    async def leave(stream: ByteStream) -> None:
        await read_request(stream)

    async with loopback(leave) as server, client() as http:
        with pytest.raises(httpx.RemoteProtocolError) as caught:
            await http.get(server.url)

    assert caught.value.request.url == server.url


async def test_it_reports_to_httpxs_trace_what_it_does() -> None:
    events = []

    async def trace(event: str, info: dict[str, Any]) -> None:
        events.append(event)

    async with loopback(tls=server_tls()) as server, client() as http:
        for _ in range(2):
            await http.get(server.secure_url, extensions={"trace": trace})

    assert events == [
        "connection_pool.acquire.started",
        "connection.connect_tcp.started",
        "connection.connect_tcp.complete",
        "connection.start_tls.started",
        "connection.start_tls.complete",
        "http11.send_request_headers.started",
        "connection_pool.acquire.started",
        "http11.send_request_headers.started",
    ]


async def test_idle_connections_are_kept_as_long_as_it_is_given() -> None:
    async with (
        loopback() as server,
        httpx.AsyncClient(transport=PhloTransport(keepalive_expiry=0)) as http,
    ):
        for _ in range(2):
            await http.get(server.url)

    assert server.connections == 2


async def test_closing_the_client_closes_its_connections(anyio_backend: Any) -> None:
    async with loopback() as server:
        async with client() as http:
            await http.get(server.url)
        await server.until_open(0)
        with pytest.raises(RuntimeError, match="closed"):
            await http.get(server.url)

    assert server.connections == 1


async def test_a_transport_that_is_closed_refuses_and_has_begun_nothing() -> None:
    transport = PhloTransport()
    await transport.aclose()
    http = httpx.AsyncClient(transport=transport)
    with pytest.raises(httpx.ConnectError, match="the connection pool is closed"):
        await http.get("http://127.0.0.1:1")


async def test_without_a_context_it_is_httpxs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def create() -> ssl.SSLContext:
        made.append(client_tls())
        return made[0]

    monkeypatch.setattr("httpx.create_ssl_context", create)
    async with (
        loopback(tls=server_tls()) as server,
        httpx.AsyncClient(transport=PhloTransport()) as http,
    ):
        before = len(made)
        for _ in range(2):
            await http.get(server.secure_url, headers={"Connection": "close"})

    assert (before, len(made)) == (0, 1)


def test_a_proxy_that_cannot_be_used_is_refused() -> None:
    with pytest.raises(ValueError, match="ftp"):
        PhloTransport(proxy="ftp://p.example")
