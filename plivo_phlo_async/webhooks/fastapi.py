"""Webhooks in FastAPI: a dependency that gives the verified event.

from plivo_phlo_async.webhooks import MultiPartyCallEvent
from plivo_phlo_async.webhooks.fastapi import verified

Joined = Annotated[MultiPartyCallEvent, Depends(verified(MultiPartyCallEvent, AUTH_TOKEN))]

@app.post("/plivo")
async def plivo(event: Joined) -> None: ...
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar, cast

from fastapi import HTTPException, Request

from .asgi import url_of
from .fields import Event
from .nonces import AsyncNonceStore, NonceStore
from .receiving import Receiver, Refusal

__all__ = ["verified"]

E = TypeVar("E", bound=Event)


def verified(
    event: type[E],
    auth_token: str | Sequence[str],
    *,
    public_base_url: str | None = None,
    allow_v2: bool = False,
    nonces: NonceStore | AsyncNonceStore | None = None,
    max_body: int = 262_144,
) -> Callable[[Request], Awaitable[E]]:
    """A dependency that verifies the request and gives its event.

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
        What goes into `Depends`; its value is the event.
    """
    component = None if event is Event else event
    receiver = Receiver(auth_token, component, public_base_url, allow_v2, nonces, max_body)

    async def dependency(request: Request) -> E:
        found = await receiver.accept(
            request.method, url_of(request.scope), request.scope["headers"], request.stream()
        )
        if isinstance(found, Refusal):
            raise HTTPException(found.status, found.text)
        return cast("E", found)

    return dependency
