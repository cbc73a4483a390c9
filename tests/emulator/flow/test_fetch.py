"""HTTP Request nodes over real sockets: what they send, what they read, and where they may go."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import pytest
import trustme
from anyio.streams.tls import TLSStream

from plivo_phlo_async.emulator.flow.fetch import (
    AllowedHosts,
    FetchFailed,
    FetchReply,
    FetchRequest,
    fetch,
)

from ..receiver import receiver

pytestmark = pytest.mark.anyio
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
HERE = AllowedHosts()


async def read_request(stream: anyio.abc.ByteStream) -> bytes:
    """Read until the head and as many bytes as it announces are there."""
    received = b""
    while True:
        head, end, body = received.partition(b"\r\n\r\n")
        lengths = [line[15:] for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")]
        if end and len(body) >= int(lengths[0] if lengths else 0):
            return received
        received += await stream.receive()


class Server:
    """Answers every request with the same bytes, and closes.

    Attributes:
        host: its host and port.
        requests: what arrived.
    """

    def __init__(self, reply: bytes) -> None:
        self._reply = reply
        self.host = ""
        self.requests: list[bytes] = []

    async def answer(self, stream: anyio.abc.SocketStream) -> None:
        self.requests.append(await read_request(stream))
        with suppress(anyio.BrokenResourceError):
            await stream.send(self._reply)

    @property
    def port(self) -> int:
        return int(self.host.rpartition(":")[2])

    def headers(self) -> dict[str, str]:
        head = self.requests[-1].partition(b"\r\n\r\n")[0].decode()
        return dict(line.split(": ", 1) for line in head.split("\r\n")[1:])

    def body(self) -> str:
        return self.requests[-1].partition(b"\r\n\r\n")[2].decode()

    def target(self) -> str:
        return self.requests[-1].split(b" ")[1].decode()


@asynccontextmanager
async def serving(reply: bytes = OK) -> AsyncIterator[Server]:
    server = Server(reply)
    async with receiver(server.answer) as server.host:
        yield server


async def get(url: str, allowed: AllowedHosts = HERE, **options: Any) -> FetchReply | FetchFailed:
    return await fetch(FetchRequest("GET", url), allowed=allowed, **options)


async def refusal(request: FetchRequest, allowed: AllowedHosts = HERE) -> str:
    result = await fetch(request, allowed=allowed)
    assert isinstance(result, FetchFailed)
    assert "\n" not in result.reason
    return result.reason


def response(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def test_a_reply_has_the_status_the_type_and_the_text() -> None:
    async with serving(response(b'{"a": 1}', "Content-Type: application/json; x=y")) as server:
        reply = await get(f"http://{server.host}/customers?x=1#part")

    assert reply == FetchReply(200, "application/json; x=y", '{"a": 1}')
    assert server.target() == "/customers?x=1"
    assert server.headers() == {
        "Host": server.host,
        "Accept": "*/*",
        "User-Agent": "plivo-phlo-emulator",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }


@pytest.mark.parametrize("status", [b"204 No Content", b"404 Not Found", b"500 Oh"])
async def test_any_status_is_a_reply(status: bytes) -> None:
    async with serving(b"HTTP/1.1 " + status + b"\r\n\r\n") as server:
        assert await get(f"http://{server.host}") == FetchReply(int(status[:3]), "", "")


async def test_headers_and_parameters_are_sent() -> None:
    async with serving() as server:
        await fetch(
            FetchRequest(
                "GET",
                f"http://{server.host}/a%20b?x=%2F",
                headers={"X-Key": " k ", "accept": "text/plain"},
                params={"phone": "+1202", "ü": "a b&"},
            ),
            allowed=HERE,
        )

    assert server.target() == "/a%20b?x=%2F&phone=%2B1202&%C3%BC=a+b%26"
    assert server.headers()["X-Key"] == "k"
    assert server.headers()["accept"] == "text/plain"
    assert "Accept" not in server.headers()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_a_json_body(method: str) -> None:
    value = {"a": [1, "é", None], "b": "\ud800"}
    async with serving() as server:
        url = f"http://{server.host}"
        await fetch(FetchRequest(method, url, body={"json": value}), allowed=HERE)

    assert server.requests[-1].startswith(f"{method} / HTTP/1.1".encode())
    assert server.headers()["Content-Type"] == "application/json"
    assert json.loads(server.body()) == value


async def test_a_form_body() -> None:
    async with serving() as server:
        body = {"form": {"a": "1 2", "ü": "&"}}
        await fetch(FetchRequest("POST", f"http://{server.host}", body=body), allowed=HERE)

    assert server.headers()["Content-Type"] == "application/x-www-form-urlencoded"
    assert server.body() == "a=1+2&%C3%BC=%26"


async def test_a_multipart_body() -> None:
    async with serving() as server:
        body = {"multipart": {"a": "1 2", "b": "ü"}}
        await fetch(FetchRequest("POST", f"http://{server.host}", body=body), allowed=HERE)
    kind, _, boundary = server.headers()["Content-Type"].partition("; boundary=")

    assert kind == "multipart/form-data"
    assert server.body().split(f"--{boundary}") == [
        "",
        '\r\nContent-Disposition: form-data; name="a"\r\n\r\n1 2\r\n',
        '\r\nContent-Disposition: form-data; name="b"\r\n\r\nü\r\n',
        "--\r\n",
    ]


async def test_a_get_has_no_body_and_a_post_always_a_length() -> None:
    async with serving() as server:
        url = f"http://{server.host}"
        await fetch(FetchRequest("GET", url, body={"json": 1}), allowed=HERE)
        await fetch(FetchRequest("POST", url), allowed=HERE)
    first, second = server.requests

    assert first.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in first
    assert b"Content-Length: 0" in second


async def test_a_content_type_of_the_node_replaces_the_bodys() -> None:
    async with serving() as server:
        headers = {"content-type": "application/vnd.api+json"}
        request = FetchRequest("POST", f"http://{server.host}", headers, body={"json": 1})
        await fetch(request, allowed=HERE)

    assert server.headers()["content-type"] == "application/vnd.api+json"
    assert "Content-Type" not in server.headers()


@pytest.mark.parametrize(
    ("auth", "user", "header"),
    [
        ({"basic": ("jo", "sé:cret")}, "", "Basic am86c8OpOmNyZXQ="),
        ({"bearer": "t-1"}, "", "Bearer t-1"),
        ({}, "jo:pw@", "Basic am86cHc="),
        ({"bearer": "t-1"}, "jo:pw@", "Bearer t-1"),
    ],
)
async def test_the_authorization(auth: dict[str, object], user: str, header: str) -> None:
    async with serving() as server:
        await fetch(FetchRequest("GET", f"http://{user}{server.host}", auth=auth), allowed=HERE)

    assert server.headers()["Authorization"] == header
    assert server.headers()["Host"] == server.host


def test_the_authorization_is_not_in_the_repr() -> None:
    request = FetchRequest("GET", "http://localhost", auth={"bearer": "secret"})

    assert "secret" not in repr(request)


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (FetchRequest("GET", ""), "'' is not a valid http or https URL"),
        (FetchRequest("GET", "ftp://x/?key=secret"), "'ftp://x/' is not a valid http or https URL"),
        (FetchRequest("GET", "http://"), "'http://' is not a valid http or https URL"),
        (FetchRequest("GET", "http://a b/"), "'http://a b/' is not a valid"),
        (FetchRequest("GET", "http://localhost:99999"), "is not a valid http or https URL"),
        (FetchRequest("GET", "http://localhost:x"), "is not a valid http or https URL"),
        (FetchRequest("GET", "http://localhost/\r\nX: y"), "'http://localhost/ X: y' is not a"),
        (FetchRequest("GET", "http://localhost/\x00"), "is not a valid http or https URL"),
        (FetchRequest("GET", "\ud800"), "'\\\\ud800' is not a valid http or https URL"),
        (FetchRequest("GET", "http://[::1"), "is not a valid http or https URL"),
        (FetchRequest("GET", "http://" + "a" * 9999), "is not a valid http or"),
        (FetchRequest("PATCH", "http://localhost"), "'PATCH' is not one of GET, POST, PUT, DELETE"),
        (FetchRequest("GET", "http://localhost", {"X": "a\r\nY: b"}), "the header 'X' has a char"),
        (FetchRequest("GET", "http://localhost", {"X Y": "a"}), "the header 'X Y' has a character"),
        (FetchRequest("GET", "http://localhost", {"": "a"}), "the header '' has a character"),
        (FetchRequest("GET", "http://localhost", {"X": "é"}), "the header 'X' has a character"),
        (FetchRequest("GET", "http://localhost", {"host": "a"}), "'host' is the emulator's to set"),
        (FetchRequest("GET", "http://localhost", {"Content-Length": "1"}), "emulator's to set"),
        (FetchRequest("GET", "http://localhost", {"Transfer-Encoding": "x"}), "emulator's to set"),
        (FetchRequest("GET", "http://localhost", {"Connection": "x"}), "emulator's to set"),
        (FetchRequest("GET", "http://localhost", auth={"bearer": "a\nb"}), "'Authorization' has a"),
        (FetchRequest("GET", "http://localhost", params={"a": "\ud800"}), "a parameter has a char"),
        (FetchRequest("PUT", "http://localhost", body={"form": {"\ud800": "a"}}), "the body has a"),
        (
            FetchRequest("PUT", "http://localhost", body={"multipart": {"\ud800": "a"}}),
            "the body has a",
        ),
        (FetchRequest("PUT", "http://localhost", body={"json": float("nan")}), "body is not JSON"),
        (FetchRequest("PUT", "http://localhost", body={"json": object()}), "the body is not JSON"),
    ],
)
async def test_an_invalid_request_fails_in_one_line(request_: FetchRequest, reason: str) -> None:
    refused = await refusal(request_)

    assert reason in refused
    assert len(refused) < 200
    assert "secret" not in refused


@pytest.mark.parametrize(
    "host",
    [
        "api.example.com",
        "192.0.2.1",
        "0.0.0.0",
        "[::]",
        "[::ffff:127.0.0.1]",
        "127.1",
        "2130706433",
        "localhost.example.com",
        "notlocalhost",
        "169.254.169.254",
    ],
)
async def test_any_other_host_is_refused_and_the_reason_says_how_to_allow_it(host: str) -> None:
    name = host.strip("[]")
    reason = await refusal(FetchRequest("GET", f"http://{host}:80/x"))

    assert reason == f"{name} is not allowed; start the emulator with --allow-host {name}"


class Resolver:
    """Replaces name resolution.

    Attributes:
        addresses: the addresses by name; each look-up takes the first list.
        asked: the names that were looked up.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.addresses: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []
        self._original = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._resolve)

    def _resolve(
        self, host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in self.addresses:
            return self._original(host, port, family, type, proto, flags)
        if flags & socket.AI_NUMERICHOST:  # trio tries that first
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        self.asked.append(name)
        found = [self._original(each, port, 0, type) for each in self.addresses[name].pop(0)]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "no such host")
        return [entry for each in found for entry in each]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    return Resolver(monkeypatch)


