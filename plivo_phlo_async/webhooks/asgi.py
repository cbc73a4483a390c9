"""Webhooks in any ASGI server or framework: an application of its own, to be mounted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import quote

from .fields import Event
from .nonces import AsyncNonceStore, NonceStore
from .receiving import Receiver, Refusal
from .vocabulary import Component

__all__ = ["Gone", "WebhookApp", "chunks_of", "url_of"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Gone(Exception):
    """The sender went away before its body was there."""


class WebhookApp:
    """An ASGI application that verifies webhooks and hands on their events.

    It answers 200 when the handler is done, 403 to a wrong signature, 400 to a body it cannot read,
    413 to one too large, and 405 to anything but GET, POST and PUT. What the handler raises goes to
    the server. Plivo waits 40 seconds for an answer:
    https://docs.plivo.com/docs/voice/concepts/callback-configurations

    Args:
        handler: is awaited with each event.
        auth_token: the account's or subaccount's Auth Token, or several where it changes.
        component: which component posts here: an event's class, a `Component` or its name; without
            it the variables tell.
        public_base_url: scheme, host and path in front as Plivo was given them, where a proxy or
            tunnel is between; as for `verify_v3`.
        allow_v2: take a request that is signed by V2 only, which covers neither query nor body.
        nonces: remembers nonces, in memory or, awaited, elsewhere; one it has seen is refused.
        max_body: bytes a body may have; 256 KiB where nothing is said.
    """

    def __init__(
        self,
        handler: Callable[[Event], Awaitable[object]],
        auth_token: str | Sequence[str],
        *,
        component: type[Event] | Component | str | None = None,
        public_base_url: str | None = None,
        allow_v2: bool = False,
        nonces: NonceStore | AsyncNonceStore | None = None,
        max_body: int = 262_144,
    ) -> None:
        self._handler = handler
        self._receiver = Receiver(
            auth_token, component, public_base_url, allow_v2, nonces, max_body
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through the server's start and end.

        Raises:
            InvalidArgumentError: there is no such component as was given.
            Exception: whatever the handler raises.
        """
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        if method not in {"GET", "POST", "PUT"}:
            await _say(send, 405, "Method Not Allowed")
            return
        try:
            event = await self._receiver.accept(
                method, url_of(scope), scope["headers"], chunks_of(receive)
            )
        except Gone:
            return
        if isinstance(event, Refusal):
            await _say(send, event.status, event.text)
            return
        await self._handler(event)
        await _say(send, 200, "")


def url_of(scope: Scope) -> str:
    """The URL that an ASGI scope was asked for, its path as it came where the server tells."""
    host = next((value for name, value in scope["headers"] if name.lower() == b"host"), b"")
    path = (scope.get("raw_path") or quote(scope["path"]).encode()).partition(b"?")[0]
    query = scope.get("query_string", b"")
    line = path + b"?" + query if query else path
    return f"{scope.get('scheme', 'http')}://{host.decode('latin-1')}{line.decode('latin-1')}"


async def chunks_of(receive: Receive) -> AsyncIterator[bytes]:
    """The body of an ASGI request, piece by piece, as `receive` gives it.

    Raises:
        Gone: the sender went away before its end.
    """
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def _say(send: Send, status: int, text: str) -> None:
    body = text.encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _live(receive: Receive, send: Send) -> None:
    for _ in range(2):
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
