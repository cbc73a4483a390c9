"""Parsing of parameters and requests into typed events.

Only a body that is neither a form nor a JSON object raises; an invalid value becomes None.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, overload

from ...errors import InvalidArgumentError
from ..http_params import Headers, normalize_headers, parse_body, parse_pairs, url_query
from .base import Event, field_map
from .detection import detect_event, detect_start_event, find_component
from .enums import Component
from .keys import normalize_keys
from .registry import EVENTS
from .start import StartEvent

__all__ = ["event_of", "parse", "parse_request"]

E = TypeVar("E", bound=Event)


@overload
def parse(component: type[E], params: Mapping[str, Any]) -> E: ...


@overload
def parse(component: Component | str, params: Mapping[str, Any]) -> Event: ...


def parse(component: type[E] | Component | str, params: Mapping[str, Any]) -> E | Event:
    """Parse a component's parameters into its event.

    The variables of each component: https://docs.plivo.com/docs/phlo/components-library

    Args:
        component: a `Component`, its name in any spelling ("Send SMS", "send_sms"), or an event
            class. For Start, the parameters select the event class.
        params: the parameters by key; each value is a text, a list of texts, or a JSON value.

    Returns:
        The event. A variable that was not sent or cannot be read is None.

    Raises:
        InvalidArgumentError: the component does not exist.
    """
    return _event(_event_class(component), normalize_keys(params), params)


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
    """Parse a request's query, form or JSON into an event, without verifying it.

    The query and the body are merged; the body's value wins where both have a key. The body of a
    GET request is ignored, because no signature covers it.

    Args:
        method: the HTTP method.
        url: the requested URL with its query; scheme and host are ignored.
        headers: the request headers; only the content type is read.
        body: the raw body.
        component: the component that posts here (default: detected from the variables). A
            Conference Bridge has the variables of a Multiparty Call and is detected as
            `MultiPartyCallEvent`. An unrecognised component gives a plain `Event`.

    Returns:
        The event. A variable that was not sent or cannot be read is None.

    Raises:
        WebhookError: the body is neither a form nor a JSON object, or has more keys or levels
            than a receiver parses.
        InvalidArgumentError: the component does not exist.
    """
    is_get = method.upper() == "GET"
    sent = [] if is_get or not body else parse_body(normalize_headers(headers), body)
    return event_of(url, sent, component)


def event_of(
    url: str,
    sent: Mapping[str, Any] | list[tuple[str, str]],
    component: type[E] | Component | str | None,
) -> E | Event:
    """Make the event of a parsed request, as `parse_request` does.

    Args:
        url: the requested URL with its query.
        sent: what `parse_body` returned.
        component: the component that posts here; None to detect it.
    """
    event = None if component is None else _event_class(component)
    query = url_query(url)
    params = _merge(parse_pairs(query)) if query else {}
    params.update(_merge(sent) if isinstance(sent, list) else sent)
    normalized = normalize_keys(params)
    return _event(event or detect_event(normalized), normalized, params)


def _event_class(component: type[E] | Component | str) -> type[E] | type[Event]:
    if isinstance(component, type):
        return component
    named = find_component(str(component))
    if named is None:
        listed = ", ".join(Component)
        raise InvalidArgumentError(f"component: {str(component)!r} is not one of {listed}.")
    return EVENTS[named]


def _merge(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Map each key to its value, or to the list of its values where it is repeated."""
    params: dict[str, Any] = dict(pairs)
    if len(params) != len(pairs):
        params = {}
        for key, value in pairs:
            params.setdefault(key, []).append(value)
        params = {key: each if len(each) > 1 else each[0] for key, each in params.items()}
    return params


def _event(event: type[E], normalized: Mapping[str, Any], params: Mapping[str, Any]) -> E:
    if event is StartEvent:
        event = detect_start_event(normalized)  # type: ignore[assignment]  # a subclass of E
    mapping = field_map(event)
    values: dict[str, Any] = {}
    for key in mapping.converters.keys() & normalized.keys():
        name, convert = mapping.converters[key]
        values[name] = convert(normalized[key])
    if mapping.implied_by is not None and values.get("state") is None:
        name, implied = mapping.implied_by
        values["state"] = implied(values.get(name))
    return event(raw=dict(params), **values)
