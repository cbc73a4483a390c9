"""A FastAPI service that acts on a multi-party call and learns from webhooks who is on it.

    pip install "plivo-phlo-async[emulator]" fastapi
    uvicorn examples.fastapi_service:app

Environment: PLIVO_AUTH_ID, PLIVO_AUTH_TOKEN, PLIVO_PHLO_ID, PLIVO_NODE_ID, and PUBLIC_BASE_URL, the
part of the callback URL in front of /plivo, such as https://example.com.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import ceil
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from plivo_phlo_async import (
    ActionResult,
    AsyncPhloClient,
    BadRequestError,
    ConflictError,
    InvalidArgumentError,
    MultiPartyCall,
    NotFoundError,
    NotSentError,
    PhloError,
    RateLimitedError,
)
from plivo_phlo_async.webhooks import MemberTracker, MemoryNonces, MultiPartyCallEvent
from plivo_phlo_async.webhooks.fastapi import verified

tracker = MemberTracker()  # one worker; see docs/how-to/several-workers.md for more


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep one client and its connection pool open while the service runs."""
    async with AsyncPhloClient() as client:
        app.state.mpc = client.multi_party_call()
        yield


def _mpc(request: Request) -> MultiPartyCall:
    mpc: MultiPartyCall = request.app.state.mpc
    return mpc


app = FastAPI(lifespan=lifespan)
Call = Annotated[MultiPartyCall, Depends(_mpc)]
VerifiedEvent = Annotated[
    MultiPartyCallEvent,
    Depends(
        verified(
            MultiPartyCallEvent,
            os.environ["PLIVO_AUTH_TOKEN"],
            public_base_url=os.environ.get("PUBLIC_BASE_URL"),
            nonces=MemoryNonces(),
        )
    ),
]


@app.post("/agents/{agent}/calls/{customer}", status_code=201)
async def call(agent: str, customer: str, mpc: Call) -> ActionResult:
    """Dial a customer into the agent's call."""
    return await mpc.call(agent, customer, role="customer")


@app.post("/agents/{address}/{verb}", status_code=201)
async def act(address: str, verb: Literal["hold", "unhold", "hangup"], mpc: Call) -> ActionResult:
    """Hold, unhold or hang up a member."""
    result: ActionResult = await getattr(mpc.member(address), verb)()
    return result


@app.api_route("/plivo", methods=["GET", "POST"], include_in_schema=False)
async def plivo(event: VerifiedEvent) -> None:
    """Receive an event; a request that Plivo did not sign is answered with 403 before this."""
    tracker.update(event)


@app.get("/calls")
async def calls() -> dict[str, list[str | None]]:
    """Return the addresses on each call."""
    return {uuid: [member.address for member in tracker.members(uuid)] for uuid in tracker.calls()}


STATUSES: dict[type[PhloError], int] = {
    InvalidArgumentError: 422,
    BadRequestError: 422,
    NotFoundError: 404,
    ConflictError: 409,
    RateLimitedError: 429,
    NotSentError: 503,
}


@app.exception_handler(PhloError)
async def refuse(request: Request, error: PhloError) -> JSONResponse:
    """Map an error of the client to a status; 504 if the action may have happened."""
    status = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 502)
    body: dict[str, Any] = {
        "error": str(error),  # one line, with the phone number masked
        "may_have_happened": error.may_have_happened,
    }
    headers = {}
    if isinstance(error, RateLimitedError):
        headers["Retry-After"] = str(ceil(error.retry_after or 1))
    return JSONResponse(body, 504 if error.may_have_happened else status, headers)
