"""Neither the token nor a whole phone number shows in tracebacks, messages, logs or on a screen."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import struct
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import httpx
import pytest
import sentry_sdk
import trustme
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.tls import TLSStream
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport
from sentry_sdk.utils import event_from_exception

from plivo_phlo_async import (
    Action,
    AsyncPhloClient,
    BadRequestError,
    InvalidArgumentError,
    PhloError,
    PhloTransport,
    RetryPolicy,
)
from plivo_phlo_async._transport.auth import Credentials
from plivo_phlo_async.resources import Phlo

from ..conftest import AUTH_ID, TLS
from ..scripted import ScriptedServer, scripted_server
from .backends import asyncio_and_trio

__all__ = ["asyncio_and_trio"]

TESTS = str(Path(__file__).parents[1])
TOKEN = "OTkyYjA4ZjYxZTk0YmVkMzlkYTg1"
AUTHORIZATION = Credentials(AUTH_ID, TOKEN).header.removeprefix("Basic ")
AGENT, CUSTOMER = "12025550000", "12025551111"
SECRETS = (TOKEN, AUTHORIZATION, AGENT, CUSTOMER)


# What a traceback with local variables shows


def _frames(error: BaseException) -> Iterator[str]:
    """What Python shows of an error and all that led to it, the tests' own frames left out."""
    pending = [traceback.TracebackException.from_exception(error, capture_locals=True)]
    while pending:
        one = pending.pop()
        yield "".join(one.format_exception_only())
        for frame in one.stack:
            if not frame.filename.startswith(TESTS):
                for name, value in (frame.locals or {}).items():
                    yield f"{frame.filename}, {frame.name}: {name} = {value}"
        pending += [each for each in (one.__cause__, one.__context__) if each is not None]
        pending += one.exceptions or []


class _Collect(Transport):
    def __init__(self) -> None:
        super().__init__()
        self.events: list[Any] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.events.append(envelope.get_event())


def _sentry_frames(error: BaseException) -> Iterator[str]:
    """The frames as Sentry collects them, with its default options."""
    collect = _Collect()
    client = sentry_sdk.Client(
        dsn="http://key@127.0.0.1:1/1", transport=collect, default_integrations=False
    )
    event, hint = event_from_exception(error, client_options=client.options)
    client.capture_event(event, hint)
    client.close()
    (collected,) = collect.events
    for one in collected["exception"]["values"]:
        for frame in one.get("stacktrace", {}).get("frames", []):
            if not frame["abs_path"].startswith(TESTS):
                yield f"{frame['abs_path']}, {frame['function']}: {json.dumps(frame['vars'])}"


def _leaks(error: BaseException) -> list[str]:
    """Where a secret shows; fails if there is nothing of this package to look at."""
    shown = [*_frames(error), *_sentry_frames(error)]
    assert any("plivo_phlo_async/" in line for line in shown)
    return [line for line in shown if any(secret in line for secret in SECRETS)]


def test_these_tests_would_see_a_secret_in_a_local_variable() -> None:
    names: dict[str, Any] = {}
    code = f"def fail():\n    kept = {{'to': '{CUSTOMER}'}}\n    raise ValueError"
    exec(compile(code, "/plivo_phlo_async/any.py", "exec"), names)
    with pytest.raises(ValueError) as caught:  # noqa: PT011  its class is all there is
        names["fail"]()

    assert len(_leaks(caught.value)) == 2  # one for each way to look


# Where a request fails

Serve = Callable[[SocketStream], Awaitable[None]]


