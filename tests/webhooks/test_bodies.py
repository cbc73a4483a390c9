"""The body is readable before and after `verified`, over real sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Body, Depends, FastAPI, Form, Request
from starlette.middleware.base import BaseHTTPMiddleware

from plivo_phlo_async.webhooks import Event, MemoryNonces, MultiPartyCallEvent, WebhookApp, sign_v3
from plivo_phlo_async.webhooks.fastapi import verified

from .samples import FORM, JSON, MEMBER, MEMBER_FORM, TOKEN
from .servers import serve_asgi

pytestmark = pytest.mark.asyncio

NONCES = MemoryNonces()
Verified = Annotated[MultiPartyCallEvent, Depends(verified(MultiPartyCallEvent, TOKEN))]
First = Annotated[Event, Depends(verified(Event, TOKEN, nonces=NONCES))]
Second = Annotated[Event, Depends(verified(MultiPartyCallEvent, TOKEN, nonces=NONCES))]


async def _post(
    app: Any, body: bytes = MEMBER_FORM, kind: dict[str, str] = FORM, path: str = "/plivo"
) -> httpx.Response:
    async with serve_asgi(app) as base, httpx.AsyncClient(trust_env=False) as client:
        headers = {**kind, **sign_v3("POST", base + path, MEMBER, TOKEN)}
        return await client.post(base + path, content=body, headers=headers)


def _handled_by(handler: Callable[..., Any]) -> FastAPI:
    app = FastAPI()
    app.post("/plivo")(handler)
    return app


async def test_fastapi_the_body_can_be_read_after() -> None:
    async def handler(event: Verified, request: Request) -> str:
        return (await request.body()).decode()

    assert (await _post(_handled_by(handler))).json() == MEMBER_FORM.decode()


async def test_fastapi_the_form_can_be_read_after() -> None:
    pytest.importorskip("python_multipart")

    async def handler(event: Verified, request: Request) -> Any:
        return dict(await request.form())

    assert (await _post(_handled_by(handler))).json() == MEMBER


async def test_fastapi_a_form_parameter_can_stand_beside() -> None:
    pytest.importorskip("python_multipart")

    async def handler(event: Verified, to: Annotated[str, Form()]) -> list[str | None]:
        return [event.member_id, to]

    assert (await _post(_handled_by(handler))).json() == [MEMBER["member_id"], MEMBER["to"]]


async def test_fastapi_a_form_beside_is_still_verified() -> None:
    pytest.importorskip("python_multipart")

    async def handler(event: Verified, to: Annotated[str, Form()]) -> None:
        raise AssertionError

    forged = await _post(_handled_by(handler), MEMBER_FORM + b"&more=1")
    assert forged.status_code == 403


async def test_fastapi_a_json_parameter_can_stand_beside() -> None:
    async def handler(event: Verified, received: Annotated[dict[str, str], Body()]) -> Any:
        return received

    body = httpx.Request("POST", "http://h", json=MEMBER).content
    assert (await _post(_handled_by(handler), body, JSON)).json() == MEMBER


async def test_fastapi_several_dependencies_accept_one_request_and_no_repeat() -> None:
    async def handler(first: First, second: Second) -> list[str]:
        return [type(first).__name__, type(second).__name__]

    async with (
        serve_asgi(_handled_by(handler)) as url,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        headers = {**FORM, **sign_v3("POST", f"{url}/plivo", MEMBER, TOKEN)}
        answers = [
            await client.post(f"{url}/plivo", content=MEMBER_FORM, headers=headers)
            for _ in range(2)
        ]

    assert [answer.status_code for answer in answers] == [200, 403]
    assert answers[0].json() == ["MultiPartyCallEvent"] * 2


async def _read_body(request: Request, call_next: Any) -> Any:
    await request.body()
    return await call_next(request)


async def _read_body_and_form(request: Request, call_next: Any) -> Any:
    await request.body()
    await request.form()
    return await call_next(request)


class _Replay:
    """A pure ASGI middleware that reads the body and replays it."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = await Request(scope, receive).body() if scope["type"] == "http" else b""
        ahead = [{"type": "http.request", "body": body}] if body else []

        async def replay() -> Any:
            return ahead.pop() if ahead else await receive()

        await self._app(scope, replay, send)


def _in_front(app: Any, middleware: str) -> Any:
    if middleware == "pure ASGI":
        return _Replay(app)
    dispatch = _read_body if middleware == "body" else _read_body_and_form
    return BaseHTTPMiddleware(app, dispatch)


@pytest.mark.parametrize("middleware", ["body", "body and form", "pure ASGI"])
@pytest.mark.parametrize("framework", ["fastapi", "asgi"])
async def test_a_middleware_may_have_read_the_body(middleware: str, framework: str) -> None:
    if middleware == "body and form":
        pytest.importorskip("python_multipart")
    events: list[Event] = []

    async def note(event: Event) -> None:
        events.append(event)

    async def handler(event: Verified) -> None:
        events.append(event)

    app = _handled_by(handler) if framework == "fastapi" else WebhookApp(note, TOKEN)
    response = await _post(_in_front(app, middleware))

    assert response.status_code == 200
    assert [type(event) for event in events] == [MultiPartyCallEvent]


async def _read_form(request: Request) -> None:
    await request.form()


FormRead = Annotated[None, Depends(_read_form)]


async def test_fastapi_another_dependency_may_have_read_the_form() -> None:
    pytest.importorskip("python_multipart")

    async def handler(before: FormRead, event: Verified) -> str | None:
        return event.member_id

    assert (await _post(_handled_by(handler))).json() == MEMBER["member_id"]


async def _note(event: Event) -> None: ...


async def _handler(event: BehindProxy) -> None: ...


BehindProxy = Annotated[
    Event, Depends(verified(Event, TOKEN, public_base_url="https://example.com/api"))
]


def _app(kind: str) -> Any:
    webhooks = WebhookApp(_note, TOKEN, public_base_url="https://example.com/api")
    app = FastAPI()
    app.mount("/mounted", webhooks)
    app.post("/plivo")(_handler)
    return webhooks if kind == "asgi" else app


@pytest.mark.parametrize(
    ("kind", "path"), [("asgi", "/plivo"), ("fastapi", "/plivo"), ("mounted", "/mounted/plivo")]
)
@pytest.mark.parametrize("root_path", ["", "/api"])
async def test_a_prefix_that_a_proxy_cuts_off_is_in_the_public_url(
    kind: str, path: str, root_path: str
) -> None:
    headers = {**FORM, **sign_v3("POST", f"https://example.com/api{path}", MEMBER, TOKEN)}
    async with (
        serve_asgi(_app(kind), root_path=root_path) as base,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        answer = await client.post(base + path, content=MEMBER_FORM, headers=headers)

    assert answer.status_code == 200
