"""One request through an httpx client: its bounds, and what becomes of an answer's body."""

from __future__ import annotations

import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest
from anyio.abc import ByteStream

from plivo_phlo_async import (
    ActionResult,
    AsyncPhloClient,
    BadRequestError,
    InvalidArgumentError,
    NotSentError,
    OutcomeUnknownError,
    PhloTransport,
    RetryPolicy,
)

from ..conftest import AUTH_ID
from .loopback import ANSWER, BACKENDS, Serve, loopback, read_request, silence

pytestmark = pytest.mark.anyio


@pytest.fixture(params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


Make = Callable[[], httpx.AsyncClient | None]
# Ample to connect, so that a busy machine is not mistaken for a server that drips.
DRIPPING = httpx.Timeout(connect=2.0, write=1.0, read=0.1, pool=None)
WAYS = [
    pytest.param(lambda: None, id="own client"),
    pytest.param(lambda: httpx.AsyncClient(transport=PhloTransport()), id="own transport"),
    pytest.param(lambda: httpx.AsyncClient(verify=False), id="httpx's transport"),
]


@asynccontextmanager
async def client(
    serve: Serve, make: Make = lambda: None, **options: Any
) -> AsyncIterator[AsyncPhloClient]:
    """A client of a server that answers like `serve`."""
    http = make()
    options = {"retry": RetryPolicy(attempts=1), **options}
    async with loopback(serve) as server:
        async with AsyncPhloClient(
            AUTH_ID, "t", base_url=server.url, http_client=http, **options
        ) as client:
            yield client
        if http is not None:
            await http.aclose()


async def hold(client: AsyncPhloClient) -> ActionResult:
    return await client.phlo("p").multi_party_call("n").member("12025551111").hold()


async def call(client: AsyncPhloClient) -> ActionResult:
    return await client.phlo("p").multi_party_call("n").call("1", "2", "agent")


def answering(answer: bytes, heads: list[bytes] | None = None) -> Serve:
    async def serve(stream: ByteStream) -> None:
        while (asked := await read_request(stream)) is not None:
            if heads is not None:
                heads.append(asked[0])
            await stream.send(answer)

    return serve


# Time


async def drip_head(stream: ByteStream) -> None:
    await read_request(stream)
    await stream.send(b"HTTP/1.1 201 Created\r\n")
    while True:
        await stream.send(b"X: y\r\n")
        await anyio.sleep(0.01)


async def drip_body(stream: ByteStream) -> None:
    await read_request(stream)
    await stream.send(b"HTTP/1.1 201 Created\r\nContent-Length: 100000\r\n\r\n")
    while True:
        await stream.send(b" ")
        await anyio.sleep(0.01)


@pytest.mark.parametrize("make", WAYS)
async def test_a_head_that_drips_is_given_up_with_an_unknown_outcome(make: Make) -> None:
    async with client(drip_head, make, timeout=DRIPPING) as phlo:
        with anyio.fail_after(60), pytest.raises(OutcomeUnknownError):
            await call(phlo)


@pytest.mark.parametrize("make", WAYS)
async def test_a_body_that_drips_is_given_up_and_the_status_counts(make: Make) -> None:
    async with client(drip_body, make, timeout=DRIPPING) as phlo:
        with anyio.fail_after(60):
            result = await call(phlo)

    assert result.status_code == 201
    assert not result.reply_complete
    assert result.api_id is None


@pytest.mark.parametrize("make", WAYS)
async def test_without_a_timeout_it_waits_for_the_answer(make: Make) -> None:
    async with client(answering(ANSWER), make, timeout=None) as phlo:
        assert (await hold(phlo)).reply_complete


async def test_a_caller_who_gives_up_is_not_kept_waiting() -> None:
    async with client(silence, timeout=None) as phlo:
        with anyio.move_on_after(0.05) as scope:
            await hold(phlo)

    assert scope.cancelled_caught


# Bodies


def bomb() -> bytes:
    """Return 64 MiB of zeros, compressed twice."""
    inner = zlib.compressobj(9, zlib.DEFLATED, 31)
    outer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros, packed = bytes(1024 * 1024), b""
    for _ in range(64):
        packed += outer.compress(inner.compress(zeros))
    return packed + outer.compress(inner.flush()) + outer.flush()


@pytest.mark.parametrize("make", WAYS)
async def test_an_unrequested_compressed_body_is_lost_and_the_status_counts(
    make: Make,
) -> None:
    body = bomb()
    head = b"HTTP/1.1 201 Created\r\nContent-Encoding: gzip, gzip\r\nContent-Length: %d\r\n\r\n"
    async with client(answering(head % len(body) + body), make) as phlo:
        await hold(phlo)
        tracemalloc.start()
        try:
            result = await hold(phlo)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert result.status_code == 201
    assert not result.reply_complete
    assert len(body) < 10_000
    assert peak < 2_000_000


@pytest.mark.parametrize("make", WAYS)
async def test_a_body_that_is_said_to_be_encoded_as_it_is_is_read(make: Make) -> None:
    answer = ANSWER.replace(b"Content-Length", b"Content-Encoding: Identity\r\nContent-Length")
    async with client(answering(answer), make) as phlo:
        assert (await hold(phlo)).reply_complete


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")  # httpx's own, on trio
@pytest.mark.parametrize("make", WAYS)
async def test_a_body_longer_than_a_mebibyte_is_lost_and_the_status_counts(make: Make) -> None:
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"

    async def endless(stream: ByteStream) -> None:
        await read_request(stream)
        await stream.send(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await stream.send(chunk)

    async with client(endless, make) as phlo:
        with anyio.fail_after(60):
            result = await call(phlo)

    assert result.status_code == 201
    assert not result.reply_complete


@pytest.mark.parametrize("make", WAYS)
async def test_a_body_of_nearly_a_mebibyte_is_read(make: Make) -> None:
    body = b'{"api_id": "a"}'.ljust(1024 * 1024 - 1)
    answer = b"HTTP/1.1 201 C\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    async with client(answering(answer), make) as phlo:
        assert (await hold(phlo)).api_id == "a"


# Requests


@pytest.mark.parametrize("make", WAYS)
async def test_a_request_asks_for_a_body_that_is_not_encoded(make: Make) -> None:
    heads: list[bytes] = []
    async with client(answering(ANSWER, heads), make) as phlo:
        await hold(phlo)

    assert heads[0].lower().count(b"\r\naccept-encoding: identity") == 1
    assert heads[0].lower().count(b"accept-encoding") == 1


@pytest.mark.parametrize("make", WAYS)
async def test_default_headers_reach_the_server_once_and_replace_the_clients(make: Make) -> None:
    heads: list[bytes] = []
    headers = {"x-team": "calls", "user-agent": "ours/1"}
    async with client(answering(ANSWER, heads), make, default_headers=headers) as phlo:
        await hold(phlo)

    head = heads[0] + b"\r\n"
    assert b"\r\nX-Team: calls\r\n" in head
    assert head.lower().count(b"\r\nuser-agent: ") == head.count(b"\r\nUser-Agent: ours/1\r\n") == 1


async def test_a_view_sends_the_clients_default_headers() -> None:
    heads: list[bytes] = []
    async with client(answering(ANSWER, heads), default_headers={"X-Team": "calls"}) as phlo:
        await hold(phlo.with_options(timeout=3))

    assert b"\r\nX-Team: calls\r\n" in heads[0] + b"\r\n"


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ("X: y", "mapping"),
        ({1: "x"}, "1 cannot be set here"),
        ({"X y": "z"}, "'X y' cannot be set"),
        ({"": "z"}, "'' cannot be set"),
        ({"X\r\nY": "z"}, "cannot be set"),
        ({"Host": "z"}, "'Host' cannot be set"),
        ({"authorization": "z"}, "'authorization' cannot be set"),
        ({"Content-Length": "1"}, "cannot be set"),
        ({"Transfer-Encoding": "chunked"}, "cannot be set"),
        ({"Accept-Encoding": "gzip"}, "cannot be set"),
        ({"Connection": "close"}, "cannot be set"),
        ({"Expect": "100-continue"}, "cannot be set"),
        ({"Proxy-Authorization": "Basic eDp5"}, "cannot be set"),
        ({"X": " y"}, "X has a space around its value"),
        ({"X": 1}, "X needs a value of printable ASCII"),
        ({"X": "a\r\nY: b"}, "X needs a value"),
        ({"X": "\u00e9"}, "X needs a value"),
    ],
)
def test_a_default_header_that_cannot_be_sent_is_refused_by_name(headers: Any, says: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"^default_headers: .*{says}"):
        AsyncPhloClient(AUTH_ID, "t", default_headers=headers)