@pytest.mark.parametrize("name", ["localhost", "shop.localhost", "LocalHost", "localhost."])
async def test_a_name_of_this_machine_is_reached(resolver: Resolver, name: str) -> None:
    resolver.addresses = {name.lower(): [["127.0.0.1"]], "localhost": [["127.0.0.1"]]}
    async with serving() as server:
        reply = await get(f"http://{name}:{server.port}")

    assert isinstance(reply, FetchReply)
    assert server.headers()["Host"] == f"{name.lower()}:{server.port}"


async def test_each_address_of_a_name_is_tried(resolver: Resolver) -> None:
    resolver.addresses = {"localhost": [["127.0.0.9", "127.0.0.1"]]}
    async with serving() as server:
        assert isinstance(await get(f"http://localhost:{server.port}"), FetchReply)


@pytest.mark.parametrize("others", [["192.0.2.1"], ["127.0.0.1", "192.0.2.1"]])
async def test_a_name_that_resolves_elsewhere_is_refused(
    resolver: Resolver, others: list[str]
) -> None:
    resolver.addresses = {"localhost": [others]}

    assert await refusal(FetchRequest("GET", "http://localhost/")) == (
        "localhost is 192.0.2.1, which is not this machine;"
        " start the emulator with --allow-host localhost"
    )


