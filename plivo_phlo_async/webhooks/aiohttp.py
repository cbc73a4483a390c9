"""Webhooks in aiohttp's server: a decorator that gives a handler the verified event.

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

from .fields import Event
from .nonces import AsyncNonceStore, NonceStore
from .receiving import Receiver, Refusal

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
    """A decorator for a handler of request and event.

    It answers 403 to a wrong signature, 400 to a body it cannot read and 413 to one too large.

    Args:
        event: the class of the events that come here; `Event` lets the variables tell.
        auth_token: the account's or subaccount's Auth Token, or several where it changes.
        public_base_url: scheme, host and path in front as Plivo was given them; needed behind most
            proxies and tunnels, as for `verify_v3`.
        allow_v2: take a request that is signed by V2 only, which covers neither query nor body.
        nonces: remembers nonces, in memory or, awaited, elsewhere; one it has seen is refused.
        max_body: bytes a body may have; 256 KiB where nothing is said.

    Returns:
        The decorator; a handler that it made takes the request alone.
    """
    component = None if event is Event else event
    receiver = Receiver(auth_token, component, public_base_url, allow_v2, nonces, max_body)

    def decorate(handler: Callable[[web.Request, E], Awaitable[R]]) -> Handler:
        @wraps(handler)
        async def handle(request: web.Request) -> web.StreamResponse:
            url = f"{request.scheme}://{request.host}{request.raw_path}"
            pairs = [(name, value) for name, value in request.raw_headers]
            found = await receiver.accept(
                request.method, url, pairs, request.content.iter_chunked(65_536)
            )
            if isinstance(found, Refusal):
                return web.Response(status=found.status, text=found.text)
            return await handler(request, cast("E", found))

        return handle

    return decorate
