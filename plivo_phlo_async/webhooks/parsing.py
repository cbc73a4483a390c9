"""From what was sent to a typed event.

Nothing a server sends makes this raise, but for a body that is neither a form nor JSON.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar, overload

from attrs import fields

from ..errors import InvalidArgumentError
from .call_events import CallForwardEvent, ConferenceBridgeEvent, InitiateCallEvent
from .events import EVENTS, Event, HttpRequestEvent, SendSmsEvent
from .reading import Kind
from .start_events import StartCallEvent, StartEvent, StartMessageEvent, StartRequestEvent
from .vocabulary import (
    CallForwardState,
    Component,
    DialStatus,
    HttpRequestState,
    Leg,
    MessageStatus,
    RequestType,
    SendSmsState,
    StartState,
)
from .wire import body_params, pairs_in, plain_key, query_of, spread

__all__ = ["parse", "parse_request"]

E = TypeVar("E", bound=Event)

_FORMS: tuple[type[StartEvent], ...] = (StartCallEvent, StartMessageEvent, StartRequestEvent)
_CLASSES = (*EVENTS.values(), *_FORMS)


@overload
def parse(component: type[E], params: Mapping[str, Any]) -> E: ...


@overload
def parse(component: Component | str, params: Mapping[str, Any]) -> Event: ...


def parse(component: type[E] | Component | str, params: Mapping[str, Any]) -> E | Event:
    """The event of a component, from its parameters.

    Args:
        component: which it is: a `Component`, its name in any spelling ("Send SMS", "send_sms"),
            or the event's class. For Start the form is chosen by what the parameters tell.
        params: what was sent, by key; the values texts, lists of texts, or what JSON held.

    Raises:
        InvalidArgumentError: there is no such component.
    """
    kind = component if isinstance(component, type) else EVENTS[_component(component)]
    return _event(kind, spread(params), params)


@overload
def parse_request(
    method: str,
    url: str,
    headers: Mapping[str, str] | Iterable[tuple[str, str]],
    body: bytes | str,
    component: type[E],
) -> E: ...


@overload
def parse_request(
    method: str,
    url: str,
    headers: Mapping[str, str] | Iterable[tuple[str, str]],
    body: bytes | str = b"",
    component: Component | str | None = None,
) -> Event: ...


def parse_request(
    method: str,
    url: str,
    headers: Mapping[str, str] | Iterable[tuple[str, str]],
    body: bytes | str = b"",
    component: type[E] | Component | str | None = None,
) -> E | Event:
    """The event that a request brings, in its query, as a form or as JSON.

    The query and the body are read together; where both have a key, the body's value counts. The
    body of a GET is not looked at, since no signature would cover it.

    Args:
        method: the HTTP method.
        url: the URL as it was asked, its query included; host and scheme do not matter here.
        headers: the request's headers; only the content type is looked at.
        body: the body as it came.
        component: which component posts here. Without it, the variables tell; a Conference
            Bridge's are the same as a Multiparty Call's and give a `MultiPartyCallEvent`. What
            tells nothing gives a plain `Event`.

    Raises:
        WebhookError: the body is neither a form nor a JSON object, or has more than 1000 keys.
        InvalidArgumentError: there is no such component.
    """
    kind = (
        component
        if component is None or isinstance(component, type)
        else EVENTS[_component(component)]
    )
    params = _request_params(method, url, headers, body)
    plain = spread(params)
    return _event(kind or _recognised(plain), plain, params)


def _request_params(
    method: str,
    url: str,
    headers: Mapping[str, str] | Iterable[tuple[str, str]],
    body: bytes | str,
) -> dict[str, Any]:
    query = query_of(url)
    params: dict[str, Any] = _together(pairs_in(query)) if query else {}
    if method.upper() == "GET" or not body:
        return params
    items = headers.items() if isinstance(headers, Mapping) else headers
    held = body_params({str(name).lower(): str(value) for name, value in items}, body)
    return {**params, **(_together(held) if isinstance(held, list) else held)}


def _together(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Each key once; the values of a repeated one as a list."""
    params: dict[str, Any] = dict(pairs)
    if len(params) != len(pairs):
        params = {}
        for key, value in pairs:
            params.setdefault(key, []).append(value)
        params = {key: each if len(each) > 1 else each[0] for key, each in params.items()}
    return params


_NAMES = {plain_key(component): component for component in Component}


def _component(name: str) -> Component:
    known = _NAMES.get("".join(filter(str.isalnum, str(name))).lower())
    if known is None:
        raise InvalidArgumentError(f"component: {name!r} is not one of {', '.join(Component)}.")
    return known


# One event


def _table(kind: type[Event]) -> dict[str, tuple[str, Callable[[Any], Any]]]:
    """For each plain key of this event its field's name and its reader."""
    return {
        plain_key(own.metadata["variable"]): (own.name, own.metadata["kind"].read)
        for own in fields(kind)
        if own.metadata
    }


_TABLES = {kind: _table(kind) for kind in (*_CLASSES, Event)}


