"""An aiohttp handler: `PUT` and `DELETE /members/{address}/hold` hold and unhold a member.

    python examples/aiohttp_handler.py

The application opens the client when it starts and closes it when it stops.
"""

from collections.abc import AsyncIterator

from aiohttp import web

from plivo_phlo_async import AsyncPhloClient, MultiPartyCall, NotFoundError, PhloError

LINE = web.AppKey("line", MultiPartyCall)
routes = web.RouteTableDef()


async def lifespan(app: web.Application) -> AsyncIterator[None]:
    """Keep one client open while the application runs."""
    async with AsyncPhloClient() as client:
        app[LINE] = client.multi_party_call()
        yield


@routes.put("/members/{address}/hold")
@routes.delete("/members/{address}/hold")
async def hold(request: web.Request) -> web.Response:
    """Hold or unhold a member; 404 if the member is not on the call."""
    member = request.app[LINE].member(request.match_info["address"])
    try:
        await (member.hold() if request.method == "PUT" else member.unhold())
    except NotFoundError:
        raise web.HTTPNotFound(text="not on the call") from None
    except PhloError as error:
        raise web.HTTPBadGateway(text=str(error)) from error
    return web.Response(status=204)


def make_app() -> web.Application:
    """Return the application."""
    app = web.Application()
    app.cleanup_ctx.append(lifespan)
    app.add_routes(routes)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=8080)
