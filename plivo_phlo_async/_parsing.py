"""Parse a response (status, headers, body) into a result or an error; no I/O."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

from attrs import define, field

from ._masking import mask_numbers
from .actions import Action, RetrySafety, Verb
from .errors import (
    ActionFailedError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    DecodeError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ResponseError,
    ServerError,
    UnexpectedResponseError,
)
from .results import ActionResult, NodeDetails, PhloDetails, PhloRun, PhloRunDetails, Result

__all__ = ["Reply", "accepted", "error_from", "is_foreign", "kind_of", "result_from"]

R = TypeVar("R", bound=Result)

_LONGEST_MESSAGE = 200
_UNREAD = object()


@define
class Reply:
    """A response; `body` is None until it has arrived, or if it was lost."""

    status_code: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    _json: Any = field(default=_UNREAD, init=False, repr=False, eq=False)

    def json(self) -> Any:
        """Return the parsed body, or None if it is not JSON."""
        if self._json is _UNREAD:
            try:
                self._json = json.loads(self.body or b"")
            except (ValueError, RecursionError):
                self._json = None
        return self._json

    def text(self) -> str:
        """Return the body as text; undecodable bytes are replaced."""
        return (self.body or b"").decode(errors="replace")


# 2xx: results

_IDS = ("api_id", "phlo_id", "node_id", "run_id")  # seen: responses to a GET may lack api_id


def is_foreign(action: Action, reply: Reply) -> bool:
    """Return whether a 2xx response's body is complete and not Plivo's.

    Args:
        action: the action.
        reply: the response.
    """
    if not 200 <= reply.status_code < 300 or not (reply.body or b"").strip():
        return False
    answer = reply.json()
    ids = _IDS if action.retry_safety is RetrySafety.FREELY else _IDS[:1]
    return not (isinstance(answer, dict) and any(answer.get(name) for name in ids))


def kind_of(verb: Verb) -> type[Result]:
    """Return the class of the results of a verb's actions."""
    return _KINDS.get(verb, ActionResult)


def result_from(
    kind: type[R],
    action: Action,
    reply: Reply,
    stats: Mapping[str, Any],
    *,
    may_have_happened: bool = False,
) -> R:
    """Return the result of a 2xx response.

    Args:
        kind: the result's class.
        action: the action.
        reply: the response.
        stats: `attempts` and `elapsed`, for the result.
        may_have_happened: whether an earlier attempt may have been carried out.

    Raises:
        ActionFailedError: the response carries an error.
        DecodeError: the response to a GET cannot be parsed.
    """
    answer = reply.json()
    if isinstance(answer, dict):
        if answer.get("error"):
            del answer  # a traceback with local variables would show the numbers in it
            raise error_from(action, reply, may_have_happened=may_have_happened)
        fields = _READERS[kind](answer, action)
        return kind(**fields, raw=answer, status_code=reply.status_code, **stats)
    if action.retry_safety is RetrySafety.FREELY:
        raise DecodeError(
            f"{action}: {reply.status_code}, but its body was lost on the way; try again.",
            action=action,
        )
    return accepted(kind, reply, stats)


def accepted(kind: type[R], reply: Reply, stats: Mapping[str, Any]) -> R:
    """Return the result of an accepted action whose response has nothing else to parse."""
    return kind(reply_complete=False, status_code=reply.status_code, **stats)


def _action_result(answer: dict[str, Any], action: Action) -> dict[str, Any]:
    return {"api_id": _text(answer, "api_id")}


def _phlo(answer: dict[str, Any], action: Action) -> dict[str, Any]:
    return {
        "phlo_id": _text(answer, "phlo_id") or action.phlo_id,
        "name": _text(answer, "name"),
        "created_on": _instant(answer, "created_on"),
        "api_id": _text(answer, "api_id"),
    }


def _node(answer: dict[str, Any], action: Action) -> dict[str, Any]:
    return {
        **_phlo(answer, action),
        "node_id": _text(answer, "node_id") or action.node_id,
        "node_type": _text(answer, "node_type") or action.node_type,
    }


def _run(answer: dict[str, Any], action: Action) -> dict[str, Any]:
    api_id = _text(answer, "api_id")
    return {
        "run_id": _text(answer, "phlo_run_id") or api_id,  # documented: one is the other
        "phlo_id": _text(answer, "phlo_id") or action.phlo_id,
        "message": _text(answer, "message"),
        "api_id": api_id,
    }


def _run_details(answer: dict[str, Any], action: Action) -> dict[str, Any]:
    return {
        "run_id": _text(answer, "run_id") or action.run_id,
        "phlo_id": _text(answer, "phlo_id") or action.phlo_id,
        "call_uuids": _texts(answer, "call_uuids"),
        "message_uuids": _texts(answer, "message_uuids"),
        "recording_ids": _texts(answer, "recording_ids"),
        "api_id": _text(answer, "api_id"),
    }