def _event(kind: type[E], plain: Mapping[str, Any], params: Mapping[str, Any]) -> E:
    if kind is StartEvent:
        kind = _form(plain)  # type: ignore[assignment]  # a form of Start is a Start
    table = _TABLES.get(kind) or _table(kind)
    told: dict[str, Any] = {}
    for key, value in plain.items():
        slot = table.get(key)
        if slot is not None and value is not None:
            told[slot[0]] = slot[1](value)
    if told.get("state") is None and kind in _IMPLIES:
        name, implied = _IMPLIES[kind]
        told["state"] = implied(told.get(name))
    return kind(raw=dict(params), **told)


def _form(plain: Mapping[str, Any]) -> type[StartEvent]:
    kind = _REQUEST_TYPE.read(plain.get("requesttype"))
    if kind in _FORM_OF:
        return _FORM_OF[kind]
    score, best = max(
        ((len(plain.keys() & _OWN[form]), form) for form in _FORMS), key=lambda each: each[0]
    )
    return best if score else StartEvent


# What other variables tell of the state, where Plivo's page says so


def _status_code_state(code: Any) -> HttpRequestState | None:
    if code is None:
        return None
    return HttpRequestState.SUCCESS if 200 <= code < 300 else HttpRequestState.FAILED


_START = {
    RequestType.CALL: StartState.INCOMING_CALL,
    RequestType.SMS: StartState.INCOMING_MESSAGE,
    RequestType.HTTP: StartState.API_REQUEST,
}
_SMS = {
    MessageStatus.SENT: SendSmsState.SENT,
    MessageStatus.DELIVERED: SendSmsState.SENT,
    MessageStatus.FAILED: SendSmsState.FAILED,
    MessageStatus.UNDELIVERED: SendSmsState.FAILED,
    MessageStatus.REJECTED: SendSmsState.FAILED,
}
_FORWARD = {
    DialStatus.COMPLETED: CallForwardState.COMPLETED,
    DialStatus.NO_ANSWER: CallForwardState.NO_ANSWER,
    DialStatus.BUSY: CallForwardState.BUSY_OR_REJECTED,
    DialStatus.FAILED: CallForwardState.FAILED,
}
_IMPLIES: dict[type[Event], tuple[str, Callable[[Any], StrEnum | None]]] = {
    **dict.fromkeys((StartEvent, *_FORMS), ("request_type", _START.get)),
    SendSmsEvent: ("status", _SMS.get),
    CallForwardEvent: ("dial_status", _FORWARD.get),
    HttpRequestEvent: ("status_code", _status_code_state),
}


# Which component it is

_FORM_OF = {
    RequestType.CALL: StartCallEvent,
    RequestType.SMS: StartMessageEvent,
    RequestType.HTTP: StartRequestEvent,
}
_REQUEST_TYPE: Kind = fields(StartEvent).request_type.metadata["kind"]
_LEGS = {InitiateCallEvent: Leg.A, StartCallEvent: Leg.A, CallForwardEvent: Leg.B}
_NAMED = ("component", "nodetype", "componenttype")


def _signs(kind: type[Event]) -> set[str]:
    """What speaks for this event: its keys, and words that the state and the leg hold."""
    signs = set(_TABLES[kind]) - {"state"}
    words = fields(kind).state.metadata["kind"].values
    signs |= {f"state={plain_key(word) or word}" for word in words}
    if kind in _LEGS:
        signs.add(f"leg={_LEGS[kind].lower()}")
    return signs


_OWN = {form: set(_table(form)) - set(_table(StartEvent)) for form in _FORMS}
# Not the bridge: it shares all its signs with the Multiparty Call. Not Start alone: its forms.
_CANDIDATES = [kind for kind in _CLASSES if kind not in {ConferenceBridgeEvent, StartEvent}]
_SIGNS: dict[str, tuple[type[Event], ...]] = {
    sign: tuple(kind for kind in _CANDIDATES if sign in _signs(kind))
    for sign in set().union(*map(_signs, _CANDIDATES))
}


def _recognised(plain: Mapping[str, Any]) -> type[Event]:
    """The event that most of what was sent speaks for; `Event` when none leads."""
    for key in _NAMED:
        named = _NAMES.get(plain_key(str(plain[key]))) if key in plain else None
        if named is not None:
            return EVENTS[named]
    if "requesttype" in plain:
        return StartEvent
    signs = _SIGNS.keys() & plain.keys()
    for key in ("state", "leg"):
        if key in plain:
            signs.add(f"{key}={plain_key(str(plain[key])) or plain[key]}")
    return _leader(frozenset(signs & _SIGNS.keys()))


@lru_cache(maxsize=256)
def _leader(signs: frozenset[str]) -> type[Event]:
    scores = Counter(kind for sign in signs for kind in _SIGNS[sign])
    most = max(scores.values(), default=0)
    leading = [kind for kind, score in scores.items() if score == most]
    return leading[0] if len(leading) == 1 else Event
