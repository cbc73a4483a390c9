"""Opening connections: addresses, TLS, and that nothing is left behind when it fails."""

from __future__ import annotations

import asyncio
import datetime
import socket
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpcore
import pytest
import trustme
from anyio.abc import ByteStream
from anyio.streams.tls import TLSAttribute

from plivo_phlo_async import (
    AsyncPhloClient,
    BadRequestError,
    NotSentError,
    PhloTransport,
    RetryPolicy,
)
from plivo_phlo_async._transport import connect
from plivo_phlo_async._transport.connection_pool import ConnectionPool

from ..conftest import AUTH_ID
from .loopback import (
    ANSWER,
    BACKENDS,
    CA,
    Serve,
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
    until_open_sockets,
    unused_port,
)

pytestmark = pytest.mark.anyio
BODY = b'{"api_id":1}'
Address = tuple[Any, ...]


@pytest.fixture(params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


@pytest.fixture
async def pool() -> AsyncIterator[ConnectionPool]:
    async with ConnectionPool(client_tls) as pool:
        yield pool


class Dead:
    """A listener whose queue is full, so that connecting to it hangs."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.address: Address = self.listener.getsockname()
        self.waiting: list[socket.socket] = []
        for _ in range(3):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(self.address)
            self.waiting.append(sock)

    def revive(self) -> None:
        """Empty the queue."""
        for sock in self.waiting:
            sock.close()
        self.listener.setblocking(False)
        while True:
            try:
                self.listener.accept()[0].close()
            except BlockingIOError:
                return

    def close(self) -> None:
        for sock in self.waiting:
            sock.close()
        self.listener.close()


@pytest.fixture
def dead() -> Iterator[Dead]:
    if sys.platform != "linux":
        pytest.skip("elsewhere a full queue refuses")
    with ExitStack() as stack:
        dead = Dead()
        stack.callback(dead.close)
        yield dead


def resolve(
    monkeypatch: pytest.MonkeyPatch, *addresses: Address, names: list[str] | None = None
) -> None:
    """Have every name resolve to `addresses`."""
    families = [socket.AF_INET6 if ":" in each[0] else socket.AF_INET for each in addresses]
    found = [
        (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)
        for family, address in zip(families, addresses, strict=True)
    ]

    async def getaddrinfo(host: str, port: int, **options: object) -> Any:
        if names is not None:
            names.append(host)
        return found

    monkeypatch.setattr("anyio.getaddrinfo", getaddrinfo)


# Addresses


async def test_a_host_whose_first_address_is_dead_costs_a_head_start(
    dead: Dead, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = []
    async with loopback() as server:
        resolve(monkeypatch, dead.address, ("127.0.0.1", server.port))
        for _ in range(3):
            async with ConnectionPool(client_tls) as pool:
                began = anyio.current_time()
                await ask(pool, "http://two.example")
                times.append(anyio.current_time() - began)

    assert 0.25 <= min(times) < 5  # the dead one would take for ever


async def test_a_refused_address_costs_nothing(
    pool: ConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "_HEAD_START", 3600)
    async with loopback() as server:
        resolve(monkeypatch, ("127.0.0.2", await unused_port()), ("127.0.0.1", server.port))
        with anyio.fail_after(60):
            assert await ask(pool, "http://two.example", timeout={}) == BODY


async def test_an_address_that_answers_within_its_head_start_is_the_only_one_tried(
    pool: ConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with loopback() as first, loopback() as second:
        resolve(monkeypatch, ("127.0.0.1", first.port), ("127.0.0.1", second.port))
        await ask(pool, "http://two.example")

        assert (first.connections, second.connections) == (1, 0)


@pytest.mark.parametrize("anyio_backend", [BACKENDS[0], BACKENDS[2]], indirect=True)
async def test_so_is_one_that_answers_late_within_it(
    pool: ConnectionPool, dead: Dead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "_HEAD_START", 3600)

    async def trace(name: str, info: dict[str, Any]) -> None:
        if name == "connection.connect_tcp.complete":
            connected.set()

    connected = anyio.Event()
    async with loopback() as second, anyio.create_task_group() as group:
        resolve(monkeypatch, dead.address, ("127.0.0.1", second.port))
        url = "http://two.example"
        group.start_soon(lambda: ask(pool, url, trace=trace))
        await anyio.wait_all_tasks_blocked()
        is_early = connected.is_set()
        dead.revive()
        with anyio.fail_after(60):
            await connected.wait()
        group.cancel_scope.cancel()

    assert not is_early
    assert second.connections == 0


async def test_addresses_that_all_refuse_are_one_error_that_names_each(
    pool: ConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = await unused_port()
    resolve(monkeypatch, ("127.0.0.2", port), ("127.0.0.3", port))
    with pytest.raises(httpcore.ConnectError) as caught:
        await ask(pool, "http://two.example")

    assert str(caught.value) == "127.0.0.2: Connection refused; 127.0.0.3: Connection refused"


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
async def test_families_are_tried_in_turn(
    pool: ConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = await unused_port()
    six = [("::ffff:127.0.0.2", port, 0, 0), ("::ffff:127.0.0.3", port, 0, 0)]
    four = [("127.0.0.4", port), ("127.0.0.5", port)]
    resolve(monkeypatch, *six, ("::ffff:127.0.0.6", port, 0, 0), *four)
    with pytest.raises(httpcore.ConnectError) as caught:
        await ask(pool, "http://two.example")
    tried = [each.removesuffix(": Connection refused") for each in str(caught.value).split("; ")]

    assert tried == [
        "::ffff:127.0.0.2",
        "127.0.0.4",
        "::ffff:127.0.0.3",
        "127.0.0.5",
        "::ffff:127.0.0.6",
    ]


@only_linux
async def test_an_address_that_lost_leaves_no_socket(
    pool: ConnectionPool, dead: Dead, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with loopback() as server:
        before = open_sockets()
        resolve(monkeypatch, dead.address, ("127.0.0.1", server.port))
        await ask(pool, "http://two.example")
        await pool.aclose()
        await until_open_sockets(before)


@only_linux
@pytest.mark.parametrize("seconds", [0.05, 0.3], ids=["one tried", "both tried"])
async def test_a_race_that_is_cancelled_leaves_no_socket(
    pool: ConnectionPool, dead: Dead, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    before = open_sockets()
    resolve(monkeypatch, dead.address, dead.address)
    with anyio.move_on_after(seconds) as scope:
        await ask(pool, "http://two.example")
    await until_open_sockets(before)

    assert scope.cancelled_caught


@only_linux
@pytest.mark.parametrize("count", [1, 2])
async def test_addresses_that_never_answer_are_a_timeout(
    pool: ConnectionPool, dead: Dead, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    before = open_sockets()
    resolve(monkeypatch, *[dead.address] * count)
    with pytest.raises(httpcore.ConnectTimeout, match=r"no connection within 0\.05 s"):
        await ask(pool, "http://two.example", timeout={"connect": 0.05})
    await until_open_sockets(before)


async def test_a_name_that_does_not_resolve_is_a_connect_error(
    pool: ConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def getaddrinfo(*arguments: object, **options: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("anyio.getaddrinfo", getaddrinfo)
    with pytest.raises(httpcore.ConnectError, match="Name or service not known"):
        await ask(pool, "http://nowhere.example")


# Cancelled at each step


@only_linux
@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(
    "event",
    [
        "connection_pool.acquire.started",
        "connection.connect_tcp.started",
        "connection.connect_tcp.complete",
        "connection.start_tls.started",
        "connection.start_tls.complete",
        "http11.send_request_headers.started",
    ],
)
async def test_wherever_it_is_cancelled_no_socket_is_left(
    pool: ConnectionPool, event: str, at_once: bool
) -> None:
    async with loopback(tls=server_tls()) as server:
        before = open_sockets()
        with anyio.CancelScope() as scope:

            async def trace(name: str, info: dict[str, Any]) -> None:
                if name == event:
                    scope.cancel()
                    if at_once:
                        await anyio.lowlevel.checkpoint()

            await ask(pool, server.secure_url, trace=trace)
        await until_open_sockets(before)

        assert scope.cancelled_caught


@only_linux
@pytest.mark.parametrize("turns", range(12))
async def test_at_whichever_turn_of_the_loop_it_is_cancelled_no_socket_is_left(
    pool: ConnectionPool, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    async with loopback(tls=server_tls()) as server, anyio.create_task_group() as group:
        resolve(monkeypatch, ("127.0.0.1", server.port))
        before = open_sockets()
        with anyio.CancelScope() as scope:

            async def cancel_later() -> None:
                for _ in range(turns):
                    await anyio.lowlevel.checkpoint()
                scope.cancel()

            async def trace(name: str, info: dict[str, Any]) -> None:
                if name == "connection.connect_tcp.started":
                    group.start_soon(cancel_later)

            await ask(pool, server.secure_url, trace=trace)
            await pool.aclose()
        await until_open_sockets(before)


@only_linux
async def test_a_trace_that_raises_leaves_no_socket(pool: ConnectionPool) -> None:
    async def trace(name: str, info: dict[str, Any]) -> None:
        if name == "connection.connect_tcp.complete":
            raise ZeroDivisionError

    async with loopback() as server:
        before = open_sockets()
        with pytest.raises(ZeroDivisionError):
            await ask(pool, server.url, trace=trace)
        await until_open_sockets(before)


# TLS handshakes that fail


async def garbage(stream: ByteStream) -> None:
    await stream.receive()
    await stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await silence(stream)


async def leave(stream: ByteStream) -> None:
    await stream.receive()


async def reset(stream: ByteStream) -> None:
    await stream.receive()
    reset_on_close(stream)


@only_linux
@pytest.mark.parametrize("serve", [garbage, leave, reset])
async def test_a_handshake_that_fails_is_a_connect_error(
    pool: ConnectionPool, serve: Serve
) -> None:
    async with loopback(serve) as server:
        before = open_sockets()
        with pytest.raises(httpcore.ConnectError, match=r".+"):
            await ask(pool, server.secure_url)
        await until_open_sockets(before)


@only_linux
async def test_a_handshake_that_hangs_is_a_connect_timeout(pool: ConnectionPool) -> None:
    async with loopback(silence) as server:
        before = open_sockets()
        with pytest.raises(httpcore.ConnectTimeout):
            await ask(pool, server.secure_url, timeout={"connect": 0.05})
        await until_open_sockets(before)


@only_linux
async def test_a_cancelled_handshake_leaves_no_socket(pool: ConnectionPool) -> None:
    async with loopback(silence) as server:
        before = open_sockets()
        with anyio.move_on_after(0.05) as scope:
            await ask(pool, server.secure_url)
        await until_open_sockets(before)

        assert scope.cancelled_caught


async def test_what_comes_in_plain_text_before_the_handshake_is_no_answer(
    pool: ConnectionPool,
) -> None:
    is_sent = anyio.Event()

    async def inject(stream: ByteStream) -> None:
        await stream.send(ANSWER)
        is_sent.set()
        await silence(stream)

    async def trace(name: str, info: dict[str, Any]) -> None:
        if name == "connection.start_tls.started":
            await is_sent.wait()
            for _ in range(20):
                await anyio.lowlevel.checkpoint()

    async with loopback(inject) as server:
        with pytest.raises(httpcore.ConnectError, match=r".+"):
            await ask(pool, server.secure_url, trace=trace)


async def test_a_server_that_closes_before_the_handshake_is_noticed_at_once(
    pool: ConnectionPool,
) -> None:
    async def close(stream: ByteStream) -> None:
        pass

    async with loopback(close) as server:

        async def trace(name: str, info: dict[str, Any]) -> None:
            if name == "connection.start_tls.started":
                await server.until_open(0)
                for _ in range(20):
                    await anyio.lowlevel.checkpoint()

        with anyio.fail_after(60), pytest.raises(httpcore.ConnectError, match=r".+"):
            await ask(pool, server.secure_url, timeout={}, trace=trace)


@pytest.mark.parametrize("anyio_backend", BACKENDS[:1], indirect=True)
async def test_a_connection_that_asyncio_loses_as_the_handshake_ends_is_a_connect_error(
    pool: ConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def start_tls(*arguments: object, **options: object) -> None:
        return None  # as asyncio does then

    monkeypatch.setattr(asyncio.get_running_loop(), "start_tls", start_tls)
    async with loopback() as server:
        with pytest.raises(httpcore.ConnectError, match="closed in the handshake"):
            await ask(pool, server.secure_url)


# Certificates


@asynccontextmanager
async def client(base_url: str, verify: ssl.SSLContext | None) -> AsyncIterator[AsyncPhloClient]:
    retry = RetryPolicy(max_backoff=0)
    async with AsyncPhloClient(
        AUTH_ID, "t", base_url=base_url, verify=verify, retry=retry
    ) as client:
        yield client


async def hold(client: AsyncPhloClient) -> object:
    return await client.phlo("p").multi_party_call("n").member("12025551111").hold()


LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("theirs", "trusts_ours"),
    [
        pytest.param(server_tls("127.0.0.1"), False, id="unknown authority"),
        pytest.param(server_tls("other.example"), True, id="another host"),
        pytest.param(
            server_tls(
                "127.0.0.1",
                not_before=LONG_AGO,
                not_after=LONG_AGO + datetime.timedelta(days=1),
            ),
            True,
            id="expired",
        ),
    ],
)
async def test_a_certificate_that_cannot_be_verified_is_tried_once_and_says_what_to_set(
    theirs: ssl.SSLContext, trusts_ours: bool
) -> None:
    verify = client_tls() if trusts_ours else ssl.create_default_context()
    async with loopback(tls=theirs) as server, client(server.secure_url, verify) as phlo:
        with pytest.raises(NotSentError) as caught:
            await hold(phlo)

    text = str(caught.value)
    assert caught.value.attempts == 1
    assert "\n" not in text
    assert "SSL_CERT_FILE" in text
    assert "verify=" in text


class Strict:
    """A server in a thread that wants a client's certificate, over OpenSSL's own sockets.

    They send the alert that says why, which anyio's do not.
    """

    def __init__(self) -> None:
        context = server_tls()
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        CA.configure_trust(context)
        plain = socket.create_server(("127.0.0.1", 0))
        self.listener = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        self.received = b""
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            try:
                connection.do_handshake()
                self.received += connection.recv(65536)
                connection.close()
            except ssl.SSLError:
                with socket.socket(fileno=connection.detach()) as plain:
                    while plain.recv(65536):  # closing with data unread would be a reset
                        pass

    def close(self) -> None:
        socket.socket.shutdown(self.listener, socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()


@pytest.fixture
def strict() -> Iterator[Strict]:
    with ExitStack() as stack:
        strict = Strict()
        stack.callback(strict.close)
        yield strict


@pytest.mark.parametrize("has_certificate", [False, True], ids=["none", "another authority's"])
async def test_a_client_certificate_that_the_server_refuses_is_tried_once_and_says_so(
    strict: Strict, has_certificate: bool
) -> None:
    ours = client_tls()
    if has_certificate:
        trustme.CA().issue_cert("someone@example.org").configure_cert(ours)
    async with client(strict.url, ours) as phlo:
        with pytest.raises(NotSentError) as caught:
            await hold(phlo)

    text = str(caught.value)
    assert caught.value.attempts == 1
    assert "\n" not in text
    assert strict.received == b""
    assert "verify=" in text


async def test_a_client_certificate_that_the_server_accepts_is_used() -> None:
    theirs = server_tls()
    theirs.verify_mode = ssl.CERT_REQUIRED
    CA.configure_trust(theirs)
    ours = client_tls()
    CA.issue_cert("someone@example.org").configure_cert(ours)
    async with loopback(tls=theirs) as server, ConnectionPool(lambda: ours) as pool:
        assert await ask(pool, server.secure_url) == BODY


async def test_the_environments_authority_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    CA.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    agreed = []

    async def serve(stream: ByteStream) -> None:
        agreed.append(stream.extra(TLSAttribute.alpn_protocol))
        await read_request(stream)
        await stream.send(ANSWER)

    async with (
        loopback(serve, server_tls(alpn=["h2", "http/1.1"])) as server,
        client(server.secure_url, None) as phlo,
    ):
        await hold(phlo)

    assert agreed == ["http/1.1"]


# Protocols


@pytest.fixture
def shared() -> ssl.SSLContext:
    """A context that other programs use as well, for HTTP/2."""
    context = client_tls()
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


async def test_where_tls_agrees_on_another_protocol_nothing_is_sent(
    shared: ssl.SSLContext,
) -> None:
    received = b""

    async def listen(stream: ByteStream) -> None:
        nonlocal received
        async for data in stream:
            received += data

    theirs = server_tls(alpn=["h2", "http/1.1"])
    async with loopback(listen, theirs) as server, client(server.secure_url, shared) as phlo:
        with pytest.raises(NotSentError, match=r"agreed on h2.*give an SSLContext of your own"):
            await hold(phlo)
        await server.until_open(0)

    assert received == b""


@pytest.mark.parametrize("alpn", [None, ["http/1.1"]], ids=["none", "http/1.1"])
async def test_a_shared_context_serves_where_http1_is_agreed(
    shared: ssl.SSLContext, alpn: list[str] | None
) -> None:
    async with (
        loopback(tls=server_tls(alpn=alpn)) as server,
        ConnectionPool(lambda: shared) as pool,
    ):
        assert await ask(pool, server.secure_url) == BODY


async def test_the_callers_context_stays_as_it_is(shared: ssl.SSLContext) -> None:
    theirs = server_tls(alpn=["h2", "http/1.1"])
    async with loopback(answer_all, theirs) as server:
        transport = PhloTransport(verify=shared)
        await transport.aclose()
        stream = await anyio.connect_tcp("127.0.0.1", server.port, ssl_context=shared)
        agreed = stream.extra(TLSAttribute.alpn_protocol)
        await anyio.aclose_forcefully(stream)

    assert agreed == "h2"
    assert shared.verify_mode == ssl.CERT_REQUIRED
    assert shared.check_hostname


# Names


async def test_a_name_in_unicode_is_one_name_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLIVO_PHLO_ALLOW_NETWORK", "1")
    theirs = server_tls("xn--fa-hia.example")
    asked_for: list[str] = []
    indicated: list[str | None] = []
    heads: list[bytes] = []
    theirs.sni_callback = lambda _socket, name, _context: indicated.append(name)

    async def serve(stream: ByteStream) -> None:
        asked = await read_request(stream)
        assert asked is not None
        heads.append(asked[0])
        await stream.send(b'HTTP/1.1 400 Bad\r\nContent-Length: 13\r\n\r\n{"error":"no"}')

    async with loopback(serve, theirs) as server:
        resolve(monkeypatch, ("127.0.0.1", server.port), names=asked_for)
        url = f"https://fa\u00df.example:{server.port}/v1"
        async with client(url, client_tls()) as phlo:
            with pytest.raises(BadRequestError):
                await hold(phlo)
        port = server.port
    async with client(url, client_tls()) as phlo:
        with pytest.raises(NotSentError, match=f"sent to xn--fa-hia.example:{port}: "):
            await hold(phlo)

    assert set(asked_for) == {"xn--fa-hia.example"}
    assert indicated == ["xn--fa-hia.example"]
    assert f"\r\nHost: xn--fa-hia.example:{port}\r\n".encode() in heads[0] + b"\r\n"
