"""OpenTelemetry: a span for each action, and counts and times of all of them.

    telemetry = Telemetry()
    client = AsyncPhloClient(**telemetry.hooks)

No phone number, address or token goes into a span or a metric. Needs `plivo-phlo-async[otel]`; what
is exported, and where to, is the business of the application's OpenTelemetry SDK.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypedDict

from ._transport.hooks import AttemptEvent, OutcomeEvent, PauseEvent
from ._version import __version__
from .actions import Action, Verb

try:
    from opentelemetry import metrics, trace
    from opentelemetry.trace import SpanKind, Status, StatusCode
except ImportError as _missing:
    _needed = "pip install 'plivo-phlo-async[otel]'"
    raise ImportError(f"Telemetry needs OpenTelemetry's API: {_needed}") from _missing

__all__ = ["Telemetry", "TelemetryHooks"]

_NAME = "plivo_phlo_async"


class TelemetryHooks(TypedDict):
    """The client's arguments that are hooks."""

    on_attempt: Callable[[AttemptEvent], object]
    on_outcome: Callable[[OutcomeEvent], object]
    on_pause: Callable[[PauseEvent], object]


class Telemetry:
    """Hooks for a client that tell OpenTelemetry what it does; one may serve several clients.

    A span is named `phlo <verb>`, is of kind CLIENT, and a child of whatever span is current where
    the action was asked for. It has `http.request.method`, `url.template`,
    `http.response.status_code`, `error.type`, `plivo.phlo.attempts`, `plivo.phlo.waited` (seconds),
    `plivo.phlo.outcome` and `plivo.phlo.may_have_happened`.

    The metrics are `plivo.phlo.actions` and `plivo.phlo.attempts` (counts), `plivo.phlo.duration`
    and `plivo.phlo.wait` (seconds an action took, and of these those spent waiting for rate,
    connection or repeat), and `plivo.phlo.pause` (seconds a refusal stopped everybody).

    Args:
        tracer_provider: where spans go; the global one by default.
        meter_provider: where metrics go; the global one by default.
    """

    def __init__(
        self,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        self._tracer = trace.get_tracer(_NAME, __version__, tracer_provider)
        meter = metrics.get_meter(_NAME, __version__, meter_provider)
        self._actions = meter.create_counter("plivo.phlo.actions", "{action}", "Actions ended")
        self._attempts = meter.create_counter("plivo.phlo.attempts", "{request}", "Requests begun")
        self._duration = meter.create_histogram("plivo.phlo.duration", "s", "Time of an action")
        self._wait = meter.create_histogram("plivo.phlo.wait", "s", "Waits of an action")
        self._pause = meter.create_histogram("plivo.phlo.pause", "s", "Pauses after a refusal")

    @property
    def hooks(self) -> TelemetryHooks:
        """The client's arguments `on_attempt`, `on_outcome` and `on_pause`."""
        return {
            "on_attempt": self.on_attempt,
            "on_outcome": self.on_outcome,
            "on_pause": self.on_pause,
        }

    def on_attempt(self, event: AttemptEvent) -> None:
        """Count a request; `event` is about to be sent."""
        self._attempts.add(1, {"plivo.phlo.verb": event.action.verb.value})

    def on_pause(self, event: PauseEvent) -> None:
        """Note how long `event`, a refusal, stops everybody."""
        told = {
            "plivo.phlo.retry_after": event.from_retry_after,
            "http.response.status_code": event.status_code,
        }
        self._pause.record(event.seconds, told)

    def on_outcome(self, event: OutcomeEvent) -> None:
        """Make the span of `event`, an action that has ended, and count it."""
        shared = _shared(event)
        self._actions.add(1, shared)
        self._duration.record(event.elapsed, shared)
        self._wait.record(event.waited, shared)
        ended = time.time_ns()
        span = self._tracer.start_span(
            f"phlo {event.action.verb}",
            kind=SpanKind.CLIENT,
            attributes={
                **shared,
                "http.request.method": event.action.method,
                "url.template": _route(event.action),
                "plivo.phlo.attempts": event.attempts,
                "plivo.phlo.waited": event.waited,
                "plivo.phlo.may_have_happened": event.may_have_happened,
            },
            start_time=ended - int(event.elapsed * 1e9),
        )
        if event.error is not None:
            span.set_status(Status(StatusCode.ERROR, event.error))
        span.end(ended)


def _shared(event: OutcomeEvent) -> dict[str, str | int]:
    """What spans and metrics tell alike: of few values."""
    told: dict[str, str | int] = {
        "plivo.phlo.verb": event.action.verb.value,
        "plivo.phlo.outcome": event.outcome.value,
    }
    if event.status_code is not None:
        told["http.response.status_code"] = event.status_code
    if event.error is not None:
        told["error.type"] = event.error
    return told


def _route(action: Action) -> str:
    """The path with the names of its parts instead of their values."""
    if action.verb is Verb.RUN:
        return "/account/{auth_id}/phlo/{phlo_id}"
    if action.verb is Verb.GET_PHLO:
        return "/phlo/{phlo_id}"
    if action.verb is Verb.GET_RUN:
        return "/phlo/{phlo_id}/runs/{run_id}"
    node = "/phlo/{phlo_id}/{node_type}/{node_id}"
    return node if action.member_address is None else f"{node}/members/{{address}}"
