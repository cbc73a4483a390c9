"""HTTP as the emulator needs it: a request as a value, a reply on its way out, over ASGI.

Nothing here belongs to one event loop, so it works on asyncio and on trio alike.
"""

import base64
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_to_bytes

import attrs

from ..errors import BODY_LIMIT, BodyTooLarge, MalformedBody
from .phlo_api import Reply

KEPT_HEADERS = frozenset({b"host", b"origin", b"last-event-id", b"accept"})
"""The headers a request keeps, besides its credentials."""

Message = MutableMapping[str, Any]
"""What ASGI says, one way or the other."""

Scope = MutableMapping[str, Any]
"""What an ASGI connection is."""

Receive = Callable[[], Awaitable[Message]]
"""Gives what comes in on it."""

Send = Callable[[Message], Awaitable[None]]
"""Takes what goes out on it."""


@attrs.frozen
class Credentials:
    """What Basic authentication carries, as bytes."""

    auth_id: bytes
    auth_token: bytes = attrs.field(repr=False)


@attrs.frozen
class Request:
    """One whole HTTP request.

    Attributes:
        method: the HTTP method.
        raw_path: the path, percent-encoded as it came.
        query: the query, the same.
        authorization: the `Authorization` header.
        body: the body, None when it is longer than `BODY_LIMIT` bytes.
        headers: those of `KEPT_HEADERS` that came, by their names in lower case.
    """

    method: str
    raw_path: bytes
    query: bytes
    authorization: bytes = attrs.field(repr=False)
    body: bytes | None
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)

    @property
    def segments(self) -> tuple[str, ...]:
        """The path's segments without one trailing slash, percent-decoded one by one.

        So an encoded `/` stays within its segment, and an empty segment is seen as such.
        """
        parts = self.raw_path.removeprefix(b"/").split(b"/")
        if len(parts) > 1 and not parts[-1]:
            parts = parts[:-1]
        return tuple(unquote_to_bytes(part).decode("utf-8", "replace") for part in parts)

    @property
    def credentials(self) -> Credentials | None:
        """The Basic credentials, or None when there are none that can be read."""
        scheme, _, encoded = self.authorization.partition(b" ")
        if scheme.lower() != b"basic":
            return None
        try:
            decoded = base64.b64decode(encoded.strip(), validate=True)
        except ValueError:
            return None
        auth_id, colon, auth_token = decoded.partition(b":")
        return Credentials(auth_id, auth_token) if colon else None

    def json(self) -> dict[str, object]:
        """Return the body as a JSON object; an empty body is an empty one.

        Raises `BodyTooLarge` or `MalformedBody`.
        """
        if self.body is None:
            raise BodyTooLarge
        if not self.body.strip():
            return {}
        try:
            parsed = json.loads(self.body.decode("utf-8"))
        except (ValueError, RecursionError) as wrong:
            raise MalformedBody from wrong
        if not isinstance(parsed, dict):
            raise MalformedBody
        return parsed

    def parameters(self) -> dict[str, object]:
        """Return the query's parameters and the body's; where both name one, the body wins.

        Plivo's .NET client sends them in the query. Raises as `json` does.
        """
        query = self.query.decode("latin-1")
        return {**dict(parse_qsl(query, keep_blank_values=True, errors="replace")), **self.json()}


async def read_request(scope: Scope, receive: Receive) -> Request | None:
    """Read a request to its end; None when the client goes away before that.

    Reading stops once `BODY_LIMIT` is passed, so a longer body costs little more memory than that.
    """
    body, more = bytearray(), True
    while more and len(body) <= BODY_LIMIT:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return _request(scope, bytes(body) if len(body) <= BODY_LIMIT else None)


def _request(scope: Scope, body: bytes | None) -> Request:
    raw_path = scope.get("raw_path") or quote(scope["path"]).encode()
    given = (value for name, value in scope["headers"] if name.lower() == b"authorization")
    named = ((name.lower(), value) for name, value in scope["headers"])
    headers = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in named
        if name in KEPT_HEADERS
    }
    return Request(
        method=scope["method"],
        raw_path=raw_path.partition(b"?")[0],
        query=scope.get("query_string", b""),
        authorization=next(given, b""),
        body=body,
        headers=headers,
    )


async def send_reply(send: Send, reply: Reply) -> None:
    """Send a reply: its `raw` bytes if it has any, else its body as JSON."""
    head, body = encode(reply)
    await send(head)
    await send({"type": "http.response.body", "body": body})


def encode(reply: Reply) -> tuple[Message, bytes]:
    """Return the ASGI message a reply begins with, and its body."""
    body = json.dumps(reply.body).encode() if reply.raw is None else reply.raw
    headers = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers]
    headers += [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    return {"type": "http.response.start", "status": reply.status, "headers": headers}, body


async def decline_websocket(receive: Receive, send: Send) -> None:
    """Turn a websocket away before it opens; the server answers 403."""
    await receive()
    await send({"type": "websocket.close", "code": 1000})
