"""One webhook endpoint in each framework, on a real socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import uvicorn
from aiohttp import web
from fastapi import Depends, FastAPI

from plivo_phlo_async.webhooks import Event, WebhookApp
from plivo_phlo_async.webhooks.aiohttp import verified as for_aiohttp
from plivo_phlo_async.webhooks.fastapi import verified as for_fastapi

from .samples import TOKEN

PATH = "/hooks/a%2Fb"

Note = Callable[[Event], Awaitable[None]]
Serving = Callable[..., AbstractAsyncContextManager[str]]


def _socket() -> socket.socket:
    """A listening one: who connects before the server is up waits."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    return listening


def _base(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


@asynccontextmanager
async def serve_asgi(app: Any, **options: Any) -> AsyncIterator[str]:
    """Serve with uvicorn; the base URL."""
    listening = _socket()
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none", **options))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield _base(listening)
    finally:
        server.should_exit = True
        await running
        listening.close()


@asynccontextmanager
async def _uvicorn(app: Any) -> AsyncIterator[str]:
    async with serve_asgi(app) as base:
        yield base + PATH


def in_asgi(note: Note, **options: Any) -> AbstractAsyncContextManager[str]:
    return _uvicorn(WebhookApp(note, TOKEN, **options))


def mounted(note: Note, **options: Any) -> AbstractAsyncContextManager[str]:
    app = FastAPI()
    app.mount("/hooks", WebhookApp(note, TOKEN, **options))
    return _uvicorn(app)


def in_fastapi(note: Note, **options: Any) -> AbstractAsyncContextManager[str]:
    app = FastAPI()
    dependency = for_fastapi(Event, TOKEN, **options)

    # Not an annotation that is resolved later: the dependency is a local name.
    async def plivo(event: Any = Depends(dependency)) -> None:  # noqa: B008
        await note(event)

    app.add_api_route("/hooks/{rest:path}", plivo, methods=["GET", "POST"])
    return _uvicorn(app)


@asynccontextmanager
async def in_aiohttp(note: Note, **options: Any) -> AsyncIterator[str]:
    @for_aiohttp(Event, TOKEN, **options)
    async def plivo(request: web.Request, event: Event) -> web.Response:
        await note(event)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/hooks/{rest:.*}", plivo)
    async with serve_aiohttp(app) as base:
        yield base + PATH


@asynccontextmanager
async def serve_aiohttp(app: web.Application) -> AsyncIterator[str]:
    """Serve with aiohttp; the base URL."""
    runner = web.AppRunner(app)
    await runner.setup()
    listening = _socket()
    try:
        await web.SockSite(runner, listening).start()
        yield _base(listening)
    finally:
        await runner.cleanup()
        listening.close()


SERVERS: dict[str, Serving] = {
    "asgi": in_asgi,
    "mounted": mounted,
    "fastapi": in_fastapi,
    "aiohttp": in_aiohttp,
}
