"""Webhooks in aiohttp's server: a decorator that passes the verified event to a handler.

from plivo_phlo_async.webhooks import MultiPartyCallEvent
from plivo_phlo_async.webhooks.aiohttp import verified

@routes.post("/plivo")
@verified(MultiPartyCallEvent, AUTH_TOKEN)
async def plivo(request: web.Request, event: MultiPartyCallEvent) -> web.Response: ...
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import wraps
from typing import Any, Protocol, TypeVar, overload

from aiohttp import hdrs, web

from .events.base import Event
from .nonces import AsyncNonceStore, NonceStore
from .receiver import Receiver, Rejected

__all__ = ["verified"]

V = TypeVar("V", bound=web.View)
Handler = Callable[..., Awaitable[web.StreamResponse]]


class VerifiedDecorator(Protocol):
    """Decorates a handler, or every method of a class-based view."""

    @overload
    def __call__(self, handler: type[V]) -> type[V]: ...

    @overload
    def __call__(self, handler: Callable[..., Any]) -> Handler: ...


def verified(
    event: type[Event],
    auth_token: str | Sequence[str],
    *,
    public_base_url: str | None = None,
    allow_v2: bool = False,
    nonces: NonceStore | AsyncNonceStore | None = None,
    max_body: int = 262_144,
) -> VerifiedDecorator:
    """Make a decorator for a handler that takes the verified event after the request.

    It responds with 403 to an invalid signature, 400 to an invalid body, 413 to a body that is too
    large and 503 where the nonce store fails. The body stays readable for the handler, as with
    `request.post()`.

    A handler is anything that aiohttp accepts: a function, a method, a `functools.partial`, a
    callable object, a `web.View` or a method of one. A view's methods take the event alone.

    Args:
        event: the class of the expected events; `Event` detects it from the variables.
        auth_token: the Auth Token of the account or subaccount; several during a token rotation.
        public_base_url: the public scheme, host and path prefix, needed behind most proxies and
            tunnels; see `verify_v3`.
        allow_v2: accept requests that are signed with V2 only, which covers neither query nor body.
        nonces: a nonce store, sync or async; a request with a known nonce is rejected.
        max_body: maximum size of a body, in bytes (default: 256 KiB). The application's
            `client_max_size` holds as well.

    Returns:
        The decorator; the decorated handler takes the request alone.
    """
    component = None if event is Event else event
    receiver = Receiver(auth_token, component, public_base_url, allow_v2, nonces, max_body)
    return _decorator(receiver)


def _decorator(receiver: Receiver) -> VerifiedDecorator:
    def decorate(handler: Any) -> Any:
        if isinstance(handler, type) and issubclass(handler, web.View):
            methods = [name for each in hdrs.METH_ALL if hasattr(handler, name := each.lower())]
            verified_methods = {name: decorate(getattr(handler, name)) for name in methods}
            return type(handler.__name__, (handler,), verified_methods)

        @wraps(handler)
        async def handle(*args: Any, **options: Any) -> web.StreamResponse:
            outcome = await _accept(receiver, args[-1])
            if isinstance(outcome, Rejected):
                return web.Response(status=outcome.status, text=outcome.text)
            response: web.StreamResponse = await handler(*args, outcome, **options)
            return response

        return handle

    return decorate


async def _accept(receiver: Receiver, last: web.Request | web.View) -> Event | Rejected:
    """Verify the request of a handler, or of the view whose method it is."""
    request = last.request if isinstance(last, web.View) else last
    url = f"{request.scheme}://{request.host}{request.raw_path}"
    pairs = [(name, value) for name, value in request.raw_headers]
    return await receiver.accept(request.method, url, pairs, _chunks(request))


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the body, which the request keeps for the handler."""
    yield await request.read()
