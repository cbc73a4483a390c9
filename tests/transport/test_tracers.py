"""What traces or hooks into httpx sees each request, and its headers reach the server."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from plivo_phlo_async import AsyncPhloClient, BadRequestError, PhloTransport, ServerError
from plivo_phlo_async.resources import Member

from ..conftest import AUTH_ID
from ..scripted import ScriptedServer, scripted_server

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as server:
        yield server


@asynccontextmanager
async def _member(
    server: ScriptedServer, http: httpx.AsyncClient | None = None
) -> AsyncIterator[Member]:
    client = AsyncPhloClient(AUTH_ID, "token", base_url=_url(server), http_client=http)
    async with client:
        yield client.phlo("p").multi_party_call("n").member("12025551111")


def _url(server: ScriptedServer) -> str:
    return f"http://127.0.0.1:{server.port}/v1"


# OpenTelemetry


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> Iterator[TracerProvider]:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider
    provider.shutdown()


@pytest.fixture
def instrumented(provider: TracerProvider) -> Iterator[None]:
    HTTPXClientInstrumentor().instrument(tracer_provider=provider)
    yield
    HTTPXClientInstrumentor().uninstrument()


def _ids(spans: Iterable[ReadableSpan]) -> list[str]:
    """The spans' ids as `traceparent` carries them."""
    contexts = [context for span in spans if (context := span.get_span_context())]
    return [f"{context.trace_id:032x}-{context.span_id:016x}" for context in contexts]


def _arrived(server: ScriptedServer) -> list[str]:
    """The ids in the headers that the server was sent; the last part, the flags, left out."""
    sent = [request.headers.get("traceparent", "") for request in server.requests]
    return [value[3:52] for value in sent]


@pytest.mark.usefixtures("instrumented")
async def test_opentelemetry_has_one_span_for_each_request_and_its_header_arrives(
    server: ScriptedServer, exporter: InMemorySpanExporter
) -> None:
    async with _member(server) as member:
        await member.hold()
        await member.unhold()
    spans = exporter.get_finished_spans()

    assert [span.name for span in spans] == ["POST", "POST"]
    assert _arrived(server) == _ids(spans)


@pytest.mark.usefixtures("instrumented")
async def test_opentelemetry_has_a_span_for_each_attempt(
    server: ScriptedServer, exporter: InMemorySpanExporter
) -> None:
    server.script = [httpx.Response(500), httpx.Response(500)]
    async with _member(server) as member:
        with pytest.raises(ServerError):
            await member.hold()
    arrived = _arrived(server)

    assert arrived == _ids(exporter.get_finished_spans())
    assert len({*arrived}) == 2


@pytest.mark.parametrize("make", [PhloTransport, httpx.AsyncHTTPTransport])
async def test_opentelemetry_instruments_a_callers_client(
    server: ScriptedServer,
    provider: TracerProvider,
    exporter: InMemorySpanExporter,
    make: Callable[[], httpx.AsyncBaseTransport],
) -> None:
    async with httpx.AsyncClient(transport=make()) as http:
        HTTPXClientInstrumentor.instrument_client(http, tracer_provider=provider)
        async with _member(server, http) as member:
            await member.hold()
        HTTPXClientInstrumentor.uninstrument_client(http)
        async with _member(server, http) as member:
            await member.hold()

    assert _arrived(server) == [*_ids(exporter.get_finished_spans()), ""]


async def test_the_header_of_a_traced_request_is_not_in_the_next_one(
    server: ScriptedServer, provider: TracerProvider
) -> None:
    async with _member(server) as member:
        HTTPXClientInstrumentor().instrument(tracer_provider=provider)
        try:
            await member.hold()
        finally:
            HTTPXClientInstrumentor().uninstrument()
        await member.hold()

    assert ["traceparent" in request.headers for request in server.requests] == [True, False]


# Sentry, which patches httpx for the whole process

SENTRY = """
import json
import sys

import anyio
import sentry_sdk
from sentry_sdk.transport import Transport

from plivo_phlo_async import AsyncPhloClient

auth_id, base_url = sys.argv[1:]
envelopes = []


class Collect(Transport):
    def capture_envelope(self, envelope):
        envelopes.append(envelope)


sentry_sdk.init(dsn="http://key@127.0.0.1:1/1", transport=Collect, traces_sample_rate=1.0)


async def main():
    async with AsyncPhloClient(auth_id, "token", base_url=base_url) as client:
        member = client.phlo("p").multi_party_call("n").member("12025551111")
        with sentry_sdk.start_transaction(name="transfer"):
            await member.hold()
            await member.unhold()


anyio.run(main)
(transaction,) = [found for each in envelopes if (found := each.get_transaction_event())]
trace = transaction["contexts"]["trace"]["trace_id"]
spans = [span for span in transaction["spans"] if span["op"] == "http.client"]
print(json.dumps([f"{trace}-{span['span_id']}-1" for span in spans]))
"""


async def test_sentry_has_one_span_for_each_request_and_its_header_arrives(
    server: ScriptedServer,
) -> None:
    command = [sys.executable, "-c", SENTRY, AUTH_ID, _url(server)]
    done = await anyio.run_process(command, check=False)

    assert done.returncode == 0, done.stderr.decode()
    assert len(server.requests) == 2
    assert [each.headers["sentry-trace"] for each in server.requests] == json.loads(done.stdout)


# httpx's event hooks


async def test_an_event_hook_sees_the_request_with_its_body(server: ScriptedServer) -> None:
    seen: list[tuple[str, str, bytes]] = []

    async def on_request(request: httpx.Request) -> None:
        seen.append((request.method, request.url.path, request.content))

    hooks = {"request": [on_request]}
    async with (
        httpx.AsyncClient(transport=PhloTransport(), event_hooks=hooks) as http,
        _member(server, http) as member,
    ):
        await member.hold()

    path = "/v1/phlo/p/multi_party_call/n/members/12025551111"
    assert seen == [("POST", path, b'{"action":"hold"}')]


async def test_an_event_hook_may_add_a_header(server: ScriptedServer) -> None:
    async def on_request(request: httpx.Request) -> None:
        request.headers["X-Request-Id"] = "r"

    hooks = {"request": [on_request]}
    async with (
        httpx.AsyncClient(transport=PhloTransport(), event_hooks=hooks) as http,
        _member(server, http) as member,
    ):
        await member.hold()
        http.event_hooks = {}
        await member.hold()

    assert [request.headers.get("x-request-id") for request in server.requests] == ["r", None]


async def test_an_event_hook_may_read_the_answer(server: ScriptedServer) -> None:
    seen: list[bytes] = []

    async def on_response(response: httpx.Response) -> None:
        seen.append(await response.aread())

    hooks = {"response": [on_response]}
    async with (
        httpx.AsyncClient(transport=PhloTransport(), event_hooks=hooks) as http,
        _member(server, http) as member,
    ):
        result = await member.hold()

    assert (result.api_id, json.loads(seen[0])["api_id"]) == ("a", "a")


async def test_an_event_hook_that_raises_for_the_status_leaves_the_status_known(
    server: ScriptedServer,
) -> None:
    server.script = [httpx.Response(400, json={"error": "no"})]

    async def on_response(response: httpx.Response) -> None:
        response.raise_for_status()

    hooks = {"response": [on_response]}
    async with (
        httpx.AsyncClient(transport=PhloTransport(), event_hooks=hooks) as http,
        _member(server, http) as member,
    ):
        with pytest.raises(BadRequestError) as caught:
            await member.hold()

    assert caught.value.status_code == 400
    assert not caught.value.may_have_happened
