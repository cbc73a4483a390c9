"""A supervisor listens to a conference: muted on entering, heard after barging in.

    pip install plivo-phlo-async fastapi uvicorn
    uvicorn examples.supervisor:app

Supervisors dial in like everyone else, since no request dials anyone into a conference bridge. The
service mutes them when their enter event comes; until Plivo has acted on that, they can be heard.

Environment: PLIVO_AUTH_ID, PLIVO_AUTH_TOKEN, PLIVO_PHLO_ID, PLIVO_NODE_ID (the conference bridge),
SUPERVISORS (their numbers, with commas between them), and PUBLIC_BASE_URL, the part of the callback
URL in front of /plivo. There is no login: put it behind yours.
"""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse

from plivo_phlo_async import AsyncPhloClient, ConferenceBridgeMember, PhloError
from plivo_phlo_async.webhooks import (
    ConferenceAction,
    ConferenceBridgeEvent,
    MemberTracker,
    MemoryNonces,
    same_address,
)
from plivo_phlo_async.webhooks.fastapi import verified

SUPERVISORS = os.environ["SUPERVISORS"].split(",")
tracker = MemberTracker()  # one worker; see docs/how-to/several-workers.md for more
listening: set[str] = set()  # supervisors, by `member_id`: no event reports who is muted


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep one client open while the service runs."""
    async with AsyncPhloClient() as client:
        phlo = client.phlo(os.environ["PLIVO_PHLO_ID"])
        app.state.bridge = phlo.conference_bridge(os.environ["PLIVO_NODE_ID"])
        yield


def member_of(request: Request, address: str) -> ConferenceBridgeMember:
    """Return the handle for a member."""
    member: ConferenceBridgeMember = request.app.state.bridge.member(address)
    return member


app = FastAPI(lifespan=lifespan)
verify = verified(
    ConferenceBridgeEvent,
    os.environ["PLIVO_AUTH_TOKEN"],
    public_base_url=os.environ.get("PUBLIC_BASE_URL"),
    nonces=MemoryNonces(),
)
VerifiedEvent = Annotated[ConferenceBridgeEvent, Depends(verify)]


@app.post("/plivo")
async def plivo(event: VerifiedEvent, request: Request) -> None:
    """Receive an event, and mute a supervisor who enters; who cannot be muted is hung up."""
    is_new, address = tracker.update(event), event.address or ""
    if event.event is ConferenceAction.EXIT:
        listening.discard(event.member_id or "")
    has_entered = is_new and event.event is ConferenceAction.ENTER
    if not (has_entered and any(same_address(address, each) for each in SUPERVISORS)):
        return
    member = member_of(request, address)
    try:
        await member.mute()
        listening.add(event.member_id or "")
    except PhloError as error:
        logging.getLogger("supervisor").error("not muted, so hung up: %s", error)
        await member.hangup()


@app.post("/supervisors/{address}/{wish}")
async def supervise(
    address: str, wish: Literal["barge", "listen", "leave"], request: Request
) -> list[dict[str, object]]:
    """Let a supervisor be heard, listen again, or leave; return who is in the conference."""
    found = tracker.find(address)
    if found is None or not any(same_address(address, each) for each in SUPERVISORS):
        raise HTTPException(404, "This is no supervisor in a conference.")
    member = member_of(request, address)
    if wish == "barge":
        await member.unmute()
        listening.discard(found.member_id)
    elif wish == "listen":
        await member.mute()
        listening.add(found.member_id)
    else:
        await member.hangup()
    return await conference(found.call)


@app.get("/conferences/{call}")
async def conference(call: str) -> list[dict[str, object]]:
    """Return the members of a conference, and who of them only listens."""
    members = tracker.members(call)
    return [{**each.to_dict(), "listens": each.member_id in listening} for each in members]


@app.exception_handler(PhloError)
async def refuse(request: Request, error: PhloError) -> JSONResponse:
    """Return why an action failed; 504 if it may have happened."""
    return JSONResponse(error.to_dict(), 504 if error.may_have_happened else 502)