async def _read(stream: SocketStream) -> None:
    """Read a whole request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += await stream.receive()
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split()[0])
    while len(body) < length:
        body += await stream.receive()


async def _close(stream: SocketStream) -> None:
    await _read(stream)


async def _reset(stream: SocketStream) -> None:
    await _read(stream)
    raw = stream.extra(SocketAttribute.raw_socket)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def _hang(stream: SocketStream) -> None:
    await _read(stream)
    await anyio.sleep_forever()


def _answer(head: str, body: str, *, cut: int = 0) -> Serve:
    data = f"HTTP/1.1 {head}\r\ncontent-length: {len(body) + cut}\r\n\r\n{body}".encode()

    async def answer(stream: SocketStream) -> None:
        await _read(stream)
        await stream.send(data)

    return answer


QUOTED = f"from {AGENT}: to {CUSTOMER} is not valid"
STAGES: dict[str, Serve | None] = {
    "refused": None,
    "closed": _close,
    "reset": _reset,
    "read timeout": _hang,
    "400 that quotes": _answer("400 Bad Request", json.dumps({"error": QUOTED})),
    "201 that quotes": _answer("201 Created", json.dumps({"api_id": "a", "error": QUOTED})),
    "201 of something else": _answer("201 Created", QUOTED),
    "503 that quotes": _answer("503 Unavailable", QUOTED),
    "400 cut short": _answer("400 Bad Request", QUOTED, cut=9),
    "no HTTP": _answer("what?", ""),
}


@asynccontextmanager
async def _serving(serve: Serve | None) -> AsyncIterator[int]:
    """A server on a port; None is a port where nothing listens."""
    if serve is None:
        yield 1
        return

    async def once(stream: SocketStream) -> None:
        async with stream:
            await serve(stream)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, once)
        yield listener.extra(SocketAttribute.local_port)
        group.cancel_scope.cancel()


ACTS: dict[str, Callable[[Phlo], Awaitable[object]]] = {
    "call": lambda phlo: phlo.multi_party_call("n").call(AGENT, CUSTOMER),
    "warm_transfer": lambda phlo: phlo.multi_party_call("n").warm_transfer(AGENT, CUSTOMER),
    "hold": lambda phlo: phlo.multi_party_call("n").member(CUSTOMER).hold(),
    "run": lambda phlo: phlo.run({"to": CUSTOMER}, agent=AGENT),
}
CLIENTS: dict[str, Callable[[], httpx.AsyncClient | None]] = {
    "own": lambda: None,
    "plain httpx": lambda: httpx.AsyncClient(verify=TLS),
}


def _client(port: int, http: httpx.AsyncClient | None, **options: Any) -> AsyncPhloClient:
    return AsyncPhloClient(
        AUTH_ID,
        TOKEN,
        base_url=f"http://127.0.0.1:{port}/v1",
        timeout=httpx.Timeout(30.0, read=0.05),
        retry=RetryPolicy(attempts=2, max_backoff=0),
        http_client=http,
        **options,
    )


@pytest.mark.parametrize("make", CLIENTS.values(), ids=CLIENTS.keys())
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
@pytest.mark.parametrize("serve", STAGES.values(), ids=STAGES.keys())
def test_a_failure_shows_no_secret(
    anyio_backend_name: str,
    anyio_backend_options: dict[str, Any],
    serve: Serve | None,
    act: Callable[[Phlo], Awaitable[object]],
    make: Callable[[], httpx.AsyncClient | None],
) -> None:
    async def main() -> None:
        async with _serving(serve) as port, _client(port, make()) as client:
            await act(client.phlo("p"))

    with pytest.raises(Exception) as caught:  # noqa: PT011  a PhloError, in a group
        anyio.run(main, backend=anyio_backend_name, backend_options=anyio_backend_options)

    assert _leaks(caught.value) == []


@pytest.mark.anyio
@pytest.mark.parametrize("make", CLIENTS.values(), ids=CLIENTS.keys())
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
async def test_a_cancelled_action_shows_no_secret(
    act: Callable[[Phlo], Awaitable[object]],
    make: Callable[[], httpx.AsyncClient | None],
) -> None:
    leaks: list[list[str]] = []

    async def hang(stream: SocketStream) -> None:
        await _read(stream)
        scope.cancel()
        await anyio.sleep_forever()

    with anyio.CancelScope() as scope:
        async with _serving(hang) as port, _client(port, make()) as client:
            try:
                await act(client.with_options(timeout=None).phlo("p"))
            except BaseException as cut:
                leaks.append(_leaks(cut))
                raise

    assert leaks == [[]]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.mark.anyio
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
async def test_an_action_cancelled_as_it_is_sent_shows_no_secret(
    authority: trustme.CA,
    act: Callable[[Phlo], Awaitable[object]],
    secure: bool,
) -> None:
    there, here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(there)
    authority.configure_trust(here)
    leaks: list[list[str]] = []
    scope = anyio.CancelScope()
    is_warm = False

    async def answer(stream: SocketStream) -> None:
        wrapped: Any = stream
        if secure:
            wrapped = await TLSStream.wrap(stream, ssl_context=there, standard_compatible=False)
        await wrapped.receive()
        body = b'{"api_id": "a"}'
        await wrapped.send(b"HTTP/1.1 201 Created\r\ncontent-length: %d\r\n\r\n" % len(body))
        await wrapped.send(body)
        await anyio.sleep_forever()

    async with _serving(answer) as port:
        client = AsyncPhloClient(
            AUTH_ID,
            TOKEN,
            base_url=f"http{'s' if secure else ''}://127.0.0.1:{port}/v1",
            verify=here,
            on_attempt=lambda event: scope.cancel() if is_warm else None,
        )
        async with client:
            await client.phlo("p").multi_party_call("n").member("1").hold()
            is_warm = True
            with scope:
                try:
                    await act(client.phlo("p"))
                except BaseException as cut:
                    leaks.append(_leaks(cut))
                    raise

    assert leaks == [[]]


BAD: list[dict[str, Any]] = [
    {"auth_id": "x"},
    {"base_url": "ftp://plivo.example"},
    {"proxy": "ftp://proxy.example"},
    {"default_headers": {"no name": "x"}},
    {"timeout": -1},
    {"retry": None},
    {"http_client": 1},
    {"max_connections": 0},
    {"verify": False},
]


@pytest.mark.parametrize("options", BAD, ids=lambda options: next(iter(options)))
def test_a_client_that_cannot_be_built_shows_no_token(options: dict[str, Any]) -> None:
    with pytest.raises(PhloError) as caught:
        AsyncPhloClient(**{"auth_id": AUTH_ID, "auth_token": TOKEN, **options})
    caught.value.__cause__ = caught.value.__context__ = None  # a half-made httpx.Proxy has no repr

    assert _leaks(caught.value) == []


def test_an_argument_of_another_sdk_shows_no_token() -> None:
    options: dict[str, Any] = {"auth_id": AUTH_ID, "auth_token": TOKEN, "max_retries": 3}
    with pytest.raises(TypeError, match="max_retries") as caught:
        AsyncPhloClient(**options)

    assert _leaks(caught.value) == []


def test_a_method_of_another_sdk_shows_no_number() -> None:
    phlo: Any = AsyncPhloClient(AUTH_ID, TOKEN).phlo
    with pytest.raises(AttributeError, match="member") as caught:
        phlo.member("p", "n", CUSTOMER, "hold")

    assert _leaks(caught.value) == []


# What a repr shows


def test_a_half_made_client_has_a_repr() -> None:
    assert repr(AsyncPhloClient.__new__(AsyncPhloClient)) == "<AsyncPhloClient not built>"


def test_so_it_can_be_shown_in_the_traceback_of_its_constructor() -> None:
    with pytest.raises(PhloError) as caught:
        AsyncPhloClient(AUTH_ID, TOKEN, max_connections=0)

    assert any("self = <AsyncPhloClient not built>" in line for line in _frames(caught.value))


def test_no_repr_shows_a_secret() -> None:
    client = AsyncPhloClient(AUTH_ID, TOKEN)
    mpc = client.phlo("p").multi_party_call("n")
    shown = [
        repr(each)
        for each in (
            client,
            client.with_options(timeout=None),
            mpc,
            mpc.member(CUSTOMER),
            Action.call("p", "n", AGENT, CUSTOMER),
            Action.hold("p", "n", CUSTOMER),
            Action.run("p", {"to": CUSTOMER}),
            client._transport,
        )
    ]

    assert [text for text in shown if any(secret in text for secret in SECRETS)] == []
    assert shown[3] == "Member(phlo_id='p', node_id='n', member_address=…1111)"


# What messages and logs show of a server's words

SPELLINGS = [
    "12025551111",
    "+12025551111",
    "+1 202 555 1111",
    "+1 (202) 555-1111",
    "1.202.555.1111",
    "(202) 555-1111",
    "555-1111",
    "555\u20111111",
    "%2B12025551111",
    "+1%20202%20555%201111",
    "\uff11\uff12\uff10\uff12\uff15\uff15\uff15\uff11\uff11\uff11\uff11",
    "sip:+12025551111@phone.plivo.com",
    "tel:+1-202-555-1111",
]


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as server:
        yield server


@pytest.mark.anyio
@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_the_actions_own_number_is_masked_in_any_spelling(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture, spelling: str
) -> None:
    caplog.set_level(logging.DEBUG)
    words = f"'{spelling}' is not valid, nor 5030"
    server.otherwise = httpx.Response(400, json={"error": words})
    async with _client(server.port, None) as client:
        with pytest.raises(BadRequestError) as caught:
            await client.phlo("p").multi_party_call("n").call(AGENT, CUSTOMER)
        logging.getLogger("theirs").error("failed: %s", caught.value)
    logged = "\n".join(record.getMessage() for record in caplog.records)

    assert spelling not in str(caught.value)
    assert spelling not in logged
    assert "…1111" in str(caught.value)
    assert "nor 5030" in str(caught.value)
    assert spelling not in caught.value.message
    assert caught.value.body == {"error": words}


ADDRESSES = [
    "sip:alice@+12025551111",
    "sip:alice@12025551111.example",
    "sip:alice@phone.plivo.com;phone-context=+12025551111",
    "sip:+12025551111@phone.plivo.com;user=phone",
    "sip:+1-202-555-1111@phone.plivo.com",
    "tel:5551111;phone-context=+12025551111",
    "alice;phone-context=+12025551111",
]
WHOLE = ("12025551111", "202-555-1111", "5551111", "555-1111")


@pytest.mark.anyio
@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_number_anywhere_in_a_sip_address_is_masked(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    caplog.set_level(logging.DEBUG)
    server.otherwise = httpx.Response(400, json={"error": f"{address} is not valid"})
    action = Action.hold("p", "n", address)
    async with _client(server.port, None) as client:
        with pytest.raises(BadRequestError) as caught:
            await client.perform(action)
    logged = [record.getMessage() for record in caplog.records]
    shown = "\n".join([str(action), repr(action), str(caught.value), *logged])

    assert [whole for whole in WHOLE if whole in shown] == []
    assert any("HTTP Request" in line for line in logged)


CONTROL = ["\n", "\r", "\t", "\x00", "\x1b", "\x7f", "\x85", "\u2028", "\u2029"]
INVISIBLE = ["\u00ad", "\u200b", "\u200e", "\u202a", "\u2060", "\u2066", "\ufeff", "\u3164"]


@pytest.mark.parametrize("character", [*CONTROL, *INVISIBLE], ids=ascii)
@pytest.mark.parametrize("place", ["{}1202", "12{}02", "1202{}"])
def test_what_cannot_be_seen_is_refused_and_not_repeated(place: str, character: str) -> None:
    bad = place.format(character)
    client = AsyncPhloClient(AUTH_ID, TOKEN)
    mpc = client.phlo("p").multi_party_call("n")
    for make in (
        lambda: client.phlo(bad),
        lambda: client.phlo("p").multi_party_call(bad),
        lambda: mpc.member(bad),
        lambda: Action.call("p", "n", bad, "2"),
        lambda: Action.call("p", "n", "1", bad),
        lambda: Action.get_run("p", bad),
    ):
        with pytest.raises(InvalidArgumentError, match=f"U\\+{ord(character):04X}") as caught:
            make()

        assert str(caught.value).isprintable()


# What httpx logs


@pytest.mark.anyio
async def test_httpx_logs_our_urls_masked_and_anothers_as_they_are(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="httpx")
    theirs = f"http://127.0.0.1:{server.port}/members/{CUSTOMER}"
    async with httpx.AsyncClient(transport=PhloTransport()) as http:
        async with _client(server.port, http) as client:
            await client.phlo("p").multi_party_call("n").member(CUSTOMER).hold()
        await http.get(theirs)
    ours, others = caplog.records

    assert "/multi_party_call/n/members/…1111" in ours.getMessage()
    assert CUSTOMER not in ours.getMessage()
    assert theirs in others.getMessage()
    assert isinstance(others.args, tuple)
    assert [type(arg) for arg in others.args[:2]] == [str, httpx.URL]


# What is masked is whole on the wire

KEPT = "'()*!$&,=;:@+"


async def _target(member_address: str) -> str:
    """The request's target as it arrives at a socket."""
    lines: list[bytes] = []

    async def answer(stream: SocketStream) -> None:
        lines.append((await stream.receive()).split(b"\r\n")[0])

    async with _serving(answer) as port, _client(port, None) as client:
        with pytest.raises(PhloError):
            await client.perform(Action.voicemail_drop("p", "n", member_address))
    method, target, version = lines[0].decode("ascii").split(" ")

    assert (method, version) == ("POST", "HTTP/1.1")
    return target


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("address", "segment"),
    [
        ("sip:bob@phone.plivo.com;transport=tcp", "sip:bob@phone.plivo.com;transport=tcp"),
        (f"a{KEPT}b", f"a{KEPT}b"),
        ("-._~", "-._~"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("100%", "100%25"),
        ("%3B", "%253B"),
        ('a b"<>[]{}|\\^`', quote('a b"<>[]{}|\\^`')),
        ("é", "%C3%A9"),
    ],
)
async def test_an_address_arrives_as_the_actions_path_writes_it(address: str, segment: str) -> None:
    path = Action.voicemail_drop("p", "n", address).path(AUTH_ID)

    assert path == f"/phlo/p/multi_party_call/n/members/{segment}"
    assert await _target(address) == f"/v1{path}"


@pytest.mark.anyio
@pytest.mark.parametrize("character", [chr(code) for code in range(0x21, 0x7F)])
async def test_every_character_arrives_as_the_actions_path_writes_it(character: str) -> None:
    address = f"a{character}b"

    assert await _target(address) == f"/v1{Action.voicemail_drop('p', 'n', address).path(AUTH_ID)}"
