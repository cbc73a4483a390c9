"""Webhook requests over a real socket: what arrives, and which responses are errors."""

import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import anyio.abc
import pytest
import trustme
from anyio.streams.tls import TLSStream

from plivo_phlo_async.emulator import WebhookRequest
from plivo_phlo_async.emulator.webhooks.http_client import send_request

from ..receiver import receiver

pytestmark = pytest.mark.anyio
DONE = b"HTTP/1.1 204 No Content\r\n\r\n"


def webhook(url: str) -> WebhookRequest:
    return WebhookRequest("POST", url, {"X-A": "b"}, b"a=1", "")


async def test_a_request_arrives_as_it_was_built() -> None:
    received = b""

    async def answer(stream: anyio.abc.SocketStream) -> None:
        nonlocal received
        while b"a=1" not in received:
            received += await stream.receive()
        await stream.send(DONE)

    async with receiver(answer) as host:
        status = await send_request(webhook(f"http://{host}/e?x=1"))
    head, _, body = received.partition(b"\r\n\r\n")

    assert (status, body) == (204, b"a=1")
    assert head.startswith(b"POST /e?x=1 HTTP/1.1\r\n")
    assert {b"X-A: b", b"Content-Length: 3", f"Host: {host}".encode()} <= {*head.split(b"\r\n")}


async def test_an_informational_response_is_skipped() -> None:
    async def answer(stream: anyio.abc.SocketStream) -> None:
        await stream.receive()
        await stream.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + DONE)

    async with receiver(answer) as host:
        assert await send_request(webhook(f"http://{host}")) == 204


@pytest.mark.parametrize(
    ("reply", "names"),
    [
        (b"", "disconnected"),
        (b"nonsense\r\n\r\n", "illegal"),
        (b"HTTP/1.1 2", "disconnected|reset"),
    ],
)
async def test_an_invalid_response_is_an_oserror(reply: bytes, names: str) -> None:
    async def answer(stream: anyio.abc.SocketStream) -> None:
        await stream.receive()
        await stream.send(reply)

    async with receiver(answer) as host:
        with pytest.raises(OSError, match=names):
            await send_request(webhook(f"http://{host}"))


async def test_a_connection_that_is_reset_is_an_oserror() -> None:
    async def answer(stream: anyio.abc.SocketStream) -> None:
        await stream.receive()
        raw = stream.extra(anyio.abc.SocketAttribute.raw_socket)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await anyio.aclose_forcefully(stream)

    async with receiver(answer) as host:
        with pytest.raises(OSError, match=r"reset|disconnected"):
            await send_request(webhook(f"http://{host}"))


async def test_a_closed_port_is_an_oserror() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(OSError, match=r"onnect"):
        await send_request(webhook(f"http://127.0.0.1:{port}"))


@asynccontextmanager
async def receiver_over_tls(authority: trustme.CA) -> AsyncIterator[str]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def answer(stream: anyio.abc.SocketStream) -> None:
        with suppress(anyio.BrokenResourceError, anyio.EndOfStream, ssl.SSLError):
            wrapped = await TLSStream.wrap(stream, ssl_context=context, standard_compatible=False)
            await wrapped.receive()
            await wrapped.send(DONE)

    async with receiver(answer) as host:
        yield f"https://{host}/e"


async def test_a_request_goes_over_tls_to_a_trusted_receiver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with receiver_over_tls(authority) as url:
        assert await send_request(webhook(url)) == 204


async def test_an_untrusted_receiver_is_an_oserror() -> None:
    async with receiver_over_tls(trustme.CA()) as url:
        with pytest.raises(OSError, match="certificate"):
            await send_request(webhook(url))


async def test_a_receiver_that_hangs_up_before_tls_begins_is_an_oserror() -> None:
    async with receiver(lambda stream: stream.receive()) as host:
        with pytest.raises(OSError, match=r"EOF|closed|broke|disconnected|reset"):
            await send_request(webhook(f"https://{host}"))
