"""The pool over real sockets: what is kept, what is closed, and that nothing is lost on the way."""

from __future__ import annotations

import errno
import socket
import socketserver
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import anyio
import httpcore
import httpx
import pytest
from anyio.abc import ByteStream
from anyio.streams.tls import TLSAttribute

from plivo_phlo_async import AsyncPhloClient, PhloError, PhloTransport
from plivo_phlo_async._transport.connection import Connection
from plivo_phlo_async._transport.connection_pool import ConnectionPool

from ..conftest import AUTH_ID
from .loopback import (
    ANSWER,
    BACKENDS,
    Clock,
    Serve,
    Server,
    answer_all,
    ask,
    client_tls,
    loopback,
    only_linux,
    open_sockets,
    read_request,
    reset_on_close,
    server_tls,
    silence,
    unused_port,
)

pytestmark = pytest.mark.anyio

BODY = b'{"api_id":1}'
LARGE = b"x" * 20_000_000
only_asyncio = pytest.mark.parametrize("anyio_backend", BACKENDS[:2], indirect=True)


@pytest.fixture(params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with loopback() as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def pool(clock: Clock) -> AsyncIterator[ConnectionPool]:
    async with ConnectionPool(client_tls, clock=clock) as pool:
        yield pool


async def ask_at_once(pool: ConnectionPool, url: str, count: int) -> list[bytes]:
    bodies: list[bytes] = []

    async def one() -> None:
        bodies.append(await ask(pool, url))

    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(one)
    return bodies


def numbered(server: Server) -> Serve:
    """Answer with the connection's number."""

    async def serve(stream: ByteStream) -> None:
        number = b"%d" % server.connections
        while await read_request(stream):
            await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + number)

    return serve


# What is kept


async def test_without_a_timeout_it_waits(pool: ConnectionPool, server: Server) -> None:
    assert await ask(pool, server.url, timeout={}) == BODY


async def test_requests_one_after_another_share_a_connection(
    pool: ConnectionPool, server: Server
) -> None:
    bodies = [await ask(pool, server.url) for _ in range(5)]

    assert (bodies, server.connections) == ([BODY] * 5, 1)


async def test_requests_at_once_have_connections_of_their_own_and_all_are_kept(
    pool: ConnectionPool, server: Server
) -> None:
    first = await ask_at_once(pool, server.url, 5)
    second = await ask_at_once(pool, server.url, 5)

    assert (first, second, server.connections) == ([BODY] * 5, [BODY] * 5, 5)


async def test_the_connection_released_last_is_used_first(
    pool: ConnectionPool, server: Server
) -> None:
    server.serve = numbered(server)
    last = (await ask_at_once(pool, server.url, 3))[-1]

    assert [await ask(pool, server.url) for _ in range(4)] == [last] * 4


async def test_an_answer_closed_twice_releases_its_connection_once(
    pool: ConnectionPool, server: Server
) -> None:
    request = httpcore.Request("GET", server.url, headers={"Host": "x"})
    response = await pool.handle_async_request(request)
    await response.aread()
    stream = cast("Any", response.stream)
    await stream.aclose()
    await stream.aclose()
    await ask_at_once(pool, server.url, 2)

    assert server.connections == 2


async def test_each_origin_has_its_own_connections(pool: ConnectionPool, server: Server) -> None:
    async with loopback() as other:
        for _ in range(2):
            await ask(pool, server.url)
            await ask(pool, other.url)

        assert (server.connections, other.connections) == (1, 1)


async def test_over_tls_a_connection_is_kept_as_well(pool: ConnectionPool) -> None:
    async with loopback(tls=server_tls()) as server:
        bodies = [await ask(pool, server.secure_url) for _ in range(3)]

        assert (bodies, server.connections) == ([BODY] * 3, 1)


# What is not


async def test_a_connection_that_was_idle_for_four_seconds_is_closed(
    pool: ConnectionPool, server: Server, clock: Clock
) -> None:
    await ask_at_once(pool, server.url, 3)
    clock.now += 3
    await ask(pool, server.url)
    clock.now += 1.1
    await ask(pool, server.url)
    await server.until_open(1)

    assert server.connections == 3


