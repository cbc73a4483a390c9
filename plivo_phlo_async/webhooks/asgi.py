"""Webhooks in any ASGI server or framework: an ASGI application to mount."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from .events.base import Event
from .events.enums import Component
from .nonces import AsyncNonceStore, NonceStore
from .receiver import Receiver, Rejected

__all__ = ["ClientDisconnected", "WebhookApp", "chunks_of", "url_of"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class ClientDisconnected(Exception):
    """The client disconnected before the body was complete."""


class WebhookApp:
    """An ASGI application that verifies webhooks and passes their events to a handler.

    It responds with 200 when the handler returns, 403 to an invalid signature, 400 to an invalid
    body, 413 to a body that is too large, 503 where the nonce store fails, and 405 to methods other
    than GET, POST and PUT. An exception of the handler propagates to the server. Plivo waits 40
    seconds for a response:
    https://docs.plivo.com/docs/voice/concepts/callback-configurations

    Args:
        handler: awaited with each event.
        auth_token: the Auth Token of the account or subaccount; several during a token rotation.
        component: the component that posts here: an event class, a `Component` or its name
            (default: detected from the variables).
        public_base_url: the public scheme, host and path prefix behind a proxy or tunnel; see
            `verify_v3`.
        allow_v2: accept requests that are signed with V2 only, which covers neither query nor body.
        nonces: a nonce store, sync or async; a request with a known nonce is rejected.
        max_body: maximum size of a body, in bytes (default: 256 KiB).
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
        """Handle one request, or the server's lifespan.

        Raises:
            InvalidArgumentError: the component does not exist.
            Exception: the handler raised it.
        """
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._handle(scope, receive, send)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        if method not in {"GET", "POST", "PUT"}:
            await _respond(send, 405, "Method Not Allowed")
            return
        try:
            event = await self._receiver.accept(
                method,
                url_of(scope, self._receiver.public_base_url),
                scope["headers"],
                chunks_of(receive),
            )
        except ClientDisconnected:
            return
        if isinstance(event, Rejected):
            await _respond(send, event.status, event.text)
            return
        await self._handler(event)
        await _respond(send, 200, "")


def url_of(scope: Scope, public_base_url: str | None = None) -> str:
    """Return the requested URL of a scope, with the raw path where the server provides it.

    Args:
        scope: the ASGI scope.
        public_base_url: what takes the place of the scheme and host. The server's root path is left
            out where this has it already.
    """
    host = next((value for name, value in scope["headers"] if name.lower() == b"host"), b"")
    path = (scope.get("raw_path") or quote(scope["path"]).encode()).partition(b"?")[0]
    path = _without_root_path(path, scope, public_base_url)
    query = scope.get("query_string", b"")
    line = path + b"?" + query if query else path
    return f"{scope.get('scheme', 'http')}://{host.decode('latin-1')}{line.decode('latin-1')}"


def _without_root_path(path: bytes, scope: Scope, public_base_url: str | None) -> bytes:
    """Cut off the server's root path, which is the prefix that a proxy has cut off.

    Uvicorn puts it before the path from 0.26 on, and did not before. A mounted application's
    `root_path` has the path of the mount as well; Starlette keeps the server's.
    """
    root = scope.get("app_root_path", scope.get("root_path", ""))
    base = urlsplit(public_base_url or "").path.rstrip("/")
    is_public = root.strip("/") and base.endswith(root.rstrip("/"))
    return path[len(root) :] if is_public and path.startswith(f"{root}/".encode()) else path


async def chunks_of(receive: Receive) -> AsyncIterator[bytes]:
    """Iterate over the chunks of a request body.

    Args:
        receive: the ASGI receive callable.

    Raises:
        ClientDisconnected: the client disconnected before the body was complete.
    """
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def _respond(send: Send, status: int, text: str) -> None:
    body = text.encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    for _ in range(2):
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
