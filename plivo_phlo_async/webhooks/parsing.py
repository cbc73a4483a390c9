"""From what was sent to a typed event.

Nothing a server sends makes this raise, but for a body that is neither a form nor JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, overload

from ..errors import InvalidArgumentError
from .events import EVENTS, Event
from .fields import layout
from .recognition import component_named, recognised, start_form
from .spelling import spread
from .start_events import StartEvent
from .vocabulary import Component
from .wire import Headers, body_params, header_texts, pairs_in, query_of

__all__ = ["parse", "parse_request"]

E = TypeVar("E", bound=Event)


@overload
def parse(component: type[E], params: Mapping[str, Any]) -> E: ...


@overload
def parse(component: Component | str, params: Mapping[str, Any]) -> Event: ...


def parse(component: type[E] | Component | str, params: Mapping[str, Any]) -> E | Event:
    """The event of a component, from its parameters.

    Which variables a component has: https://docs.plivo.com/docs/phlo/components-library

    Args:
        component: which it is: a `Component`, its name in any spelling ("Send SMS", "send_sms"),
            or the event's class. For Start the form is chosen by what the parameters tell.
        params: what was sent, by key; the values texts, lists of texts, or what JSON held.

    Returns:
        The event; what was not sent or cannot be read is None there.

    Raises:
        InvalidArgumentError: there is no such component.
    """
    return _event(_class_of(component), spread(params), params)


@overload
def parse_request(
    method: str, url: str, headers: Headers, body: bytes | str, component: type[E]
) -> E: ...


@overload
def parse_request(
    method: str,
    url: str,
    headers: Headers,
    body: bytes | str = b"",
    component: Component | str | None = None,
) -> Event: ...


def parse_request(
    method: str,
    url: str,
    headers: Headers,
    body: bytes | str = b"",
    component: type[E] | Component | str | None = None,
) -> E | Event:
    """The event that a request brings, in its query, as a form or as JSON; unverified.

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

    Returns:
        The event; what was not sent or cannot be read is None there.

    Raises:
        WebhookError: the body is neither a form nor a JSON object, or has more than 1000 keys.
        InvalidArgumentError: there is no such component.
    """
    known = None if component is None else _class_of(component)
    params = _request_params(method, url, headers, body)
    plain = spread(params)
    return _event(known or recognised(plain), plain, params)


def _class_of(component: type[E] | Component | str) -> type[E] | type[Event]:
    if isinstance(component, type):
        return component
    named = component_named(str(component))
    if named is None:
        listed = ", ".join(Component)
        raise InvalidArgumentError(f"component: {str(component)!r} is not one of {listed}.")
    return EVENTS[named]


def _request_params(method: str, url: str, headers: Headers, body: bytes | str) -> dict[str, Any]:
    query = query_of(url)
    params = _together(pairs_in(query)) if query else {}
    if method.upper() == "GET" or not body:
        return params
    held = body_params(header_texts(headers), body)
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


def _event(kind: type[E], plain: Mapping[str, Any], params: Mapping[str, Any]) -> E:
    if kind is StartEvent:
        kind = start_form(plain)  # type: ignore[assignment]  # a form of Start is a Start
    where = layout(kind)
    told: dict[str, Any] = {}
    for key in where.readers.keys() & plain.keys():
        name, read = where.readers[key]
        told[name] = read(plain[key])
    if where.implied_by is not None and told.get("state") is None:
        name, implied = where.implied_by
        told["state"] = implied(told.get(name))
    return kind(raw=dict(params), **told)