KEEP_ALIVE = b"HTTP/1.1 200 OK\r\nKeep-Alive: %b\r\nConnection: keep-alive\r\n%b"
PLAIN = b"Content-Length: 2\r\n\r\n{}"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"


@pytest.mark.parametrize("rest", [PLAIN, CHUNKED], ids=["plain", "chunked"])
@pytest.mark.parametrize(
    ("says", "idle", "connections"),
    [
        (b"timeout=3", 1.9, 1),
        (b"timeout=3", 2.1, 2),
        (b"timeout=2, max=100", 0.9, 1),
        (b"max=100, Timeout = 2", 1.1, 2),
        (b"timeout=60", 3.9, 1),
        (b"timeout=60", 4.1, 2),
        (b"timeout=1", 0.0, 2),
        (b"timeout=0", 0.0, 2),
        (b"max=5", 3.9, 1),
    ],
)
async def test_an_idle_connection_is_kept_for_a_second_less_than_the_server_says(
    pool: ConnectionPool,
    server: Server,
    clock: Clock,
    says: bytes,
    idle: float,
    connections: int,
    rest: bytes,
) -> None:
    async def serve(stream: ByteStream) -> None:
        while await read_request(stream):
            await stream.send(KEEP_ALIVE % (says, rest))

    server.serve = serve
    await ask(pool, server.url)
    clock.now += idle
    await ask(pool, server.url)

    assert server.connections == connections


async def test_one_that_the_server_keeps_longer_does_not_hide_one_that_it_keeps_shorter(
    pool: ConnectionPool, server: Server, clock: Clock
) -> None:
    async def serve(stream: ByteStream) -> None:
        says = b"timeout=4" if server.connections == 1 else b"timeout=2"
        while await read_request(stream):
            await stream.send(KEEP_ALIVE % (says, PLAIN))

    server.serve = serve
    first = httpcore.Request("GET", server.url, headers={"Host": "x"})
    waiting = await pool.handle_async_request(first)
    second = await pool.handle_async_request(first)
    for response in (waiting, second):
        await response.aread()
        await response.aclose()
    clock.now += 2
    await ask(pool, server.url)
    await server.until_open(1)

    assert server.connections == 2


@only_asyncio
async def test_asyncio_closes_an_idle_connection_though_no_request_comes(server: Server) -> None:
    async with ConnectionPool(client_tls, keepalive=0.01) as pool:
        await ask_at_once(pool, server.url, 3)
        await server.until_open(0)

    assert server.connections == 3


@only_asyncio
async def test_a_connection_in_use_is_not_closed_for_having_been_idle(server: Server) -> None:
    is_expired = anyio.Event()

    async def answer_late(stream: ByteStream) -> None:
        await read_request(stream)
        await stream.send(ANSWER)
        await read_request(stream)
        await is_expired.wait()
        await stream.send(ANSWER)

    server.serve = answer_late
    async with ConnectionPool(client_tls, keepalive=0.05) as pool:
        await ask(pool, server.url)
        async with anyio.create_task_group() as group:
            group.start_soon(ask, pool, server.url)
            group.start_soon(_set_after, is_expired, 0.1)

    assert server.connections == 1


async def _set_after(event: anyio.Event, seconds: float) -> None:
    with anyio.move_on_after(seconds):
        await anyio.sleep_forever()
    event.set()


async def test_a_connection_that_the_server_has_closed_is_not_used(
    pool: ConnectionPool, server: Server
) -> None:
    async def once(stream: ByteStream) -> None:
        await read_request(stream)
        await stream.send(ANSWER)

    server.serve = once
    bodies = []
    for _ in range(3):
        bodies.append(await ask(pool, server.url))
        await server.until_open(0)

    assert (bodies, server.connections) == ([BODY] * 3, 3)