async def test_the_address_that_was_checked_is_the_one_that_is_reached(resolver: Resolver) -> None:
    resolver.addresses = {"localhost": [["127.0.0.1"], ["192.0.2.1"]]}
    async with serving() as server:
        assert isinstance(await get(f"http://localhost:{server.port}"), FetchReply)

    assert resolver.asked == ["localhost"]


async def test_a_name_that_does_not_resolve_fails(resolver: Resolver) -> None:
    resolver.addresses = {"nothing.localhost": [[]]}

    reason = await refusal(FetchRequest("GET", "http://nothing.localhost/"))

    assert reason.startswith("nothing.localhost cannot be resolved:")


async def test_a_host_that_is_allowed_is_reached(resolver: Resolver) -> None:
    async with serving() as server:
        for hosts in ({"API.example.com"}, {f"api.example.com:{server.port}"}):
            resolver.addresses = {"api.example.com": [["127.0.0.1"]] * 2}
            reply = await get(
                f"http://api.example.com:{server.port}/x", AllowedHosts(frozenset(hosts))
            )

            assert isinstance(reply, FetchReply)


async def test_a_host_that_is_allowed_with_a_port_is_refused_on_another() -> None:
    allowed = AllowedHosts(frozenset({"api.example.com:443"}))

    assert "not allowed" in await refusal(FetchRequest("GET", "http://api.example.com/"), allowed)


