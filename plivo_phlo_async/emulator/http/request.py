"""A request as a value, read from ASGI.

Nothing here belongs to one event loop, so it works on asyncio and on trio.
"""

import base64
from collections.abc import Mapping
from urllib.parse import quote, unquote_to_bytes

import attrs

from ..asgi import Receive, Scope, Send
from ..errors import BODY_LIMIT

KEPT_HEADERS = frozenset({b"host", b"origin", b"sec-fetch-site", b"last-event-id", b"accept"})
"""The headers that a request keeps, besides its credentials."""


class Disconnected(Exception):
    """The client disconnected before the end of its request."""


@attrs.frozen
class BasicCredentials:
    """The credentials of Basic authentication, as bytes."""

    auth_id: bytes
    auth_token: bytes = attrs.field(repr=False)


@attrs.frozen
class HttpRequest:
    """One HTTP request.

    Attributes:
        method: the HTTP method.
        raw_path: the path, percent-encoded as received.
        query: the query, percent-encoded as received.
        authorization: the `Authorization` header.
        body: the body; b"" until it is read, None if it is larger than `BODY_LIMIT` bytes.
        headers: the headers of `KEPT_HEADERS`, by their names in lower case.
    """

    method: str
    raw_path: bytes
    query: bytes
    authorization: bytes = attrs.field(repr=False)
    body: bytes | None = b""
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


async def read_body(receive: Receive) -> bytes | None:
    """Read the body of a request, None if it is larger than `BODY_LIMIT` bytes.

    Reading stops once the limit is passed, which bounds the memory a request can take. Raises
    `Disconnected`.
    """
    body, more = bytearray(), True
    while more and len(body) <= BODY_LIMIT:
        part, more = await _read_part(receive)
        body += part
    return bytes(body) if len(body) <= BODY_LIMIT else None


async def discard_body(receive: Receive) -> None:
    """Read up to `BODY_LIMIT` bytes of a body and keep none of them; raises `Disconnected`.

    A client that still sends would not read a response.
    """
    read, more = 0, True
    while more and read <= BODY_LIMIT:
        part, more = await _read_part(receive)
        read += len(part)


async def _read_part(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] != "http.request":
        raise Disconnected
    return message.get("body", b""), message.get("more_body", False)


def read_head(scope: Scope) -> HttpRequest:
    """Return a request whose body is not read yet."""
    raw_path = scope.get("raw_path") or quote(scope["path"]).encode()
    headers = [(name.lower(), value) for name, value in scope["headers"]]
    return HttpRequest(
        method=scope["method"],
        raw_path=raw_path.partition(b"?")[0],
        query=scope.get("query_string", b""),
        authorization=next((value for name, value in headers if name == b"authorization"), b""),
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
