"""A FastAPI endpoint: `POST /calls` rings a customer for an agent.

    uvicorn examples.fastapi_endpoint:app

A call that may have been placed is a 504; one that was not sent, or refused for now, is a 503.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel

from plivo_phlo_async import (
    AsyncPhloClient,
    MultiPartyCall,
    NotSentError,
    PhloError,
    RateLimitedError,
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the client when the service starts and close it when the service stops."""
    async with AsyncPhloClient() as client:
        app.state.line = client.multi_party_call()
        yield


def get_line(request: Request) -> MultiPartyCall:
    """Return the handle of the service's call."""
    line: MultiPartyCall = request.app.state.line
    return line


class Call(BaseModel):
    """The agent and the customer to call."""

    agent: str
    customer: str


app = FastAPI(lifespan=lifespan)


@app.post("/calls", status_code=202)
async def ring(call: Call, line: Annotated[MultiPartyCall, Depends(get_line)]) -> dict[str, object]:
    """Ring the customer."""
    try:
        result = await line.call(call.agent, call.customer, role="customer")
    except PhloError as error:
        if isinstance(error, NotSentError | RateLimitedError) and not error.may_have_happened:
            raise HTTPException(503, "try again", {"Retry-After": "5"}) from error
        if error.may_have_happened:
            raise HTTPException(504, f"do not try again: {error}") from error
        raise HTTPException(502, f"refused: {error}") from error
    return {"api_id": result.api_id}
