"""What OpenTelemetry receives: how each action ended, and no phone number."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import respx
from attrs import frozen
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from plivo_phlo_async import Action, AsyncPhloClient, PhloError, RetryPolicy, Verb
from plivo_phlo_async.otel import Telemetry, _route

from .conftest import AUTH_ID, BASE_URL

pytestmark = pytest.mark.anyio

TOKEN = "the-token"
AGENT, CUSTOMER = "12025550000", "12025551111"
CALL = Action.call("p", "n", AGENT, CUSTOMER)
OK = httpx.Response(201, json={"api_id": "a", "error": ""})


@frozen
class Recorded:
    """The spans and metrics that were recorded."""

    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader
    tracer: trace.Tracer
    client: AsyncPhloClient

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    @property
    def metrics(self) -> dict[str, Any]:
        data = self.reader.get_metrics_data()
        assert data is not None
        return {
            metric.name: list(metric.data.data_points)
            for metric in data.resource_metrics[0].scope_metrics[0].metrics
        }


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    traces, meters = TracerProvider(), MeterProvider([reader])
    traces.add_span_processor(SimpleSpanProcessor(exporter))
    client = AsyncPhloClient(
        AUTH_ID,
        TOKEN,
        base_url=BASE_URL,
        rate_limit=None,
        retry=RetryPolicy(max_backoff=0),
        **Telemetry(traces, meters).hooks,
    )
    yield Recorded(exporter, reader, traces.get_tracer("test"), client)
    traces.shutdown()
    meters.shutdown()


async def _perform(
    recorded: Recorded, *answers: httpx.Response | Exception, action: Action = CALL
) -> None:
    with respx.mock as mock:
        mock.route(url__startswith=BASE_URL).mock(side_effect=answers)
        async with recorded.client:
            with contextlib.suppress(PhloError):
                await recorded.client.perform(action)


async def test_an_action_is_a_client_span(recorded: Recorded) -> None:
    await _perform(recorded, OK)
    (span,) = recorded.spans

    assert (span.name, span.kind) == ("phlo call", trace.SpanKind.CLIENT)
    assert span.attributes == {
        "plivo.phlo.verb": "call",
        "plivo.phlo.outcome": "accepted",
        "http.response.status_code": 201,
        "http.request.method": "POST",
        "url.template": "/phlo/{phlo_id}/{node_type}/{node_id}",
        "plivo.phlo.attempts": 1,
        "plivo.phlo.waited": 0.0,
        "plivo.phlo.may_have_happened": False,
    }


async def test_it_is_a_child_of_the_span_that_asked(recorded: Recorded) -> None:
    with recorded.tracer.start_as_current_span("request") as parent:
        await _perform(recorded, OK)
    span = recorded.spans[0]

    assert span.parent is not None
    assert span.parent.span_id == parent.get_span_context().span_id


async def test_what_may_have_happened_is_an_error_that_says_so(recorded: Recorded) -> None:
    await _perform(recorded, httpx.ReadError("reset"))
    (span,) = recorded.spans

    assert span.status.status_code is trace.StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["error.type"] == "OutcomeUnknownError"
    assert span.attributes["plivo.phlo.may_have_happened"] is True


async def test_an_accepted_answer_with_an_error_in_it_is_an_error(recorded: Recorded) -> None:
    await _perform(recorded, httpx.Response(201, json={"api_id": "a", "error": "no"}))
    (span,) = recorded.spans

    assert span.attributes is not None
    assert span.attributes["error.type"] == "ActionFailedError"


async def test_actions_and_requests_are_counted(recorded: Recorded) -> None:
    await _perform(recorded, httpx.Response(429), OK)
    metrics = recorded.metrics

    assert [point.value for point in metrics["plivo.phlo.actions"]] == [1]
    assert [point.value for point in metrics["plivo.phlo.attempts"]] == [2]
    assert [point.count for point in metrics["plivo.phlo.duration"]] == [1]
    assert [point.count for point in metrics["plivo.phlo.wait"]] == [1]


async def test_the_pause_of_a_refusal_is_recorded(recorded: Recorded) -> None:
    await _perform(
        recorded, httpx.Response(429, headers={"Retry-After": "500"}, json={"error": "x"})
    )
    (point,) = recorded.metrics["plivo.phlo.pause"]

    assert point.attributes == {"plivo.phlo.retry_after": True, "http.response.status_code": 429}


async def test_no_number_and_no_token_is_recorded(recorded: Recorded) -> None:
    await _perform(recorded, httpx.ReadError(f"to {CUSTOMER}"))
    everything = "".join(span.to_json() for span in recorded.spans) + str(recorded.metrics)

    assert [text for text in (AGENT, CUSTOMER, TOKEN) if text in everything] == []


@pytest.mark.parametrize(
    "action",
    [
        CALL,
        Action.hold("p", "n", "1"),
        Action.run("p"),
        Action.get_phlo("p"),
        Action.get_node("p", "conference_bridge", "n"),
        Action.get_run("p", "r"),
    ],
    ids=lambda action: action.verb,
)
def test_a_route_has_the_paths_parts(action: Action) -> None:
    assert _route(action).count("/") == action.path(AUTH_ID).count("/")


def test_every_verb_has_a_route_without_values() -> None:
    member = {verb: Action(verb, "p", "n", "1") for verb in (Verb.HOLD, Verb.HANGUP)}

    assert {_route(action) for action in member.values()} == {
        "/phlo/{phlo_id}/{node_type}/{node_id}/members/{address}"
    }


def test_without_opentelemetry_one_line_says_what_to_install() -> None:
    code = "import sys; sys.modules['opentelemetry'] = None; import plivo_phlo_async.otel"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]

    assert last == (
        "ImportError: Telemetry needs OpenTelemetry's API: pip install 'plivo-phlo-async[otel]'"
    )
