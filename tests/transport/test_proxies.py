"""Which proxy is on the way, and what passes through it."""

from __future__ import annotations

import os
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch
from urllib.request import getproxies

import anyio
import httpx
import pytest
from anyio.abc import ByteStream
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from plivo_phlo_async import (
    AsyncPhloClient,
    ConfigurationError,
    NotSentError,
    OutcomeUnknownError,
    PhloTransport,
    RetryPolicy,
)
from plivo_phlo_async._transport.proxies import select_proxy

from ..conftest import AUTH_ID, TLS
from .loopback import (
    BACKENDS,
    Server,
    answer_all,
    client_tls,
    loopback,
    only_linux,
    open_sockets,
    read_request,
    server_tls,
    silence,
    until_open_sockets,
    unused_port,
)


@pytest.fixture(params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


# Which


HOSTS = ["phlorunner.plivo.com", "plivo.com", "notplivo.com", "localhost", "127.0.0.1", "10.0.0.7",
         "[::1]", "fa\u00df.example"]  # fmt: skip
ENTRIES = [*HOSTS, ".plivo.com", "*.plivo.com", "*plivo.com", ".com", "com", "::1", "10.0.0.0/8",
           "127.0.0.1/32", "LOCALHOST", "PLIVO.com", "*", "", "a b", "plivo.com.",
           "::1/128"]  # fmt: skip
PORTS = ["", ":80", ":443", ":7461"]
# A pattern of any host is left out: httpx ranks it by its scheme.
entries = st.one_of(
    st.builds("{}{}".format, st.sampled_from(ENTRIES), st.sampled_from(PORTS)),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["http://", "https://", "all://"]),
        st.sampled_from([entry for entry in ENTRIES if entry not in {"", "*"}]),
        st.sampled_from(PORTS),
    ),
)
proxy = st.sampled_from([None, "", "http://p.example:1", "p.example:2", "https://p.example"])


@given(
    scheme=st.sampled_from(["http", "https"]),
    host=st.sampled_from(HOSTS),
    port=st.sampled_from(PORTS),
    proxies=st.dictionaries(
        st.sampled_from(["HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"]), proxy
    ),
    no_proxy=st.lists(entries, max_size=3).map(", ".join),
)
@settings(max_examples=400, deadline=None)
def test_the_proxy_is_the_one_that_httpx_takes(
    scheme: str, host: str, port: str, proxies: dict[str, str | None], no_proxy: str
) -> None:
    url = f"{scheme}://{host}{port}"
    environment = {name: value for name, value in proxies.items() if value is not None}
    with patch.dict(os.environ, {**environment, "NO_PROXY": no_proxy}, clear=True):
        variable, address = select_proxy(url, getproxies())
        try:
            client = httpx.AsyncClient(trust_env=True, verify=TLS)
        except (httpx.InvalidURL, ValueError):  # it takes a whole list with one bad entry for bad
            assume(False)
        transport = client._transport_for_url(httpx.URL(url))
        names = [key.pattern for key, each in client._mounts.items() if each is transport]
    expected = "" if transport is client._transport else names[0].replace("://", "_proxy")

    assert variable.lower() == expected
    assert (address is None) == (expected == "")


@pytest.mark.parametrize(
    ("entry", "is_left_out"),
    [
        ("*", True),
        (":7461", True),
        (":443", False),
        ("a.example", True),
        ("a.example:7461", True),
        ("a.example:443", False),
        (".example", True),
        ("https://*.example", True),
        ("http://a.example", False),
        ("A.EXAMPLE", True),
        ("ample", False),
    ],
)
def test_an_entry_leaves_out_the_hosts_it_names(entry: str, is_left_out: bool) -> None:
    proxies = {"https": "http://p.example:1", "no": f"other.example, {entry}"}
    _, address = select_proxy("https://a.example:7461/v1", proxies)

    assert (address is None) == is_left_out


