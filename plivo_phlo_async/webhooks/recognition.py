"""Which component a webhook comes from, told by what was sent; no key is known to name it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from attrs import fields

from .conference_events import ConferenceBridgeEvent
from .dialled_events import CallForwardEvent, InitiateCallEvent
from .events import EVENTS, Event
from .fields import layout
from .kinds import one_of
from .spelling import letters, plain_key
from .start_events import StartCallEvent, StartEvent, StartMessageEvent, StartRequestEvent
from .vocabulary import Component, Leg, RequestType

__all__ = ["component_named", "recognised", "start_form"]

_NAMES = {letters(component): component for component in Component}
_NAMING = ("component", "nodetype", "componenttype")
_request_type = one_of(RequestType).read
_FORMS: dict[RequestType, type[StartEvent]] = {
    RequestType.CALL: StartCallEvent,
    RequestType.SMS: StartMessageEvent,
    RequestType.HTTP: StartRequestEvent,
}
_LEGS = {InitiateCallEvent: Leg.A, StartCallEvent: Leg.A, CallForwardEvent: Leg.B}


def component_named(name: str) -> Component | None:
    """The component of this name, in any spelling: "Send SMS", "send_sms"."""
    return _NAMES.get(letters(name))


def recognised(plain: Mapping[str, Any]) -> type[Event]:
    """The event that most of what was sent speaks for; `Event` when none leads.

    Args:
        plain: what was sent, by plain keys.
    """
    named = (component_named(str(plain[key])) for key in _NAMING if key in plain)
    component = next(filter(None, named), None)
    if component is not None:
        return EVENTS[component]
    if "requesttype" in plain:
        return StartEvent
    words = {_sign(key, plain[key]) for key in ("state", "leg") if key in plain}
    return _leader(frozenset(_SIGNS.keys() & (plain.keys() | words)))


def start_form(plain: Mapping[str, Any]) -> type[StartEvent]:
    """Which form of Start it is; `StartEvent` itself when nothing tells."""
    named = _FORMS.get(_request_type(plain.get("requesttype")))
    if named is not None:
        return named
    score, best = max(
        ((len(plain.keys() & own), form) for form, own in _OWN.items()), key=lambda each: each[0]
    )
    return best if score else StartEvent


@lru_cache(maxsize=256)
def _leader(signs: frozenset[str]) -> type[Event]:
    scores = Counter(event for sign in signs for event in _SIGNS[sign])
    most = max(scores.values(), default=0)
    leading = [event for event, score in scores.items() if score == most]
    return leading[0] if len(leading) == 1 else Event


def _sign(key: str, word: object) -> str:
    text = str(word)
    return f"{key}={plain_key(text) or text}"  # `#` and `*` have no letters


def _signs(event: type[Event]) -> set[str]:
    """What speaks for this event: its keys, and words that the state and the leg hold."""
    states = fields(event).state.metadata["kind"].values
    signs = layout(event).readers.keys() - {"state"} | {_sign("state", word) for word in states}
    return signs | ({_sign("leg", _LEGS[event])} if event in _LEGS else set())


_COMMON = layout(StartEvent).readers.keys()
_OWN = {form: layout(form).readers.keys() - _COMMON for form in _FORMS.values()}
# Not the bridge: it shares all its signs with the Multiparty Call.
_CANDIDATES = [
    *_FORMS.values(),
    *(each for each in EVENTS.values() if each is not ConferenceBridgeEvent),
]
_SIGNS = {
    sign: tuple(event for event in _CANDIDATES if sign in _signs(event))
    for sign in set().union(*map(_signs, _CANDIDATES))
}
