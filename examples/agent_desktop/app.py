"""An agent desktop: one page to call, hold and transfer, which shows live who is on the call.

    pip install "plivo-phlo-async[redis]" fastapi "uvicorn[standard]"
    uvicorn --workers 2 examples.agent_desktop.app:app

A page is connected to one worker, and an event reaches any of them; Redis lets all of them see it.

Environment: PLIVO_AUTH_ID, PLIVO_AUTH_TOKEN, PLIVO_PHLO_ID, PLIVO_NODE_ID, REDIS_URL, RING_SECONDS
(until "no answer"; default: 15) and PUBLIC_BASE_URL, the part of the callback URL before /plivo.
There is no login: put it behind yours, or whoever reaches the page can dial.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import anyio
from fastapi import Depends, FastAPI, WebSocket, WebSocketDisconnect
from fastapi.staticfiles import StaticFiles
from redis.asyncio import Redis

from plivo_phlo_async import Action, AsyncPhloClient, MultiPartyCall, PhloError
from plivo_phlo_async.redis import RedisMemberTracker, RedisNonces, RedisRateLimit
from plivo_phlo_async.webhooks import MultiPartyCallEvent
from plivo_phlo_async.webhooks.fastapi import verified

RING_SECONDS = float(os.environ.get("RING_SECONDS", "15"))

redis = Redis.from_url(os.environ["REDIS_URL"])
tracker = RedisMemberTracker(redis)
verify = verified(
    MultiPartyCallEvent,
    os.environ["PLIVO_AUTH_TOKEN"],
    public_base_url=os.environ.get("PUBLIC_BASE_URL"),
    nonces=RedisNonces(redis),
)
VerifiedEvent = Annotated[MultiPartyCallEvent, Depends(verify)]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep one client and one tracker open while this worker runs."""
    limit = RedisRateLimit(redis, 300, per=5.0, key="plivo:limit")
    async with redis, tracker, AsyncPhloClient(rate_limit=limit) as client:
        app.state.client, app.state.mpc = client, client.multi_party_call()
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/plivo")
async def plivo(event: VerifiedEvent) -> None:
    """Receive an event, in whichever worker Plivo's request reaches."""
    await tracker.update(event)


@app.websocket("/agents/{agent}")
async def desktop(socket: WebSocket, agent: str) -> None:
    """Serve one page: show who is on the agent's call, and perform what the agent asks for."""
    origin = socket.headers.get("origin")
    if origin and urlsplit(origin).netloc != socket.headers["host"]:
        await socket.close(reason="a page of another site")
        return
    await socket.accept()
    async with anyio.create_task_group() as group:
        group.start_soon(show_members, socket, agent)
        async for request in socket.iter_json():
            group.start_soon(act, socket, request)
        group.cancel_scope.cancel()


async def show_members(socket: WebSocket, agent: str) -> None:
    """Send who is on the agent's call, now and after each change."""
    changes = tracker.changes()
    with suppress(WebSocketDisconnect):
        while True:
            here = tracker.find(agent)
            members = [each.to_dict() for each in tracker.members(here.call)] if here else []
            await socket.send_json({"members": members, "worker": os.getpid()})
            await anext(changes)


async def act(socket: WebSocket, request: dict[str, Any]) -> None:
    """Perform a request's action, and send the request back with what became of it."""
    mpc: MultiPartyCall = socket.app.state.mpc
    with suppress(WebSocketDisconnect):
        try:
            node = {"phlo_id": mpc.phlo_id, "node_id": mpc.node_id}
            action = Action.from_dict({**request["action"], **node})
            if action.to is None:
                await perform(socket, request, action)
            else:
                await dial(socket, request, action, action.to)
        except PhloError as error:
            await socket.send_json({**request, "error": error.to_dict()})


async def perform(socket: WebSocket, request: dict[str, Any], action: Action) -> None:
    """Perform an action, and send its result."""
    with anyio.CancelScope(shield=True):  # closing the page does not cut the request short
        result = await socket.app.state.client.perform(action)
    await socket.send_json({**request, "result": result.to_dict()})


async def dial(socket: WebSocket, request: dict[str, Any], action: Action, phone: str) -> None:
    """Perform an action that dials a phone, and send whether it is answered in time."""
    async with tracker.expect_enter(phone) as entered:
        await perform(socket, request, action)
        with anyio.move_on_after(RING_SECONDS):
            await entered
    answered = entered.member is not None
    await socket.send_json({**request, "answered": answered, "after": RING_SECONDS})


app.mount("/", StaticFiles(directory=Path(__file__).with_name("page"), html=True))
