"""Webhooks in aiohttp's server: a decorator that passes the verified event to a handler.

from plivo_phlo_async.webhooks import MultiPartyCallEvent
from plivo_phlo_async.webhooks.aiohttp import verified

@routes.post("/plivo")
@verified(MultiPartyCallEvent, AUTH_TOKEN)
async def plivo(request: web.Request, event: MultiPartyCallEvent) -> web.Response: ...
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import TypeVar, cast

from aiohttp import web

from .events.base import Event
from .nonces import AsyncNonceStore, NonceStore
from .receiver import Receiver, Rejected

__all__ = ["verified"]

E = TypeVar("E", bound=Event)
R = TypeVar("R", bound=web.StreamResponse)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def verified(
    event: type[E],
    auth_token: str | Sequence[str],
    *,
    public_base_url: str | None = None,
    allow_v2: bool = False,
    nonces: NonceStore | AsyncNonceStore | None = None,
    max_body: int = 262_144,
) -> Callable[[Callable[[web.Request, E], Awaitable[R]]], Handler]:
    """Make a decorator for a handler that takes the request and the verified event.

    It responds with 403 to an invalid signature, 400 to an invalid body and 413 to a body that is
    too large.

    Args:
        event: the class of the expected events; `Event` detects it from the variables.
        auth_token: the Auth Token of the account or subaccount; several during a token rotation.
        public_base_url: the public scheme, host and path prefix, needed behind most proxies and
            tunnels; see `verify_v3`.
        allow_v2: accept requests that are signed with V2 only, which covers neither query nor body.
        nonces: a nonce store, sync or async; a request with a known nonce is rejected.
        max_body: maximum size of a body, in bytes (default: 256 KiB).

    Returns:
        The decorator; the decorated handler takes the request alone.
    """
    component = None if event is Event else event
    receiver = Receiver(auth_token, component, public_base_url, allow_v2, nonces, max_body)

    def decorate(handler: Callable[[web.Request, E], Awaitable[R]]) -> Handler:
        @wraps(handler)
        async def handle(request: web.Request) -> web.StreamResponse:
            url = f"{request.scheme}://{request.host}{request.raw_path}"
            pairs = [(name, value) for name, value in request.raw_headers]
            outcome = await receiver.accept(
                request.method, url, pairs, request.content.iter_chunked(65_536)
            )
            if isinstance(outcome, Rejected):
                return web.Response(status=outcome.status, text=outcome.text)
            return await handler(request, cast("E", outcome))

        return handle

    return decorate
