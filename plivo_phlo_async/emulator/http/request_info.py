"""A request, parsed once: for fault rules, for the handlers and for the log."""

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

import attrs

from ..calls.members import NodeKey
from ..errors import ApiError, BodyTooLarge, MalformedBody
from .request import HttpRequest


@attrs.frozen
class RequestInfo:
    """What a request asks for.

    Attributes:
        request: the request.
        segments: the segments of its path.
        body: its JSON, {} for an empty body or an empty string, None for one that cannot be read.
        parameters: the parameters of its query and of its JSON, which wins; {} where the JSON
            cannot be read.
        error: why its JSON cannot be read as an object, None if it can.
        action: the action, else "run" or "get", None for any other request.
        address: the member it applies to, None for none.
        found_by: the member by which it finds its call: the trigger source or the member in the
            path; None for a request that concerns no call.
        phlo_id: the id of the PHLO in the path, None for none.
        node_id: the id of the node in the path, None for none.
    """

    request: HttpRequest
    segments: tuple[str, ...]
    body: object = None
    parameters: Mapping[str, object] = attrs.field(factory=dict)
    error: ApiError | None = None
    action: str | None = None
    address: str | None = None
    found_by: str | None = None
    phlo_id: str | None = None
    node_id: str | None = None

    @property
    def path(self) -> str:
        """The path, percent-encoded as received."""
        return self.request.path

    @property
    def node_key(self) -> NodeKey | None:
        """The ids of the PHLO and of the node, None for a request to no node."""
        if self.phlo_id is None or self.node_id is None:
            return None
        return self.phlo_id, self.node_id

    def read_parameters(self) -> Mapping[str, object]:
        """Return the parameters; raises `BodyTooLarge` or `MalformedBody`."""
        if self.error is not None:
            raise self.error
        return self.parameters

    def read_json(self) -> Mapping[str, object]:
        """Return the JSON object; raises `BodyTooLarge` or `MalformedBody`."""
        if self.error is not None:
            raise self.error
        return self.body if isinstance(self.body, Mapping) else {}

    def read_any_json(self) -> object:
        """Return the JSON, of any type; raises `BodyTooLarge` or `MalformedBody`."""
        if self.body is None and self.error is not None:
            raise self.error
        return self.body


def parse_request(request: HttpRequest) -> RequestInfo:
    """Return what a request asks for; never raises."""
    body, error = _parse_body(request.body)
    parameters = {} if not isinstance(body, dict) else {**_parse_query(request.query), **body}
    action, to = _text(parameters.get("action")), _text(parameters.get("to"))
    source = _text(parameters.get("trigger_source"))
    segments = request.segments

    def info(
        action: str | None,
        address: str | None = None,
        found_by: str | None = None,
        phlo_id: str | None = None,
        node_id: str | None = None,
    ) -> RequestInfo:
        found = (action, address, found_by, phlo_id, node_id)
        return RequestInfo(request, segments, body, parameters, error, *found)

    match segments:
        case (_, "phlo", phlo, _, node, "members", address):
            return info(action, address, address, phlo, node)
        case (_, "phlo", phlo, kind, node) if request.method == "POST" and kind != "runs":
            return info(action, to, source, phlo, node)
        case (_, "account" | "Account", _, "phlo", phlo):
            return info("run", phlo_id=phlo)
    return info("get" if request.method == "GET" else None)


def _parse_body(body: bytes | None) -> tuple[object, ApiError | None]:
    if body is None:
        return None, BodyTooLarge()
    if not body.strip():
        return {}, None
    try:
        parsed = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None, MalformedBody()
    if parsed == "":  # Plivo's Node client sends it for a run without variables
        return {}, None
    return parsed, None if isinstance(parsed, dict) else MalformedBody()


def _parse_query(query: bytes) -> dict[str, str]:
    # Plivo's .NET client sends the parameters in the query.
    return dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="replace"))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
