"""The pool over real sockets: what is kept, what is dropped, and nothing is lost on the way."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import anyio
import httpx
import pytest
import trustme
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSListener

from plivo_phlo_async import AsyncPhloClient, PhloError
from plivo_phlo_async._transport.pool import Pool

from ..conftest import AUTH_ID

pytestmark = pytest.mark.anyio

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\n\r\n"
ANSWER = b'HTTP/1.1 201 Created\r\nContent-Length: 12\r\n\r\n{"api_id":1}'
TIMEOUT = {"connect": 1.0, "write": 1.0, "read": 1.0}
Serve = Callable[[ByteStream, int], Awaitable[None]]


async def answer_all(stream: ByteStream, number: int) -> None:
    async for _ in stream:
        await stream.send(ANSWER)


async def silence(stream: ByteStream, number: int) -> None:
    async for _ in stream:
        pass


async def half_an_answer(stream: ByteStream, number: int) -> None:
    await stream.receive()
    await stream.send(ANSWER[:-5])
    await silence(stream, number)


class Server:
    """A server in this loop; how it serves a connection may be changed between two."""

    def __init__(self) -> None:
        self.serve: Serve = answer_all
        self.connections = self.open = 0
        self.port = 0

    async def __call__(self, stream: ByteStream) -> None:
        self.connections += 1
        self.open += 1
        try:
            await self.serve(stream, self.connections)
        except (anyio.BrokenResourceError, anyio.EndOfStream):
            pass
        finally:
            self.open -= 1
            with anyio.CancelScope(shield=True):
                await anyio.aclose_forcefully(stream)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    server.port = listener.extra(SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, server)
        yield server
        group.cancel_scope.cancel()


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def pool(server: Server, clock: Clock) -> AsyncIterator[Pool]:
    pool = Pool(httpx.URL(server.url), clock=clock)
    yield pool
    await pool.aclose()


async def _ask(pool: Pool, timeout: dict[str, float] = TIMEOUT) -> bytes:
    answer = await pool.ask("POST", REQUEST, timeout, lambda: None)
    try:
        return await answer.read()
    finally:
        await answer.aclose()


async def test_without_a_timeout_it_waits(pool: Pool) -> None:
    assert await _ask(pool, {}) == b'{"api_id":1}'


async def test_an_answer_closed_twice_gives_its_connection_back_once(pool: Pool) -> None:
    answer = await pool.ask("POST", REQUEST, TIMEOUT, lambda: None)
    await answer.read()
    await answer.aclose()
    await answer.aclose()

    assert len(pool._idle) == 1


async def _quiet(server: Server, open_connections: int) -> None:
    with anyio.fail_after(2):
        while server.open != open_connections:
            await anyio.lowlevel.checkpoint()


# Keeping


async def test_one_after_another_they_share_a_connection(pool: Pool, server: Server) -> None:
    bodies = [await _ask(pool) for _ in range(5)]

    assert (bodies, server.connections) == ([b'{"api_id":1}'] * 5, 1)


async def test_at_once_each_has_its_own(pool: Pool, server: Server) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(_ask, pool)

    assert (server.connections, len(pool._idle), len(pool._busy)) == (5, 5, 0)


async def test_the_one_given_back_last_is_taken_first(pool: Pool) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(_ask, pool)
    last = pool._idle[-1][1]
    for _ in range(4):
        await _ask(pool)

    assert pool._idle[-1][1] is last


async def test_what_was_idle_for_five_seconds_is_closed(
    pool: Pool, server: Server, clock: Clock
) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(_ask, pool)
    clock.now += 3
    await _ask(pool)
    clock.now += 2.1
    await _ask(pool)
    await _quiet(server, 1)

    assert (server.connections, len(pool._idle)) == (3, 1)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_an_idle_connection_is_closed_though_no_request_comes(server: Server) -> None:
    pool = Pool(httpx.URL(server.url), idle=0.01)
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(_ask, pool)
    await _quiet(server, 0)

    assert server.connections == 3


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_connection_in_use_is_not_closed_for_having_been_idle(server: Server) -> None:
    async def answer_late(stream: ByteStream, number: int) -> None:
        await stream.receive()
        await stream.send(ANSWER)
        await stream.receive()
        await anyio.sleep(0.03)
        await stream.send(ANSWER)

    server.serve = answer_late
    pool = Pool(httpx.URL(server.url), idle=0.01)
    await _ask(pool)

    assert (await _ask(pool), server.connections) == (b'{"api_id":1}', 1)


async def test_a_connection_the_server_has_closed_is_not_used(pool: Pool, server: Server) -> None:
    async def once(stream: ByteStream, number: int) -> None:
        await stream.receive()
        await stream.send(ANSWER)

    server.serve = once
    bodies = []
    for _ in range(3):
        bodies.append(await _ask(pool))
        await _quiet(server, 0)

    assert (bodies, server.connections) == ([b'{"api_id":1}'] * 3, 3)


async def test_it_is_not_used_either_where_the_system_knows_no_poll(
    pool: Pool, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("select.poll")
    await test_a_connection_the_server_has_closed_is_not_used(pool, server)


async def test_closing_breaks_off_what_is_in_use(pool: Pool, server: Server) -> None:
    server.serve = silence
    async with anyio.create_task_group() as group:

        async def broken_off() -> None:
            with pytest.raises(httpx.TransportError):
                await _ask(pool)

        group.start_soon(broken_off)
        await _quiet(server, 1)
        await pool.aclose()

    assert len(pool._busy) == 0


# Failing and being cancelled, at each step


LARGE = REQUEST + b"x" * 20_000_000
STEPS = [pytest.param(silence, id="headers"), pytest.param(half_an_answer, id="body")]


async def _exchange(pool: Pool, seconds: float, data: bytes = REQUEST) -> None:
    timeout = dict.fromkeys(TIMEOUT, seconds)
    answer = await pool.ask("POST", data, timeout, lambda: None)
    try:
        await answer.read()
    finally:
        await answer.aclose()


@pytest.mark.parametrize("serve", STEPS)
async def test_a_timeout_drops_the_connection(pool: Pool, server: Server, serve: Serve) -> None:
    server.serve = serve
    pool.clock = time.monotonic
    with pytest.raises(httpx.ReadTimeout):
        await _exchange(pool, 0.05)
    await _quiet(server, 0)

    assert (len(pool._busy), len(pool._idle)) == (0, 0)


@pytest.fixture
def deaf() -> Iterator[Pool]:
    """A pool whose server takes connections and never reads."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Pool(httpx.URL(f"http://127.0.0.1:{server.getsockname()[1]}"))


