"""Webhooks in FastAPI: a dependency that provides the verified event.

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
from .events.base import Event
from .nonces import AsyncNonceStore, NonceStore
from .receiver import Receiver, Rejected

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
    """Make a dependency that verifies the request and provides its event.

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
        The dependency for `Depends`; its value is the event.
    """
    component = None if event is Event else event
    receiver = Receiver(auth_token, component, public_base_url, allow_v2, nonces, max_body)

    async def dependency(request: Request) -> E:
        outcome = await receiver.accept(
            request.method, url_of(request.scope), request.scope["headers"], request.stream()
        )
        if isinstance(outcome, Rejected):
            raise HTTPException(outcome.status, outcome.text)
        return cast("E", outcome)

    return dependency