async def test_the_client_keeps_no_cookies() -> None:
    heads: list[bytes] = []
    answer = ANSWER.replace(b"Content-Length", b"Set-Cookie: a=b; Path=/\r\nContent-Length")
    async with client(answering(answer, heads)) as phlo:
        for _ in range(2):
            await hold(phlo)

    assert b"cookie" not in heads[1].lower()


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    heads: list[bytes] = []
    answer = b"HTTP/1.1 307 Away\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"

    def follows() -> httpx.AsyncClient:
        return httpx.AsyncClient(follow_redirects=True)

    async with client(answering(answer, heads), follows) as phlo:
        with pytest.raises(Exception, match="307"):
            await hold(phlo)

    assert len(heads) == 1


# Hooks of the caller's own client


async def raise_for_status(response: httpx.Response) -> None:
    response.raise_for_status()


async def test_an_error_that_a_hook_raises_for_the_status_is_the_answer_it_is_about() -> None:
    def with_hook() -> httpx.AsyncClient:
        return httpx.AsyncClient(event_hooks={"response": [raise_for_status]})

    answer = b'HTTP/1.1 400 Bad\r\nContent-Length: 15\r\n\r\n{"error":"bad"}'
    async with client(answering(answer), with_hook) as phlo:
        with pytest.raises(BadRequestError) as caught:
            await hold(phlo)

    assert caught.value.attempts == 1
    assert not caught.value.may_have_happened


