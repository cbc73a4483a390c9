"""An aiohttp service that acts on a multi-party call and learns from webhooks who is on it.

    pip install plivo-phlo-async aiohttp
    python examples/aiohttp_service.py

Environment: PLIVO_AUTH_ID, PLIVO_AUTH_TOKEN, PLIVO_PHLO_ID, PLIVO_NODE_ID, and PUBLIC_BASE_URL, the
part of the callback URL in front of /plivo, such as https://example.com.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from math import ceil

from aiohttp import web

from plivo_phlo_async import (
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
from plivo_phlo_async.webhooks.aiohttp import verified

MPC = web.AppKey("MPC", MultiPartyCall)
tracker = MemberTracker()  # one worker; see docs/how-to/several-workers.md for more
routes = web.RouteTableDef()


async def lifespan(app: web.Application) -> AsyncIterator[None]:
    """Keep one client and its connection pool open while the service runs."""
    async with AsyncPhloClient() as client:
        app[MPC] = client.multi_party_call()
        yield


@routes.post("/agents/{agent}/calls/{customer}")
async def call(request: web.Request) -> web.Response:
    """Dial a customer into the agent's call."""
    agent, customer = request.match_info["agent"], request.match_info["customer"]
    result = await request.app[MPC].call(agent, customer, role="customer")
    return web.json_response({"api_id": result.api_id}, status=201)


@routes.post("/agents/{address}/{verb:hold|unhold|hangup}")
async def act(request: web.Request) -> web.Response:
    """Hold, unhold or hang up a member."""
    member = request.app[MPC].member(request.match_info["address"])
    result = await getattr(member, request.match_info["verb"])()
    return web.json_response({"api_id": result.api_id}, status=201)


@routes.get("/plivo")
@routes.post("/plivo")
@verified(
    MultiPartyCallEvent,
    os.environ["PLIVO_AUTH_TOKEN"],
    public_base_url=os.environ.get("PUBLIC_BASE_URL"),
    nonces=MemoryNonces(),
)
async def plivo(request: web.Request, event: MultiPartyCallEvent) -> web.Response:
    """Receive an event; a request that Plivo did not sign is answered with 403 before this."""
    tracker.update(event)
    return web.Response()


@routes.get("/calls")
async def calls(request: web.Request) -> web.Response:
    """Return the addresses on each call."""
    now = {uuid: [member.address for member in tracker.members(uuid)] for uuid in tracker.calls()}
    return web.json_response(now)


STATUSES: dict[type[PhloError], int] = {
    InvalidArgumentError: 422,
    BadRequestError: 422,
    NotFoundError: 404,
    ConflictError: 409,
    RateLimitedError: 429,
    NotSentError: 503,
}


@web.middleware
async def refuse(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Map an error of the client to a status; 504 if the action may have happened."""
    try:
        return await handler(request)
    except PhloError as error:
        status = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 502)
        body = {
            "error": str(error),  # one line, with the phone number masked
            "may_have_happened": error.may_have_happened,
        }
        headers = {}
        if isinstance(error, RateLimitedError):
            headers["Retry-After"] = str(ceil(error.retry_after or 1))
        status = 504 if error.may_have_happened else status
        return web.json_response(body, status=status, headers=headers)


def make_app() -> web.Application:
    """Return the application."""
    app = web.Application(middlewares=[refuse])
    app.cleanup_ctx.append(lifespan)
    app.add_routes(routes)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=int(os.environ.get("PORT", "8000")))
