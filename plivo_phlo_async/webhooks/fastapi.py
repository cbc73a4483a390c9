"""Webhooks in FastAPI: a dependency that provides the verified event.

from plivo_phlo_async.webhooks import MultiPartyCallEvent
from plivo_phlo_async.webhooks.fastapi import verified

Joined = Annotated[MultiPartyCallEvent, Depends(verified(MultiPartyCallEvent, AUTH_TOKEN))]

@app.post("/plivo")
async def plivo(event: Joined) -> None: ...
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar, cast
from urllib.parse import urlencode

from attrs import evolve
from fastapi import HTTPException, Request

from .asgi import url_of
from .events.base import Event
from .nonces import AsyncNonceStore, NonceStore
from .receiver import Receiver, Rejected

__all__ = ["verified"]

E = TypeVar("E", bound=Event)

_STORES = "plivo_phlo_async.nonce_stores"  # of the ASGI scope


def verified(
    event: type[E],
    auth_token: str | Sequence[str],
    *,
    public_base_url: str | None = None,
    allow_v2: bool = False,
    nonces: NonceStore | AsyncNonceStore | None = None,
    max_body: int = 262_144,
) -> Callable[[Request], Awaitable[E]]:
    """Make a dependency that verifies the request and provides its event.

    It responds with 403 to an invalid signature, 400 to an invalid body, 413 to a body that is too
    large and 503 where the nonce store fails. The body stays readable for the handler, and may have
    been read before with `request.body()` or `request.form()`; `Form()` parameters and other
    `verified` dependencies can stand beside this one.

    Args:
        event: the class of the expected events; `Event` detects it from the variables.
        auth_token: the Auth Token of the account or subaccount; several during a token rotation.
        public_base_url: the public scheme, host and path prefix, needed behind most proxies and
            tunnels; see `verify_v3`.
        allow_v2: accept requests that are signed with V2 only, which covers neither query nor body.
        nonces: a nonce store, sync or async; a request with a known nonce is rejected.
        max_body: maximum size of a body, in bytes (default: 256 KiB).

    Returns:
        The dependency for `Depends`; its value is the event.
    """
    component = None if event is Event else event
    receiver = Receiver(auth_token, component, public_base_url, allow_v2, nonces, max_body)
    accept = _accept_once(receiver)

    async def dependency(request: Request) -> E:
        outcome = await accept(request)
        if isinstance(outcome, Rejected):
            raise HTTPException(outcome.status, outcome.text)
        return cast("E", outcome)

    return dependency


def _accept_once(receiver: Receiver) -> Callable[[Request], Awaitable[Event | Rejected]]:
    """Return what verifies a request; dependencies of one request share its nonces."""
    nonces, public_base_url = receiver.nonces, receiver.public_base_url
    beside_another = evolve(receiver, nonces=None)

    async def accept(request: Request) -> Event | Rejected:
        # The stores that know this request's nonces because another dependency has accepted it.
        stores = request.scope.setdefault(_STORES, [])
        is_stored = any(store is nonces for store in stores)
        outcome = await (beside_another if is_stored else receiver).accept(
            request.method,
            url_of(request.scope, public_base_url),
            request.scope["headers"],
            _chunks(request),
        )
        if not isinstance(outcome, Rejected):
            stores.append(nonces)
        return outcome

    return accept


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """Iterate over the body's chunks, and keep the whole body for the handler."""
    read: list[bytes] = []
    try:
        async for chunk in request.stream():
            read.append(chunk)
            yield chunk
    except RuntimeError:  # consumed by `form()`, as FastAPI does for `Form()` parameters
        form = await request.form()
        pairs = [(key, value) for key, value in form.multi_items() if isinstance(value, str)]
        yield urlencode(pairs).encode()
    else:
        request._body = b"".join(read)  # where `request.body()` keeps it
