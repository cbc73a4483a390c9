"""Detection of the component that sent a webhook, from its parameters.

No documented parameter names the component.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from attrs import fields

from .base import Event, field_map
from .conference import ConferenceBridgeEvent
from .converters import one_of
from .dialled import CallForwardEvent, InitiateCallEvent
from .enums import Component, Leg, RequestType
from .keys import alphanumerics, normalize_key
from .registry import EVENTS
from .start import StartCallEvent, StartEvent, StartMessageEvent, StartRequestEvent

__all__ = ["detect_event", "detect_start_event", "find_component"]

_COMPONENTS = {alphanumerics(component): component for component in Component}
_COMPONENT_KEYS = ("component", "nodetype", "componenttype")
_request_type = one_of(RequestType).convert
_START_EVENTS: dict[RequestType, type[StartEvent]] = {
    RequestType.CALL: StartCallEvent,
    RequestType.SMS: StartMessageEvent,
    RequestType.HTTP: StartRequestEvent,
}
_LEGS = {InitiateCallEvent: Leg.A, StartCallEvent: Leg.A, CallForwardEvent: Leg.B}


def find_component(name: str) -> Component | None:
    """Return the component of a name in any spelling: "Send SMS", "send_sms"."""
    return _COMPONENTS.get(alphanumerics(name))


def detect_event(params: Mapping[str, Any]) -> type[Event]:
    """Return the event class with the most matching parameters; `Event` when none leads.

    Args:
        params: the parameters by normalized key.
    """
    named = (find_component(str(params[key])) for key in _COMPONENT_KEYS if key in params)
    component = next(filter(None, named), None)
    if component is not None:
        return EVENTS[component]
    if "requesttype" in params:
        return StartEvent
    values = {_signal(key, params[key]) for key in ("state", "leg") if key in params}
    return _best_match(frozenset(_SIGNALS.keys() & (params.keys() | values)))


def detect_start_event(params: Mapping[str, Any]) -> type[StartEvent]:
    """Return the event class for what started the PHLO; `StartEvent` when nothing matches.

    Args:
        params: the parameters by normalized key.
    """
    named = _START_EVENTS.get(_request_type(params.get("requesttype")))
    if named is not None:
        return named
    score, best = max(
        ((len(params.keys() & keys), event) for event, keys in _START_KEYS.items()),
        key=lambda each: each[0],
    )
    return best if score else StartEvent


@lru_cache(maxsize=256)
def _best_match(signals: frozenset[str]) -> type[Event]:
    scores = Counter(event for signal in signals for event in _SIGNALS[signal])
    highest = max(scores.values(), default=0)
    leading = [event for event, score in scores.items() if score == highest]
    return leading[0] if len(leading) == 1 else Event


def _signal(key: str, value: object) -> str:
    text = str(value)
    return f"{key}={normalize_key(text) or text}"  # `#` and `*` have no letters


def _signals(event: type[Event]) -> set[str]:
    """The keys of this event, and the values of its state and its leg."""
    states = fields(event).state.metadata["converter"].values
    signals = field_map(event).converters.keys() - {"state"}
    signals |= {_signal("state", state) for state in states}
    return signals | ({_signal("leg", _LEGS[event])} if event in _LEGS else set())


_COMMON_KEYS = field_map(StartEvent).converters.keys()
_START_KEYS = {
    event: field_map(event).converters.keys() - _COMMON_KEYS for event in _START_EVENTS.values()
}
# Not the Conference Bridge: all its signals are a Multiparty Call's as well.
_CANDIDATES = [
    *_START_EVENTS.values(),
    *(each for each in EVENTS.values() if each is not ConferenceBridgeEvent),
]
_SIGNALS = {
    signal: tuple(event for event in _CANDIDATES if signal in _signals(event))
    for signal in set().union(*map(_signals, _CANDIDATES))
}