async def test_a_hook_may_read_the_body_first() -> None:
    async def read(response: httpx.Response) -> None:
        await response.aread()

    def with_hook() -> httpx.AsyncClient:
        return httpx.AsyncClient(event_hooks={"response": [read]})

    async with client(answering(ANSWER), with_hook) as phlo:
        assert (await hold(phlo)).reply_complete


async def test_what_a_request_hook_raises_was_not_sent_by_our_transport() -> None:
    heads: list[bytes] = []

    async def refuse(request: httpx.Request) -> None:
        raise ZeroDivisionError

    def with_hook() -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=PhloTransport(), event_hooks={"request": [refuse]})

    async with client(answering(ANSWER, heads), with_hook) as phlo:
        with pytest.raises((NotSentError, OutcomeUnknownError), match="ZeroDivisionError"):
            await hold(phlo)

    assert heads == []


# Closing


@pytest.mark.parametrize("make", WAYS)
async def test_a_request_that_is_connecting_when_its_client_is_closed_is_not_sent(
    make: Make,
) -> None:
    received = b""

    async def listen(stream: ByteStream) -> None:
        nonlocal received
        async for data in stream:
            received += data

    errors: list[NotSentError] = []

    async def ask(phlo: AsyncPhloClient) -> None:
        with pytest.raises(NotSentError) as caught:
            await hold(phlo)
        errors.append(caught.value)

    async with client(listen, make) as phlo, anyio.create_task_group() as group:
        group.start_soon(ask, phlo)
        await anyio.lowlevel.checkpoint()
        await phlo.aclose()

    assert (len(errors), received) == (1, b"")
