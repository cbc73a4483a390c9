"""OpenTelemetry: a span for each action, and metrics.

    telemetry = Telemetry()
    client = AsyncPhloClient(**telemetry.hooks)

No span and no metric holds a phone number, an address or a token. Needs `plivo-phlo-async[otel]`;
the application's OpenTelemetry SDK decides what is exported, and where to.
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
    """The client's hook arguments."""

    on_attempt: Callable[[AttemptEvent], object]
    on_outcome: Callable[[OutcomeEvent], object]
    on_pause: Callable[[PauseEvent], object]


class Telemetry:
    """Hooks that record a client's actions with OpenTelemetry; several clients may share one.

    A span is named `phlo <verb>`, has the kind CLIENT, and is a child of the span that is current
    where the action is performed. It has `http.request.method`, `url.template`,
    `http.response.status_code`, `error.type`, `plivo.phlo.attempts`, `plivo.phlo.waited` (seconds),
    `plivo.phlo.outcome` and `plivo.phlo.may_have_happened`.

    The metrics are `plivo.phlo.actions` and `plivo.phlo.attempts` (counts), `plivo.phlo.duration`
    and `plivo.phlo.wait` (seconds an action took, and how many of these it waited: for the rate
    limit, for a connection, between attempts), and `plivo.phlo.pause` (seconds for which a refusal
    pauses the rate limit).

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
        """Count a request.

        Args:
            event: the attempt.
        """
        self._attempts.add(1, {"plivo.phlo.verb": event.action.verb.value})

    def on_pause(self, event: PauseEvent) -> None:
        """Record a pause.

        Args:
            event: the pause.
        """
        attributes = {
            "plivo.phlo.retry_after": event.from_retry_after,
            "http.response.status_code": event.status_code,
        }
        self._pause.record(event.seconds, attributes)

    def on_outcome(self, event: OutcomeEvent) -> None:
        """Record an action's span and metrics.

        Args:
            event: the action's outcome.
        """
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
    """Return the attributes of both spans and metrics, which have few values each."""
    attributes: dict[str, str | int] = {
        "plivo.phlo.verb": event.action.verb.value,
        "plivo.phlo.outcome": event.outcome.value,
    }
    if event.status_code is not None:
        attributes["http.response.status_code"] = event.status_code
    if event.error is not None:
        attributes["error.type"] = event.error
    return attributes


def _route(action: Action) -> str:
    """Return the path with the names of its parts instead of their values."""
    if action.verb is Verb.RUN:
        return "/account/{auth_id}/phlo/{phlo_id}"
    if action.verb is Verb.GET_PHLO:
        return "/phlo/{phlo_id}"
    if action.verb is Verb.GET_RUN:
        return "/phlo/{phlo_id}/runs/{run_id}"
    node = "/phlo/{phlo_id}/{node_type}/{node_id}"
    return node if action.member_address is None else f"{node}/members/{{address}}"