@pytest.mark.parametrize("entry", ["[", "a b", "http://[", "\u00df\u0000", "host:port"])
def test_an_entry_that_names_nothing_matches_nothing(entry: str) -> None:
    proxies = {"https": "http://p.example:1", "no": f"{entry},other.example"}

    assert select_proxy("https://phlorunner.plivo.com", proxies)[1] == "http://p.example:1"


@pytest.mark.parametrize(
    ("spelled", "named"),
    [(["HTTPS_PROXY"], "HTTPS_PROXY"), (["https_proxy"], "https_proxy"),
     (["HTTPS_PROXY", "https_proxy"], "https_proxy"), ([], "the system's settings")],
)  # fmt: skip
def test_a_proxy_is_named_by_the_variable_that_counts(
    monkeypatch: pytest.MonkeyPatch, spelled: list[str], named: str
) -> None:
    for name in spelled:
        monkeypatch.setenv(name, "p.example:3128")

    assert select_proxy("https://a.example", {"https": "p.example:3128"}) == (
        named,
        "http://p.example:3128",
    )


@pytest.mark.parametrize(
    "address", ["ftp://p.example", "socks9://p.example", "http://p.example:port"]
)
def test_a_proxy_that_cannot_be_used_is_a_configuration_error_that_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", address)
    with pytest.raises(ConfigurationError, match=r"^ALL_PROXY: "):
        AsyncPhloClient(AUTH_ID, "t", base_url="http://127.0.0.1:1")


# What passes


Connect = Callable[[ByteStream], Awaitable[None]]
AUTHORIZATION = b"\r\nProxy-Authorization: Basic dXNlcjpwOnc="  # user:p:w