async def test_a_timeout_while_writing_says_so(deaf: Pool) -> None:
    with pytest.raises(httpx.WriteTimeout):
        await _exchange(deaf, 0.05, LARGE)

    assert (len(deaf._busy), len(deaf._idle)) == (0, 0)


async def test_a_server_that_leaves_in_the_middle_of_a_request_is_told(server: Server) -> None:
    async def leave(stream: ByteStream, number: int) -> None:
        await stream.receive()

    server.serve = leave
    pool = Pool(httpx.URL(server.url))
    with pytest.raises(httpx.WriteError):
        await _exchange(pool, 9, LARGE)

    assert (len(pool._busy), len(pool._idle)) == (0, 0)


async def test_a_cancellation_while_writing_drops_the_connection(deaf: Pool) -> None:
    with anyio.move_on_after(0.05) as scope:
        await _exchange(deaf, 9, LARGE)

    assert (scope.cancelled_caught, len(deaf._busy), len(deaf._idle)) == (True, 0, 0)


@pytest.mark.parametrize("serve", STEPS)
async def test_a_cancellation_drops_the_connection_and_the_next_is_served(
    pool: Pool, server: Server, serve: Serve
) -> None:
    server.serve = serve
    with anyio.move_on_after(0.05) as scope:
        await _exchange(pool, 9)
    server.serve = answer_all
    body = await _ask(pool)

    assert (scope.cancelled_caught, body) == (True, b'{"api_id":1}')
    assert (len(pool._busy), len(pool._idle)) == (0, 1)


async def test_a_cancellation_while_connecting_leaves_nothing(server: Server) -> None:
    server.serve = silence  # it never answers the TLS handshake
    pool = Pool(httpx.URL(server.url.replace("http", "https")))
    with anyio.move_on_after(0.05) as scope:
        await _ask(pool)
    await _quiet(server, 0)

    assert (scope.cancelled_caught, len(pool._busy), len(pool._idle)) == (True, 0, 0)


