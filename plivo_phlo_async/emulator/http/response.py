"""A response as a value, and how it goes out over ASGI."""

import json
from collections.abc import Mapping

import attrs

from ..asgi import Message, Send
from ..errors import ApiError, CallError, MemberNotFound


@attrs.frozen
class HttpResponse:
    """One HTTP response.

    Attributes:
        status: the HTTP status.
        body: the JSON object.
        headers: the headers besides the content type and length.
        raw: the bytes to send instead of the JSON, None for none.
        content_type: the content type.
        reason: why the request was refused, for the log; it is not sent. None if it was not.
    """

    status: int
    body: Mapping[str, object]
    headers: tuple[tuple[str, str], ...] = ()
    raw: bytes | None = attrs.field(default=None, repr=False)
    content_type: str = "application/json"
    reason: str | None = None


def error_response(api_id: str, error: ApiError | CallError) -> HttpResponse:
    """Return an error in Plivo's form.

    The response to a `CallError` is assumed: 404 for an unknown member, else 400.
    """
    body = {"api_id": api_id, "error": error.error}
    if isinstance(error, ApiError):
        return HttpResponse(error.status, body, error.headers, reason=error.reason)
    status = 404 if isinstance(error, MemberNotFound) else 400
    return HttpResponse(status, body, reason=error.reason)


async def send_response(send: Send, response: HttpResponse) -> None:
    """Send a response: its `raw` bytes if it has any, else its body as JSON."""
    head, body = encode_response(response)
    await send(head)
    await send({"type": "http.response.body", "body": body})


def encode_response(response: HttpResponse) -> tuple[Message, bytes]:
    """Return the ASGI message that starts a response, and its body."""
    body = json.dumps(response.body).encode() if response.raw is None else response.raw
    headers = [(name.encode(), value.encode("latin-1")) for name, value in response.headers]
    headers += [
        (b"content-type", response.content_type.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    return {"type": "http.response.start", "status": response.status, "headers": headers}, body