@pytest.mark.parametrize("key", ["api.example.com", "api.example.com:443", "API.example.com"])
@pytest.mark.parametrize(("path", "target"), [("", "/v1?x=1"), ("/mock/", "/mock/v1?x=1")])
async def test_a_mapped_host_leads_elsewhere_and_keeps_its_name(
    key: str, path: str, target: str
) -> None:
    async with serving() as server:
        allowed = AllowedHosts(mapped={key: f"http://{server.host}{path}"})
        await get("https://api.example.com/v1?x=1", allowed)

    assert server.target() == target
    assert server.headers()["Host"] == "api.example.com"


def test_a_host_is_mapped_to_a_url() -> None:
    with pytest.raises(ValueError, match="api: 'localhost' is not a valid http or https URL"):
        AllowedHosts(mapped={"api": "localhost"})


async def test_a_redirect_is_not_followed() -> None:
    reply = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
    async with serving(reply) as server:
        assert await get(f"http://{server.host}") == FetchReply(302, "", "")

    assert len(server.requests) == 1


async def test_no_cookie_is_kept() -> None:
    async with serving(response(b"", "Set-Cookie: a=b; Path=/")) as server:
        await get(f"http://{server.host}")
        await get(f"http://{server.host}")

    assert b"ookie" not in server.requests[1]


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with serving() as server:
        assert isinstance(await get(f"http://{server.host}"), FetchReply)


async def test_a_body_has_64_kib_at_most() -> None:
    async with serving(response(b"x" * 65_536)) as server:
        whole = await get(f"http://{server.host}")
    async with serving(response(b"x" * 65_537)) as server:
        more = await get(f"http://{server.host}")

    assert isinstance(whole, FetchReply)
    assert len(whole.text) == 65_536
    assert more == FetchFailed("the response is longer than 64 KiB")


@pytest.mark.parametrize(
    "head", [b"Content-Length: 1048576", b"Transfer-Encoding: chunked", b"X: y"]
)
async def test_a_long_body_fails_however_it_is_framed(head: bytes) -> None:
    body = b"x" * 1_048_576
    if head.startswith(b"Transfer"):
        body = b"100000\r\n" + body + b"\r\n0\r\n\r\n"
    async with serving(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body) as server:
        result = await get(f"http://{server.host}")

    assert result == FetchFailed("the response is longer than 64 KiB")


