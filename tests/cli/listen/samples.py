"""The requests of these tests, and an application that receives them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import pytest

from plivo_phlo_async.cli.listen.app import ListenApp
from plivo_phlo_async.cli.listen.printer import EventPrinter
from plivo_phlo_async.emulator import (
    DEMO_AUTH_TOKEN,
)
from plivo_phlo_async.webhooks import sign_v3

TOKEN = DEMO_AUTH_TOKEN


URL = "http://127.0.0.1:7462/hooks/a%2Fb?tenant=5&a=%20"


ENTERS = {
    "event": "ConferenceEnter",
    "direction": "outbound",
    "from": "12025550101",
    "to": "12025550199",
    "call_uuid": "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36",
}


BODY = str(httpx.QueryParams(ENTERS)).encode()


FORM = {"content-type": "application/x-www-form-urlencoded"}


LINE = "12:30:00  multi_party_call  ConferenceEnter  …0199  3e82ae9d\n"


Read = pytest.CaptureFixture[str]


def listener(*, verbose: bool = False, as_json: bool = False, **options: Any) -> ListenApp:
    def noon() -> datetime:
        return datetime(2026, 1, 2, 12, 30, tzinfo=UTC)

    given = {"auth_token": TOKEN, **options}
    return ListenApp(EventPrinter(verbose=verbose, as_json=as_json, clock=noon), **given)


def signed(url: str = URL, body: bytes = BODY) -> httpx.Request:
    signature = sign_v3("POST", url, ENTERS, TOKEN, nonce="n")
    return httpx.Request("POST", url, headers={**FORM, **signature}, content=body)


def asked_for(url: str) -> httpx.Request:
    return httpx.Request("GET", url, headers=sign_v3("GET", url, None, TOKEN, nonce="n"))


def multipart() -> httpx.Request:
    headers = sign_v3("POST", URL, {}, TOKEN)
    return httpx.Request("POST", URL, headers=headers, files={"event": b"ConferenceEnter"})


def ask(app: ListenApp, *requests: httpx.Request) -> list[httpx.Response]:
    async def go() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return [await client.send(request) for request in requests]

    return anyio.run(go)