_KINDS: dict[Verb, type[Result]] = {
    Verb.RUN: PhloRun,
    Verb.GET_PHLO: PhloDetails,
    Verb.GET_NODE: NodeDetails,
    Verb.GET_RUN: PhloRunDetails,
}
_READERS: dict[type[Any], Callable[[dict[str, Any], Action], dict[str, Any]]] = {
    ActionResult: _action_result,
    PhloDetails: _phlo,
    NodeDetails: _node,
    PhloRun: _run,
    PhloRunDetails: _run_details,
}


def _text(answer: dict[str, Any], name: str) -> str | None:
    value = answer.get(name)
    return None if value is None or isinstance(value, dict | list) else str(value)


def _texts(answer: dict[str, Any], name: str) -> tuple[str, ...]:
    value = answer.get(name)
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _instant(answer: dict[str, Any], name: str) -> datetime | None:
    try:
        return datetime.fromisoformat(str(answer.get(name)))
    except ValueError:
        return None


# Anything else: errors

_CLASSES: dict[int, type[ResponseError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    429: RateLimitedError,
}
_ADVICE = {
    400: "Check the arguments, and that the call is in a state that allows it.",
    401: "Check PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN.",
    403: "Check that the PHLO is enabled and belongs to this account.",
    404: "Check the PHLO and node ids, that the PHLO is deployed, and that the member is on"
    " the call.",
    409: "Check the state of the call.",
    429: "Send requests less often, or wait longer.",
}


def error_from(
    action: Action,
    reply: Reply,
    *,
    retry_after: float | None = None,
    may_have_happened: bool = False,
    stopped: str = "",
) -> ResponseError:
    """Return the error for a response.

    Args:
        action: the action.
        reply: the response.
        retry_after: seconds the server asks to wait, if it does.
        may_have_happened: whether any attempt may have been carried out.
        stopped: why it was not retried, in a few words.
    """
    status, answer = reply.status_code, reply.json()
    message = _message(answer, reply.text())
    kind = UnexpectedResponseError if is_foreign(action, reply) else _class_of(status)
    shown = message if kind is not UnexpectedResponseError else _looks_like(reply)
    masked = mask_numbers(shown, action.addresses).rstrip(".")
    why = f" ({stopped})" if stopped and kind is not UnexpectedResponseError else ""
    given: dict[str, Any] = {"retry_after": retry_after} if kind is RateLimitedError else {}
    text = f"{action}: {_headline(kind, status)}{f': {masked}' if masked else ''}{why}. "
    return kind(
        " ".join((text + _advice(kind, status, may_have_happened)).split()),
        status_code=status,
        message=mask_numbers(message, action.addresses),  # which error reporters show
        api_id=_text(answer, "api_id") if isinstance(answer, dict) else None,
        body=reply.text() if answer is None else answer,
        headers=dict(reply.headers),
        may_have_happened=may_have_happened,
        action=action,
        **given,
    )


def _headline(kind: type[ResponseError], status: int) -> str:
    if kind is ActionFailedError:
        return "Plivo accepted it, but it failed"
    if kind is UnexpectedResponseError:
        return f"{status} {_phrase(status)}, but the answer is not Plivo's"
    return f"{status} {_phrase(status)}"


def _looks_like(reply: Reply) -> str:
    """Describe a response that is not Plivo's, on one line."""
    begins = " ".join(reply.text().split())[:60]
    return f"{reply.headers.get('content-type', 'no content type')}, which begins {begins!r}"


def _class_of(status: int) -> type[ResponseError]:
    if 200 <= status < 300:
        return ActionFailedError
    return _CLASSES.get(status, ServerError if status >= 500 else ResponseError)


def _advice(kind: type[ResponseError], status: int, may_have_happened: bool) -> str:
    advice = _ADVICE.get(status, "")
    if kind is UnexpectedResponseError:
        advice = "Check the base URL, and any proxy or portal on the way."
    if may_have_happened:
        doubt = "It may have happened; check before repeating it."
        return f"{advice} {doubt}" if kind is UnexpectedResponseError else doubt
    return advice


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(no such HTTP status)"


def _message(answer: Any, text: str) -> str:
    """Return Plivo's message on one line: `error`, a nested one, `message`, or plain text."""
    if answer is None:
        answer = "" if "<" in text else text
    while isinstance(answer, dict):
        answer = answer.get("error") or answer.get("message")
    return " ".join(answer.split())[:_LONGEST_MESSAGE] if isinstance(answer, str) else ""