async def test_nor_is_it_used_where_the_system_has_no_poll(
    pool: ConnectionPool, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("select.poll")
    await test_a_connection_that_the_server_has_closed_is_not_used(pool, server)


async def test_a_connection_with_bytes_after_the_answer_is_not_used(
    pool: ConnectionPool, server: Server
) -> None:
    async def serve(stream: ByteStream) -> None:
        await read_request(stream)
        await stream.send(ANSWER + b"HTTP/1.1 500 Surplus\r\nContent-Length: 1\r\n\r\n!")

    server.serve = serve

    assert [await ask(pool, server.url) for _ in range(2)] == [BODY] * 2


async def test_nor_is_it_used_when_they_come_in_a_tls_record_of_their_own(
    pool: ConnectionPool,
) -> None:
    async def serve(stream: ByteStream) -> None:
        await read_request(stream)
        stream.extra(TLSAttribute.ssl_object).write(ANSWER)  # sent together with what follows
        await stream.send(ANSWER.replace(b"201 Created", b"500 Surplus").replace(b"api", b"not"))
        await silence(stream)

    async with loopback(serve, server_tls()) as server:
        assert [await ask(pool, server.secure_url) for _ in range(2)] == [BODY] * 2


# Closing


async def test_closing_breaks_off_what_is_in_use(pool: ConnectionPool, server: Server) -> None:
    server.serve = silence

    async def broken_off() -> None:
        with pytest.raises((httpcore.ReadError, httpcore.RemoteProtocolError)):
            await ask(pool, server.url)

    async with anyio.create_task_group() as group:
        group.start_soon(broken_off)
        await server.until_open(1)
        await anyio.wait_all_tasks_blocked()
        await pool.aclose()
    await server.until_open(0)


async def test_closing_closes_what_is_idle(pool: ConnectionPool, server: Server) -> None:
    await ask_at_once(pool, server.url, 3)
    await pool.aclose()
    await server.until_open(0)

    assert server.connections == 3


async def test_a_closed_pool_refuses(pool: ConnectionPool, server: Server) -> None:
    await pool.aclose()
    with pytest.raises(httpcore.ConnectError, match="the connection pool is closed"):
        await ask(pool, server.url)

    assert server.connections == 0


@pytest.mark.parametrize(
    ("scheme", "event"),
    [
        ("http", "connection_pool.acquire.started"),
        ("http", "connection.connect_tcp.started"),
        ("http", "connection.connect_tcp.complete"),
        ("http", "http11.send_request_headers.started"),
        ("https", "connection.connect_tcp.complete"),
        ("https", "connection.start_tls.complete"),
        ("https", "http11.send_request_headers.started"),
    ],
)
async def test_whenever_it_is_closed_nothing_is_sent_afterwards(
    pool: ConnectionPool, scheme: str, event: str
) -> None:
    received = b""

    async def listen(stream: ByteStream) -> None:
        nonlocal received
        async for data in stream:
            received += data

    async def close(name: str, info: dict[str, Any]) -> None:
        if name == event:
            await pool.aclose()

    async with loopback(listen, server_tls() if scheme == "https" else None) as server:
        url = server.url.replace("http", scheme)
        with pytest.raises((httpcore.NetworkError, httpcore.RemoteProtocolError)):
            await ask(pool, url, trace=close)
        await server.until_open(0)

    assert received == b""


async def test_an_answer_that_ends_after_closing_keeps_no_connection(
    pool: ConnectionPool, server: Server
) -> None:
    request = httpcore.Request("GET", server.url, headers={"Host": "x"})
    response = await pool.handle_async_request(request)
    await response.aread()
    await pool.aclose()
    await response.aclose()
    await server.until_open(0)

    assert server.connections == 1


# Other event loops, other processes


class Threaded(socketserver.ThreadingTCPServer):
    """A server in threads, which outlives the event loops of a test."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ended = threading.Event()


class Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while self.request.recv(65536):
            self.request.sendall(ANSWER)
        cast("Threaded", self.server).ended.set()


@pytest.fixture
def threaded() -> Iterator[Threaded]:
    with Threaded() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_connection_of_an_event_loop_that_has_ended_is_closed_by_the_next_request(
    threaded: Threaded, anyio_backend: tuple[str, dict[str, Any]]
) -> None:
    name, options = anyio_backend
    pool = ConnectionPool(client_tls)
    url = f"http://127.0.0.1:{threaded.server_address[1]}"

    async def once() -> tuple[bytes, bool]:
        before = threaded.ended.is_set()
        body = await ask(pool, url)
        return body, before

    first = anyio.run(once, backend=name, backend_options=options)
    second = anyio.run(once, backend=name, backend_options=options)
    has_ended = threaded.ended.wait(10)
    anyio.run(pool.aclose, backend=name, backend_options=options)

    assert first[0] == BODY
    assert second[0] == BODY
    assert has_ended


@only_linux
@pytest.mark.parametrize("anyio_backend", BACKENDS[2:], indirect=True)
async def test_after_a_fork_the_parents_connections_are_closed_and_not_used(
    pool: ConnectionPool, server: Server
) -> None:
    await ask_at_once(pool, server.url, 3)
    before = open_sockets()
    pool.after_fork()
    after = open_sockets()

    assert (before - after, await ask(pool, server.url)) == (3, BODY)


# Failing and being cancelled, at each step


async def half_an_answer(stream: ByteStream) -> None:
    await read_request(stream)
    await stream.send(ANSWER[:-5])
    await silence(stream)


STEPS = [pytest.param(silence, id="headers"), pytest.param(half_an_answer, id="body")]
SHORT = {"connect": 5.0, "write": 0.05, "read": 0.05}


@pytest.mark.parametrize("serve", STEPS)
async def test_a_timeout_closes_the_connection(
    pool: ConnectionPool, server: Server, serve: Serve
) -> None:
    server.serve = serve
    with pytest.raises(httpcore.ReadTimeout, match=r"no whole answer within 0\.05 s"):
        await ask(pool, server.url, timeout=SHORT)
    await server.until_open(0)


@pytest.fixture
def deaf() -> Iterator[str]:
    """A server that accepts connections and never reads."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


async def test_a_timeout_while_writing_is_a_write_timeout(pool: ConnectionPool, deaf: str) -> None:
    with pytest.raises(httpcore.WriteTimeout, match=r"not sent within 0\.05 s"):
        await ask(pool, deaf, LARGE, SHORT)


async def test_a_server_that_leaves_in_the_middle_of_a_request_is_a_write_error(
    pool: ConnectionPool, server: Server
) -> None:
    async def leave(stream: ByteStream) -> None:
        await stream.receive()

    server.serve = leave
    with pytest.raises(httpcore.WriteError, match=r".+"):
        await ask(pool, server.url, LARGE)


async def test_a_reset_is_a_read_error(pool: ConnectionPool, server: Server) -> None:
    async def reset(stream: ByteStream) -> None:
        await read_request(stream)
        reset_on_close(stream)

    server.serve = reset
    with pytest.raises(httpcore.ReadError, match=r".+"):
        await ask(pool, server.url)


async def test_a_close_with_no_answer_is_a_protocol_error(
    pool: ConnectionPool, server: Server
) -> None:
    async def leave(stream: ByteStream) -> None:
        await read_request(stream)

    server.serve = leave
    with pytest.raises(httpcore.RemoteProtocolError, match="disconnected without sending"):
        await ask(pool, server.url)


async def test_a_body_cut_short_is_a_protocol_error(pool: ConnectionPool, server: Server) -> None:
    async def cut(stream: ByteStream) -> None:
        await read_request(stream)
        await stream.send(ANSWER[:-5])

    server.serve = cut
    with pytest.raises(httpcore.RemoteProtocolError, match="5 bytes before the body's end"):
        await ask(pool, server.url)


async def test_garbage_in_the_body_that_came_with_the_headers_is_the_bodys_error(
    pool: ConnectionPool, server: Server
) -> None:
    async def garbage(stream: ByteStream) -> None:
        await read_request(stream)
        await stream.send(b"HTTP/1.1 201 C\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")

    server.serve = garbage
    request = httpcore.Request("GET", server.url, headers={"Host": "x"})
    response = await pool.handle_async_request(request)
    with pytest.raises(httpcore.RemoteProtocolError):
        await response.aread()
    await response.aclose()

    assert response.status == 201


async def test_a_timeout_of_the_systems_own_is_a_read_timeout() -> None:
    class TimedOut:
        origin: Any = None
        is_new = True

        def write(self, payload: object) -> None: ...
        async def drain(self, timeout: object) -> None: ...
        def close(self) -> None: ...
        async def receive(self, timeout: object) -> bytes:
            raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")

    async def connect(*arguments: object) -> Connection:
        return cast("Connection", TimedOut())

    pool = ConnectionPool(client_tls, open_connection=connect)
    with pytest.raises(httpcore.ReadTimeout, match="Connection timed out"):
        await ask(pool, "http://127.0.0.1", timeout={})


async def test_a_cancellation_while_writing_closes_the_connection(
    pool: ConnectionPool, deaf: str
) -> None:
    with anyio.move_on_after(0.05) as scope:
        await ask(pool, deaf, LARGE)

    assert scope.cancelled_caught


@pytest.mark.parametrize("serve", STEPS)
async def test_a_cancellation_closes_the_connection_and_the_next_request_is_served(
    pool: ConnectionPool, server: Server, serve: Serve
) -> None:
    server.serve = serve
    with anyio.move_on_after(0.05) as scope:
        await ask(pool, server.url)
    await server.until_open(0)
    server.serve = answer_all

    assert scope.cancelled_caught
    assert await ask(pool, server.url) == BODY


async def test_nothing_is_begun_where_nothing_listens(pool: ConnectionPool) -> None:
    events = []

    async def trace(event: str, info: dict[str, Any]) -> None:
        events.append(event)

    with pytest.raises(httpcore.ConnectError, match="refused"):
        await ask(pool, f"http://127.0.0.1:{await unused_port()}", trace=trace)

    assert events == [
        "connection_pool.acquire.started",
        "connection.connect_tcp.started",
        "connection.connect_tcp.failed",
    ]


async def test_an_answer_that_drips_ends_at_its_own_timeout(pool: ConnectionPool) -> None:
    async def drip(stream: ByteStream) -> None:
        await read_request(stream)
        while True:
            await stream.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")

    pool = ConnectionPool(client_tls)
    async with loopback(drip) as server:
        with anyio.fail_after(60), pytest.raises(httpcore.ReadTimeout):
            await ask(pool, server.url, timeout={"read": 5.0, "answer": 0.1})
    await pool.aclose()


async def test_an_answers_own_timeout_counts_without_one_for_each_read() -> None:
    pool = ConnectionPool(client_tls)
    async with loopback(silence) as server:
        with anyio.fail_after(60), pytest.raises(httpcore.ReadTimeout):
            await ask(pool, server.url, timeout={"answer": 0.05})
    await pool.aclose()


async def test_another_scheme_is_refused(pool: ConnectionPool) -> None:
    with pytest.raises(httpcore.UnsupportedProtocol, match="'ftp' is neither http nor https"):
        await ask(pool, "ftp://127.0.0.1/")


@pytest.mark.parametrize(
    ("name", "value"),
    [("X", "a\r\nEvil: b"), ("X", "a\nb"), ("X", "a\rb"), ("X", "a\0b"), ("X\r\nEvil", "b")],
)
async def test_a_header_with_a_line_break_is_not_sent(
    pool: ConnectionPool, server: Server, name: str, value: str
) -> None:
    request = httpcore.Request("GET", server.url, headers={"Host": "x", name: value})
    with pytest.raises(httpcore.LocalProtocolError):
        await pool.handle_async_request(request)

    assert server.connections == 0


# Under a crowd


async def test_after_many_cancellations_every_connection_still_serves(server: Server) -> None:
    transport = PhloTransport()
    connections, cancellations, cancelled, served = 10, 500, 0, 0
    async with (
        httpx.AsyncClient(transport=transport) as http,
        AsyncPhloClient(
            AUTH_ID,
            "t",
            base_url=server.url,
            rate_limit=None,
            max_connections=connections,
            http_client=http,
        ) as client,
    ):
        member = client.phlo("p").multi_party_call("n").member("12025551111")

        async def give_up(number: int) -> None:
            nonlocal cancelled
            while cancelled < cancellations:
                with anyio.move_on_after((number * 37 % 50) / 10_000):
                    try:
                        await member.hold()
                        continue
                    except PhloError:
                        pass
                cancelled += 1

        async def once() -> None:
            nonlocal served
            await member.hold()
            served += 1

        async with anyio.create_task_group() as group:
            for number in range(4 * connections):
                group.start_soon(give_up, number)
        with anyio.move_on_after(10):
            async with anyio.create_task_group() as group:
                for _ in range(connections):
                    group.start_soon(once)
        open_before_closing = server.open

    await server.until_open(0)

    assert served == connections
    assert open_before_closing <= connections
