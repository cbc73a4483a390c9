"""Every kind of handler that aiohttp accepts can be decorated, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx
import pytest
from aiohttp import web

from plivo_phlo_async.webhooks import Event, MultiPartyCallEvent, sign_v3
from plivo_phlo_async.webhooks.aiohttp import verified

from .samples import FORM, MEMBER, MEMBER_FORM, TOKEN
from .servers import serve_aiohttp

pytestmark = pytest.mark.asyncio

PATH = "/hooks/plivo"
decorate = verified(MultiPartyCallEvent, TOKEN)


def _said(event: Any, *more: str) -> web.Response:
    return web.Response(text=" ".join([type(event).__name__, *more]))


@decorate
async def function(request: web.Request, event: Event) -> web.Response:
    return _said(event)


class Receiving:
    async def plain(self, request: web.Request, event: Event) -> web.Response:
        return _said(event)

    @decorate
    async def decorated(self, request: web.Request, event: Event) -> web.Response:
        return _said(event)

    async def __call__(self, request: web.Request, event: Event) -> web.Response:
        return _said(event)


async def named(request: web.Request, event: Event, *, name: str) -> web.Response:
    assert name == "a"
    return _said(event)


@decorate
async def named_decorated(database: str, request: web.Request, event: Event) -> web.Response:
    assert database == "a"
    return _said(event)


class DecoratedMethod(web.View):
    @decorate
    async def post(self, event: Event) -> web.Response:
        assert self.request.path == PATH
        return _said(event)


@decorate
class DecoratedView(web.View):
    async def post(self, event: Event) -> web.Response:
        assert self.request.path == PATH
        return _said(event)


HANDLERS: dict[str, Any] = {
    "function": function,
    "decorated bound method": decorate(Receiving().plain),
    "bound method that is decorated": Receiving().decorated,
    "callable object": decorate(Receiving()),
    "decorated partial": decorate(partial(named, name="a")),
    "partial of a decorated one": partial(named_decorated, "a"),
    "view with a decorated method": DecoratedMethod,
    "decorated view": DecoratedView,
}


def _routed(handler: Any) -> web.Application:
    app = web.Application()
    app.router.add_route("*", PATH, handler)
    return app


def _below(handler: Any) -> web.Application:
    app, below = web.Application(), web.Application()
    below.router.add_route("*", "/plivo", handler)
    app.add_subapp("/hooks", below)
    return app


@asynccontextmanager
async def _client(app: web.Application) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    async with serve_aiohttp(app) as base, httpx.AsyncClient(trust_env=False) as client:
        yield client, base + PATH


async def _post(app: web.Application, *bodies: bytes) -> list[httpx.Response]:
    async with _client(app) as (client, url):
        headers = {**FORM, **sign_v3("POST", url, MEMBER, TOKEN)}
        return [await client.post(url, content=body, headers=headers) for body in bodies]


@pytest.mark.parametrize("kind", HANDLERS)
async def test_a_handler_of_every_kind_gets_the_event_and_no_forgery(kind: str) -> None:
    answers = await _post(_routed(HANDLERS[kind]), MEMBER_FORM, MEMBER_FORM + b"&a=b")

    assert [answer.status_code for answer in answers] == [200, 403]
    assert answers[0].text == "MultiPartyCallEvent"


@pytest.mark.parametrize("kind", ["function", "decorated view"])
async def test_a_handler_of_an_application_below_gets_the_event(kind: str) -> None:
    answers = await _post(_below(HANDLERS[kind]), MEMBER_FORM)

    assert [answer.status_code for answer in answers] == [200]


async def test_a_method_that_a_decorated_view_lacks_is_not_allowed() -> None:
    async with _client(_routed(DecoratedView)) as (client, url):
        answer = await client.get(url)

    assert answer.status_code == 405


async def _form(request: web.Request) -> str:
    return str((await request.post())["to"])


async def _text(request: web.Request) -> str:
    return (await request.text()).partition("to=")[2].partition("&")[0]


@pytest.mark.parametrize("read", [_form, _text])
async def test_the_body_can_be_read_after(read: Callable[..., Any]) -> None:
    @decorate
    async def handler(request: web.Request, event: Event) -> web.Response:
        return web.Response(text=await read(request))

    answers = await _post(_routed(handler), MEMBER_FORM)

    assert answers[0].text == MEMBER["to"]


@pytest.mark.parametrize("read", [_form, _text])
async def test_a_middleware_may_have_read_the_body(read: Callable[..., Any]) -> None:
    @web.middleware
    async def before(request: web.Request, handler: Any) -> Any:
        await read(request)
        return await handler(request)

    app = _routed(function)
    app.middlewares.append(before)
    answers = await _post(app, MEMBER_FORM)

    assert answers[0].status_code == 200