class Proxy:
    """A proxy that tunnels, and answers what it would forward."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.on_connect: Connect | None = None

    async def __call__(self, stream: ByteStream) -> None:
        while (asked := await read_request(stream)) is not None:
            head, _ = asked
            self.heads.append(head)
            method, target, _ = head.split(b" ", 2)
            if method != b"CONNECT":
                await stream.send(b"HTTP/1.1 201 C\r\nContent-Length: 12\r\n\r\n" + BODY)
            elif self.on_connect is not None:
                return await self.on_connect(stream)
            else:
                return await self.tunnel(stream, int(target.rpartition(b":")[2]))
        return None

    async def tunnel(self, stream: ByteStream, port: int) -> None:
        async with await anyio.connect_tcp("127.0.0.1", port) as there:
            await stream.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            async with anyio.create_task_group() as group:

                async def copy(source: ByteStream, sink: ByteStream) -> None:
                    try:
                        async for data in source:
                            await sink.send(data)
                    except (anyio.BrokenResourceError, anyio.EndOfStream):
                        pass
                    group.cancel_scope.cancel()

                group.start_soon(copy, stream, there)
                group.start_soon(copy, there, stream)


BODY = b'{"api_id":1}'


@pytest.fixture
def through() -> Proxy:
    return Proxy()


@asynccontextmanager
async def client(
    base_url: str, address: str | None, **options: Any
) -> AsyncIterator[AsyncPhloClient]:
    async with AsyncPhloClient(
        AUTH_ID,
        "t",
        base_url=base_url,
        proxy=address,
        verify=client_tls(),
        retry=RetryPolicy(max_backoff=0),
        **options,
    ) as client:
        yield client


async def hold(client: AsyncPhloClient) -> Any:
    return await client.phlo("p").multi_party_call("n").member("12025551111").hold()


def address_of(server: Server, scheme: str = "http") -> str:
    return f"{scheme}://user:p%3Aw@127.0.0.1:{server.port}"


@pytest.mark.anyio
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_plain_request_is_forwarded_with_the_whole_address_and_the_login(
    through: Proxy, scheme: str
) -> None:
    tls = server_tls() if scheme == "https" else None
    async with (
        loopback(through, tls) as server,
        client("http://127.0.0.1:81/v1", address_of(server, scheme)) as phlo,
    ):
        for _ in range(2):
            await hold(phlo)

    assert server.connections == 1
    for head in through.heads:
        first, _, headers = head.partition(b"\r\n")
        assert first.startswith(b"POST http://127.0.0.1:81/v1/")
        assert AUTHORIZATION in b"\r\n" + headers
        assert b"\r\nHost: 127.0.0.1:81\r\n" in b"\r\n" + headers


@pytest.mark.anyio
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_secure_request_goes_through_a_tunnel_and_the_login_stays_with_the_proxy(
    through: Proxy, scheme: str, anyio_backend: Any
) -> None:
    heads: list[bytes] = []

    async def serve(stream: ByteStream) -> None:
        while (asked := await read_request(stream)) is not None:
            heads.append(asked[0])
            await stream.send(b"HTTP/1.1 201 C\r\nContent-Length: 12\r\n\r\n" + BODY)

    tls = server_tls() if scheme == "https" else None
    async with (
        loopback(serve, server_tls()) as target,
        loopback(through, tls) as server,
        client(f"{target.secure_url}/v1", address_of(server, scheme)) as phlo,
    ):
        for _ in range(2):
            await hold(phlo)

    assert (target.connections, len(heads), len(through.heads)) == (1, 2, 1)
    assert through.heads[0].startswith(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n" % target.port)
    assert b"\r\nHost: 127.0.0.1:%d\r\n" % target.port in through.heads[0]
    assert AUTHORIZATION in through.heads[0]
    assert b"Proxy-Authorization" not in heads[0]
    assert b"Authorization: Basic" not in through.heads[0].replace(AUTHORIZATION, b"")


@pytest.mark.anyio
async def test_a_proxys_own_authority_and_headers_are_used(through: Proxy) -> None:
    async with loopback(through, server_tls()) as server:
        given = httpx.Proxy(
            f"https://127.0.0.1:{server.port}", ssl_context=client_tls(), headers={"X-Team": "a"}
        )
        transport = PhloTransport(verify=ssl.create_default_context(), proxy=given)
        async with httpx.AsyncClient(transport=transport) as http:
            response = await http.get("http://127.0.0.1:81/")

    assert response.status_code == 201
    assert b"\r\nX-Team: a" in through.heads[0]


@pytest.mark.anyio
async def test_an_ipv6_host_is_asked_for_in_brackets(through: Proxy) -> None:
    async def refuse(stream: ByteStream) -> None:
        await stream.send(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")

    through.on_connect = refuse
    async with (
        loopback(through) as server,
        client("https://[::1]:81/v1", address_of(server)) as phlo,
    ):
        with pytest.raises(NotSentError):
            await hold(phlo)

    assert through.heads[0].startswith(b"CONNECT [::1]:81 HTTP/1.1\r\nHost: [::1]:81\r\n")


# What does not


async def refuse_login(stream: ByteStream) -> None:
    await stream.send(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")


async def refuse_login_as_tinyproxy_does(stream: ByteStream) -> None:
    await stream.send(b"HTTP/1.0 401 Unauthorized\r\nContent-Type: text/html\r\n\r\n<html>")


async def bad_gateway(stream: ByteStream) -> None:
    await stream.send(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\nno")


async def garbage(stream: ByteStream) -> None:
    await stream.send(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")


async def leave(stream: ByteStream) -> None:
    pass


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("on_connect", "says"),
    [
        (refuse_login, "407 Proxy Authentication Required"),
        (refuse_login_as_tinyproxy_does, "401 Unauthorized"),
    ],
)
async def test_a_proxy_that_wants_a_login_is_asked_once_and_named_with_its_variable(
    through: Proxy, monkeypatch: pytest.MonkeyPatch, on_connect: Connect, says: str
) -> None:
    through.on_connect = on_connect
    async with loopback(through) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{server.port}")
        async with client("https://127.0.0.1:81/v1", None) as phlo:
            with pytest.raises(NotSentError) as caught:
                await hold(phlo)

    text = str(caught.value)
    assert caught.value.attempts == 1
    assert len(through.heads) == 1
    assert "\n" not in text
    assert f"through the proxy 127.0.0.1:{server.port} (HTTPS_PROXY): " in text
    assert f"ProxyError: {says} (check the proxy's user and password)" in text


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("on_connect", "says"),
    [
        (bad_gateway, "502 Bad Gateway"),
        (garbage, "."),
        (leave, "disconnected"),
        (silence, "no connection within"),
    ],
)
async def test_what_the_proxy_does_not_let_through_was_not_sent_and_is_repeated(
    through: Proxy, on_connect: Connect, says: str
) -> None:
    through.on_connect = on_connect
    timeout = httpx.Timeout(5, connect=0.1 if on_connect is silence else 5)
    async with (
        loopback(through) as server,
        client("https://127.0.0.1:81", address_of(server), timeout=timeout) as phlo,
    ):
        with pytest.raises(NotSentError, match=says) as caught:
            await hold(phlo)

    assert (caught.value.attempts, len(through.heads)) == (4, 4)
    assert "user" not in str(caught.value)


@pytest.mark.anyio
async def test_what_is_lost_behind_the_tunnel_may_have_happened(through: Proxy) -> None:
    async def lose(stream: ByteStream) -> None:
        await read_request(stream)

    async with (
        loopback(lose, server_tls()) as target,
        loopback(through) as server,
        client(target.secure_url, address_of(server)) as phlo,
    ):
        with pytest.raises(OutcomeUnknownError, match="may have happened"):
            await phlo.phlo("p").multi_party_call("n").call("1", "2", "agent")


@pytest.mark.anyio
async def test_a_proxy_that_is_not_there_is_named() -> None:
    port = await unused_port()
    async with client("https://127.0.0.1:81", f"http://127.0.0.1:{port}") as phlo:
        with pytest.raises(NotSentError, match=f"127.0.0.1:81 through the proxy 127.0.0.1:{port}"):
            await hold(phlo)


@pytest.mark.anyio
@only_linux
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("event", "times"),
    [
        ("connection.connect_tcp.complete", 1),
        ("connection.start_tls.started", 1),
        ("connection.start_tls.complete", 1),
        ("proxy.connect_tunnel.started", 1),
        ("proxy.connect_tunnel.complete", 1),
        ("connection.start_tls.started", 2),
        ("http11.send_request_headers.started", 1),
    ],
)
async def test_wherever_it_is_cancelled_no_socket_is_left(
    through: Proxy, scheme: str, event: str, times: int
) -> None:
    seen = 0
    tls = server_tls() if scheme == "https" else None
    async with loopback(answer_all, server_tls()) as target, loopback(through, tls) as server:
        before = open_sockets()
        transport = PhloTransport(verify=client_tls(), proxy=address_of(server, scheme))
        with anyio.CancelScope() as scope:

            async def trace(name: str, info: dict[str, Any]) -> None:
                nonlocal seen
                seen += name == event
                if seen == times:
                    scope.cancel()

            async with httpx.AsyncClient(transport=transport) as http:
                await http.get(target.secure_url, extensions={"trace": trace})
        await until_open_sockets(before)

        assert scope.cancelled_caught or seen < times


# SOCKS


def test_a_socks_proxy_without_socksio_is_a_configuration_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(ConfigurationError, match=r"^proxy: .*socksio"):
        AsyncPhloClient(AUTH_ID, "t", base_url="http://127.0.0.1:1", proxy="socks5://127.0.0.1:1")


@pytest.mark.anyio
async def test_a_socks_proxy_leads_to_the_server() -> None:
    pytest.importorskip("socksio")
    asked: list[bytes] = []

    async def socks(stream: ByteStream) -> None:
        asked.append(await stream.receive())
        await stream.send(b"\x05\x00")
        asked.append(await stream.receive())
        await stream.send(b"\x05\x00\x00\x01" + socket.inet_aton("127.0.0.1") + b"\x00\x50")
        await answer_all(stream)

    async with (
        loopback(socks) as server,
        client("http://127.0.0.1:81", f"socks5://127.0.0.1:{server.port}") as phlo,
    ):
        result = await hold(phlo)

    assert (result.status_code, asked[0][:1], asked[1][:3]) == (201, b"\x05", b"\x05\x01\x00")
