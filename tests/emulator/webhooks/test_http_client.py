"""A letter over a real socket: what arrives, and what is no answer."""

import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import anyio.abc
import pytest
import trustme
from anyio.streams.tls import TLSStream

from plivo_phlo_async.emulator import Letter
from plivo_phlo_async.emulator.webhooks.http_client import post

pytestmark = pytest.mark.anyio
DONE = b"HTTP/1.1 204 No Content\r\n\r\n"

Answer = Callable[[anyio.abc.SocketStream], Awaitable[object]]


def letter(url: str) -> Letter:
    return Letter("POST", url, {"X-A": "b"}, b"a=1", "")


@asynccontextmanager
async def receiver(answer: Answer) -> AsyncIterator[str]:
    """Takes connections, reads what comes, and answers; gives its host and port."""

    async def serve(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await answer(stream)

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as group,
    ):
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        group.start_soon(listener.serve, serve)
        yield f"127.0.0.1:{port}"
        group.cancel_scope.cancel()


async def test_a_letter_arrives_as_it_was_written() -> None:
    heard = b""

    async def answer(stream: anyio.abc.SocketStream) -> None:
        nonlocal heard
        while b"a=1" not in heard:
            heard += await stream.receive()
        await stream.send(DONE)

    async with receiver(answer) as place:
        status = await post(letter(f"http://{place}/e?x=1"))
    head, _, body = heard.partition(b"\r\n\r\n")

    assert (status, body) == (204, b"a=1")
    assert head.startswith(b"POST /e?x=1 HTTP/1.1\r\n")
    assert {b"X-A: b", b"Content-Length: 3", f"Host: {place}".encode()} <= {*head.split(b"\r\n")}


async def test_what_is_said_before_the_answer_is_not_taken_for_it() -> None:
    async def answer(stream: anyio.abc.SocketStream) -> None:
        await stream.receive()
        await stream.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + DONE)

    async with receiver(answer) as place:
        assert await post(letter(f"http://{place}")) == 204


@pytest.mark.parametrize(
    ("reply", "names"),
    [(b"", "broke"), (b"nonsense\r\n\r\n", "not HTTP"), (b"HTTP/1.1 2", "broke")],
)
async def test_an_answer_that_is_none_is_an_oserror(reply: bytes, names: str) -> None:
    async def answer(stream: anyio.abc.SocketStream) -> None:
        await stream.receive()
        await stream.send(reply)

    async with receiver(answer) as place:
        with pytest.raises(OSError, match=names):
            await post(letter(f"http://{place}"))


async def test_a_connection_that_is_reset_is_an_oserror() -> None:
    async def answer(stream: anyio.abc.SocketStream) -> None:
        await stream.receive()
        wire = stream.extra(anyio.abc.SocketAttribute.raw_socket)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await anyio.aclose_forcefully(stream)

    async with receiver(answer) as place:
        with pytest.raises(OSError, match="the connection broke"):
            await post(letter(f"http://{place}"))


async def test_a_port_where_nobody_listens_is_an_oserror() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(OSError, match=r"onnect"):
        await post(letter(f"http://127.0.0.1:{port}"))


@asynccontextmanager
async def receiver_over_tls(authority: trustme.CA) -> AsyncIterator[str]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def answer(stream: anyio.abc.SocketStream) -> None:
        with suppress(anyio.BrokenResourceError, anyio.EndOfStream, ssl.SSLError):
            wrapped = await TLSStream.wrap(stream, ssl_context=context, standard_compatible=False)
            await wrapped.receive()
            await wrapped.send(DONE)

    async with receiver(answer) as place:
        yield f"https://{place}/e"


async def test_a_letter_goes_over_tls_to_who_can_be_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with receiver_over_tls(authority) as url:
        assert await post(letter(url)) == 204


async def test_a_receiver_that_nobody_vouches_for_is_an_oserror() -> None:
    async with receiver_over_tls(trustme.CA()) as url:
        with pytest.raises(OSError, match="certificate"):
            await post(letter(url))


async def test_a_receiver_that_hangs_up_before_tls_begins_is_an_oserror() -> None:
    async with receiver(lambda stream: stream.receive()) as place:
        with pytest.raises(OSError, match="broke"):
            await post(letter(f"https://{place}"))