async def test_a_handshake_that_hangs_is_no_connection(server: Server) -> None:
    server.serve = silence
    pool = Pool(httpx.URL(server.url.replace("http", "https")))
    with pytest.raises(httpx.ConnectTimeout):
        await _ask(pool, {"connect": 0.05})
    await _quiet(server, 0)

    assert (len(pool._busy), len(pool._idle)) == (0, 0)


async def test_nobody_there_is_no_connection(server: Server) -> None:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    await listener.aclose()
    begun: list[bool] = []
    pool = Pool(httpx.URL(f"http://127.0.0.1:{port}"))
    with pytest.raises(httpx.ConnectError):
        await pool.ask("POST", b"POST", TIMEOUT, lambda: begun.append(True))

    assert begun == []


async def test_a_drip_ends_at_twice_the_timeout(server: Server) -> None:
    async def drip(stream: ByteStream, number: int) -> None:
        await stream.receive()
        while True:
            await stream.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            await anyio.sleep(0.01)

    server.serve = drip
    pool = Pool(httpx.URL(server.url))
    with anyio.fail_after(2), pytest.raises(httpx.ReadTimeout):
        await _exchange(pool, 0.05)


# As httpx sees it


async def test_to_httpx_it_is_a_transport(server: Server) -> None:
    heard = []

    async def trace(event: str, info: dict[str, Any]) -> None:
        heard.append(event)

    async with httpx.AsyncClient(transport=Pool(httpx.URL(server.url))) as http:
        response = await http.post(
            f"{server.url}/a?b=c", json={"d": 1}, extensions={"trace": trace}
        )

    assert (response.status_code, response.json()) == (201, {"api_id": 1})
    assert heard == ["connection.take.started", "http11.send_request_headers.started"]


async def test_httpx_is_told_of_a_request_that_was_not_begun() -> None:
    heard = []

    async def trace(event: str, info: dict[str, Any]) -> None:
        heard.append(event)

    async with httpx.AsyncClient(transport=Pool(httpx.URL("http://127.0.0.1:9"))) as http:
        with pytest.raises(httpx.ConnectError):
            await http.post("http://127.0.0.1:9/", extensions={"trace": trace})

    assert heard == ["connection.take.started", "connection.take.failed"]


async def test_over_tls_with_an_authority_of_ones_own() -> None:
    authority = trustme.CA()
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)
    server = Server()
    tcp = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = tcp.extra(SocketAttribute.local_port)
    listener = TLSListener(tcp, theirs, standard_compatible=False)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, server)
        pool = Pool(httpx.URL(f"https://127.0.0.1:{port}"), ours)
        bodies = [await _ask(pool) for _ in range(3)]
        await pool.aclose()
        group.cancel_scope.cancel()

    assert (bodies, server.connections) == ([b'{"api_id":1}'] * 3, 1)


# Under a crowd


async def crowd(server: Server, cancellations: int, connections: int = 10) -> tuple[int, int]:
    """Cancel so many actions under contention; then how many places serve, and how many leaked."""
    async with AsyncPhloClient(
        AUTH_ID, "t", base_url=server.url, rate_limit=None, max_connections=connections
    ) as client:
        mpc = client.phlo("p").multi_party_call("n")
        cancelled = 0

        async def asking(number: int) -> None:
            nonlocal cancelled
            while cancelled < cancellations:
                with anyio.move_on_after((number * 37 % 50) / 10_000):
                    try:
                        await mpc.member("12025551111").hold()
                        continue
                    except PhloError:
                        pass
                cancelled += 1

        async with anyio.create_task_group() as group:
            for number in range(4 * connections):
                group.start_soon(asking, number)
        served = 0

        async def once() -> None:
            nonlocal served
            await mpc.member("12025551111").hold()
            served += 1

        with anyio.move_on_after(5):
            async with anyio.create_task_group() as group:
                for _ in range(connections):
                    group.start_soon(once)
        pool = client._transport.line.courier._pool  # type: ignore[attr-defined]  # no caller's client
        return served, len(pool._busy)


async def test_after_many_cancellations_every_place_still_serves(server: Server) -> None:
    assert await crowd(server, 500) == (10, 0)
