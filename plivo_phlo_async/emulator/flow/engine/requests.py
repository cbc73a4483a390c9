"""HTTP Request."""

from __future__ import annotations

import json
from typing import NoReturn

from .effects import Fetch
from .events import FlowEvent, HungUp, Replied, Unreachable
from .values import Wait, WaitKind
from .visit import Visit

__all__ = ["enter_http_request", "handle_http_request"]


def enter_http_request(visit: Visit) -> Wait:
    """Send the request."""
    wait = visit.wait_for(WaitKind.RESPONSE)
    visit.do(
        Fetch(
            wait.number,
            visit.text("method"),
            visit.text("url"),
            visit.pairs("headers"),
            visit.pairs("params"),
            _rendered_mapping(visit, "body"),
            _rendered_mapping(visit, "auth"),
        )
    )
    visit.clear_outputs()
    return wait


def _rendered_mapping(visit: Visit, name: str) -> dict[str, object]:
    value = visit.node.options.get(name, {})
    assert isinstance(value, dict)
    return {key: _rendered(visit, below) for key, below in value.items()}


def _rendered(visit: Visit, value: object) -> object:
    if isinstance(value, str):
        return visit.render(value)
    if isinstance(value, dict):
        return {key: _rendered(visit, below) for key, below in value.items()}
    assert isinstance(value, list | tuple)
    return [_rendered(visit, below) for below in value]


def handle_http_request(visit: Visit, event: FlowEvent) -> str | Wait | None:
    """Success for a status of 200 to 299; the response is JSON where its type says so.

    It goes on without the call if that has ended.
    """
    match event:
        case Replied(status=status, content_type=content_type, text=text):
            response = _parse(content_type, text)
            if not _has(response, visit.node.texts("expect")):
                visit.note(f"status_code is 400: the response has not all of {_expected(visit)}")
                status = 400
            visit.set_outputs(
                {"content_type": content_type, "status_code": status, "response": response}
            )
            return "Success" if 200 <= status < 300 else "Failed"
        case Unreachable(reason=reason):
            visit.note(reason)
            return "Failed"
        case HungUp():
            return visit.wait
    return None


def _expected(visit: Visit) -> str:
    return ", ".join(visit.node.texts("expect"))


def _has(response: object, keys: tuple[str, ...]) -> bool:
    return not keys or (isinstance(response, dict) and all(key in response for key in keys))


def _parse(content_type: str, text: str) -> object:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        return text
    try:
        value: object = json.loads(text, parse_constant=_no_constant)
        # A lone surrogate is no text, and Python reads 1e999 as infinity.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return text
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