async def test_a_body_without_an_end_fails_as_soon_as_it_is_too_long() -> None:
    async def answer(stream: anyio.abc.SocketStream) -> None:
        await read_request(stream)
        with suppress(anyio.BrokenResourceError):
            await stream.send(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                await stream.send(b"x" * 10_000)

    async with receiver(answer) as host:
        assert await get(f"http://{host}") == FetchFailed("the response is longer than 64 KiB")


async def test_a_compressed_body_is_refused() -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    async with serving(response(bomb, "Content-Encoding: gzip")) as server:
        result = await get(f"http://{server.host}")

    assert result == FetchFailed("the response is compressed (gzip), unasked")


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain", "é".encode(), "é"),
        ("text/plain; charset=utf-8", b"\xff\xfe\x00a", "\ufffd\ufffd\x00a"),
        ("text/plain; charset=iso-8859-1", b"\xe9", "é"),
        ('text/plain; charset="Windows-1252"', b"\x80", "€"),
        ("text/plain; charset=utf-16", "é".encode("utf-16"), "é"),
        ("text/plain; charset=utf-7", b"+2AA-", "+2AA-"),
        ("text/plain; charset=gb999", b"a", "a"),
        ("text/plain; charset=punycode", b"a-b", "a-b"),
        ("text/plain; charset=zlib", b"a", "a"),
    ],
)
async def test_a_text_is_decoded_by_its_charset(content_type: str, body: bytes, text: str) -> None:
    async with serving(response(body, f"Content-Type: {content_type}")) as server:
        reply = await get(f"http://{server.host}")

    assert reply == FetchReply(200, content_type, text)


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000,
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"\x16\x03\x01\x02\x00" * 20,
    ],
)
async def test_a_response_that_is_no_http_fails(reply: bytes) -> None:
    async with serving(reply) as server:
        result = await get(f"http://{server.host}")

    assert isinstance(result, FetchFailed)
    assert result.reason.startswith("the request failed: ")
    assert "\n" not in result.reason


async def test_a_body_that_is_longer_than_announced_is_cut() -> None:
    async with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabcd") as server:
        assert await get(f"http://{server.host}") == FetchReply(200, "", "ab")


async def test_a_closed_port_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    result = await get(f"http://127.0.0.1:{port}")

    assert isinstance(result, FetchFailed)
    assert "efused" in result.reason or "failed" in result.reason


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"])
async def test_a_server_that_hangs_fails_after_the_timeout(start: bytes) -> None:
    async def answer(stream: anyio.abc.SocketStream) -> None:
        await read_request(stream)
        await stream.send(start or b"H")
        await anyio.sleep_forever()

    async with receiver(answer) as host:
        assert await get(f"http://{host}", timeout=0.1) == FetchFailed("no response within 0.1 s")


async def test_a_cancelled_request_is_cancelled() -> None:
    arrived = anyio.Event()
    results: list[object] = []

    async def answer(stream: anyio.abc.SocketStream) -> None:
        await read_request(stream)
        arrived.set()
        await anyio.sleep_forever()

    async def ask(host: str) -> None:
        results.append(await get(f"http://{host}"))

    async with receiver(answer) as host, anyio.create_task_group() as group:
        group.start_soon(ask, host)
        await arrived.wait()
        group.cancel_scope.cancel()

    assert results == []


@asynccontextmanager
async def serving_over_tls(authority: trustme.CA, name: str) -> AsyncIterator[int]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)

    async def answer(stream: anyio.abc.SocketStream) -> None:
        with suppress(anyio.BrokenResourceError, anyio.EndOfStream, ssl.SSLError):
            wrapped = await TLSStream.wrap(stream, ssl_context=context, standard_compatible=False)
            await read_request(wrapped)
            await wrapped.send(OK)

    async with receiver(answer) as host:
        yield int(host.rpartition(":")[2])


async def test_a_certificate_is_checked_against_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resolver: Resolver
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    resolver.addresses = {"localhost": [["127.0.0.1"]] * 2}
    async with serving_over_tls(authority, "localhost") as port:
        right = await get(f"https://localhost:{port}")
    async with serving_over_tls(authority, "example.com") as port:
        wrong = await get(f"https://localhost:{port}")

    assert isinstance(right, FetchReply)
    assert isinstance(wrong, FetchFailed)
    assert "certificate" in wrong.reason
