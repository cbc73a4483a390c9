"""A request as a value, read from ASGI.

Nothing here belongs to one event loop, so it works on asyncio and on trio.
"""

import base64
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import attrs

from ..errors import BODY_LIMIT

KEPT_HEADERS = frozenset({b"host", b"origin", b"last-event-id", b"accept"})
"""The headers that a request keeps, besides its credentials."""

Message = MutableMapping[str, Any]
"""An ASGI message."""

Scope = MutableMapping[str, Any]
"""An ASGI connection scope."""

Receive = Callable[[], Awaitable[Message]]
"""ASGI's receive callable."""

Send = Callable[[Message], Awaitable[None]]
"""ASGI's send callable."""


@attrs.frozen
class BasicCredentials:
    """The credentials of Basic authentication, as bytes."""

    auth_id: bytes
    auth_token: bytes = attrs.field(repr=False)


@attrs.frozen
class HttpRequest:
    """One complete HTTP request.

    Attributes:
        method: the HTTP method.
        raw_path: the path, percent-encoded as received.
        query: the query, percent-encoded as received.
        authorization: the `Authorization` header.
        body: the body, None if it is larger than `BODY_LIMIT` bytes.
        headers: the headers of `KEPT_HEADERS`, by their names in lower case.
    """

    method: str
    raw_path: bytes
    query: bytes
    authorization: bytes = attrs.field(repr=False)
    body: bytes | None
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)

    @property
    def path(self) -> str:
        """The path as text, percent-encoded as received."""
        return self.raw_path.decode("latin-1")

    @property
    def segments(self) -> tuple[str, ...]:
        """The segments of the path without one trailing slash, each percent-decoded.

        An encoded `/` stays within its segment, and an empty segment stays visible.
        """
        parts = self.raw_path.removeprefix(b"/").split(b"/")
        if len(parts) > 1 and not parts[-1]:
            parts = parts[:-1]
        return tuple(unquote_to_bytes(part).decode("utf-8", "replace") for part in parts)

    @property
    def credentials(self) -> BasicCredentials | None:
        """The Basic credentials, None if they are missing or malformed."""
        scheme, _, encoded = self.authorization.partition(b" ")
        if scheme.lower() != b"basic":
            return None
        try:
            decoded = base64.b64decode(encoded.strip(), validate=True)
        except ValueError:
            return None
        auth_id, colon, auth_token = decoded.partition(b":")
        return BasicCredentials(auth_id, auth_token) if colon else None


async def read_request(scope: Scope, receive: Receive) -> HttpRequest | None:
    """Read a request to its end; None if the client disconnects first.

    Reading stops once `BODY_LIMIT` is passed, which bounds the memory a request can take.
    """
    body, more = bytearray(), True
    while more and len(body) <= BODY_LIMIT:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return _build_request(scope, bytes(body) if len(body) <= BODY_LIMIT else None)


def _build_request(scope: Scope, body: bytes | None) -> HttpRequest:
    raw_path = scope.get("raw_path") or quote(scope["path"]).encode()
    headers = [(name.lower(), value) for name, value in scope["headers"]]
    return HttpRequest(
        method=scope["method"],
        raw_path=raw_path.partition(b"?")[0],
        query=scope.get("query_string", b""),
        authorization=next((value for name, value in headers if name == b"authorization"), b""),
        body=body,
        headers={
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in headers
            if name in KEPT_HEADERS
        },
    )


async def reject_websocket(receive: Receive, send: Send) -> None:
    """Close a websocket before it opens; the server answers 403."""
    await receive()
    await send({"type": "websocket.close", "code": 1000})
