"""Every framework over real sockets: which requests are accepted, and the response."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from fastapi import Depends, FastAPI

from plivo_phlo_async.webhooks import Event, MemoryNonces, MultiPartyCallEvent, sign_v2, sign_v3
from plivo_phlo_async.webhooks.fastapi import verified

from .samples import FORM, JSON, MEMBER, MEMBER_FORM, TOKEN
from .servers import SERVERS, Serving

pytestmark = pytest.mark.asyncio

Ask = Callable[[str], httpx.Request]


@pytest.fixture(params=SERVERS, scope="module")
def serving(request: pytest.FixtureRequest) -> Serving:
    return SERVERS[request.param]


async def _asked(serving: Serving, *asks: Ask, **options: Any) -> tuple[list[Any], list[Event]]:
    """The status and text each request got, and the events that reached the handler."""
    events: list[Event] = []

    async def note(event: Event) -> None:
        events.append(event)

    async with serving(note, **options) as url, httpx.AsyncClient(trust_env=False) as client:
        answers = [await client.send(ask(url)) for ask in asks]
    return [(answer.status_code, answer.text) for answer in answers], events


def _form(url: str, body: bytes = MEMBER_FORM, **more: str) -> httpx.Request:
    url += "?tenant=5&a=%20"
    headers = {**FORM, **sign_v3("POST", url, MEMBER, TOKEN), **more}
    return httpx.Request("POST", url, headers=headers, content=body)


def _json(url: str) -> httpx.Request:
    body = json.dumps(MEMBER).encode()
    headers = {**JSON, **sign_v3("POST", url, MEMBER, TOKEN)}
    return httpx.Request("POST", url, headers=headers, content=body)


def _query(url: str) -> httpx.Request:
    url += f"?{urlencode(MEMBER)}"
    return httpx.Request("GET", url, headers=sign_v3("GET", url, None, TOKEN))


def _chunked(url: str) -> httpx.Request:
    async def pieces() -> Any:
        for at in range(0, len(MEMBER_FORM), 50):
            yield MEMBER_FORM[at : at + 50]

    headers = {**FORM, **sign_v3("POST", url, MEMBER, TOKEN)}
    return httpx.Request("POST", url, headers=headers, content=pieces())


def _not_utf8(url: str) -> httpx.Request:
    params = {**MEMBER, "caller_name": "J\udcf6rg"}
    body = urlencode({**params, "caller_name": "Jrg"}).replace("Jrg", "J%F6rg").encode()
    headers = {**FORM, **sign_v3("POST", url, params, TOKEN)}
    return httpx.Request("POST", url, headers=headers, content=body)


@pytest.mark.parametrize("ask", [_form, _json, _query, _chunked, _not_utf8])
async def test_what_plivo_signed_reaches_the_handler_typed(serving: Serving, ask: Ask) -> None:
    answers, events = await _asked(serving, ask)

    assert [status for status, _ in answers] == [200]
    assert [type(event) for event in events] == [MultiPartyCallEvent]
    assert events[0].raw["to"] == "12025551111"


def _unsigned(url: str) -> httpx.Request:
    return httpx.Request("POST", url, headers=FORM, content=MEMBER_FORM)


def _forged(url: str) -> httpx.Request:
    return _form(url, MEMBER_FORM.replace(b"Enter", b"Exit"))


def _without_nonce(url: str) -> httpx.Request:
    request = _form(url)
    del request.headers["X-Plivo-Signature-V3-Nonce"]
    return request


def _other_token(url: str) -> httpx.Request:
    headers = {**FORM, **sign_v3("POST", url, MEMBER, "other")}
    return httpx.Request("POST", url, headers=headers, content=MEMBER_FORM)


def _v2(url: str) -> httpx.Request:
    headers = {**FORM, **sign_v2(url, TOKEN)}
    return httpx.Request("POST", url, headers=headers, content=MEMBER_FORM)


def _get_with_body(url: str) -> httpx.Request:
    headers = {**FORM, **sign_v3("POST", url, MEMBER, TOKEN)}
    return httpx.Request("GET", url, headers=headers, content=MEMBER_FORM)


FORGED = [_unsigned, _forged, _without_nonce, _other_token, _v2, _get_with_body]


async def test_what_plivo_did_not_sign_gets_403_and_nothing_else(serving: Serving) -> None:
    answers, events = await _asked(serving, *FORGED)

    assert {status for status, _ in answers} == {403}
    assert {text.replace('{"detail":"', "").rstrip('"}') for _, text in answers} == {"Forbidden"}
    assert events == []


def _malformed(url: str) -> httpx.Request:
    return httpx.Request(
        "POST", url, headers={**JSON, **sign_v3("POST", url, {}, TOKEN)}, content=b"{"
    )


def _multipart(url: str) -> httpx.Request:
    headers = sign_v3("POST", url, {}, TOKEN)
    return httpx.Request("POST", url, headers=headers, files={"a": b"b"})


def _oversize(url: str) -> httpx.Request:
    return _form(url, b"a=" + b"b" * 300_000)


async def test_what_cannot_be_read_gets_400_and_what_is_too_large_413(serving: Serving) -> None:
    answers, events = await _asked(serving, _malformed, _multipart, _oversize, _form)

    assert [status for status, _ in answers] == [400, 400, 413, 200]
    assert len(events) == 1


async def test_a_body_is_read_no_further_than_its_bound(serving: Serving) -> None:
    answers, events = await _asked(serving, _chunked, max_body=100)

    assert [status for status, _ in answers] == [413]
    assert events == []


async def test_a_request_is_taken_once(serving: Serving) -> None:
    sent: list[httpx.Request] = []

    def same(url: str) -> httpx.Request:
        sent[:] = sent or [_form(url)]
        return sent[0]

    answers, events = await _asked(serving, same, same, nonces=MemoryNonces())

    assert [status for status, _ in answers] == [200, 403]
    assert len(events) == 1


class _Shared:
    """A store that has to be awaited."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def is_new(self, nonce: str) -> bool:
        await asyncio.sleep(0)
        self.asked.append(nonce)
        return self.asked.count(nonce) == 1


async def test_a_store_may_be_awaited_and_is_not_asked_about_forgeries(serving: Serving) -> None:
    store = _Shared()

    def once(url: str) -> httpx.Request:
        request = _form(url)
        request.headers.update(sign_v3("POST", str(request.url), MEMBER, TOKEN, nonce="n"))
        return request

    answers, events = await _asked(serving, _forged, once, once, nonces=store)

    assert [status for status, _ in answers] == [403, 200, 403]
    assert store.asked == ["n", "n"]
    assert len(events) == 1


async def test_v2_is_taken_where_it_is_allowed(serving: Serving) -> None:
    answers, events = await _asked(serving, _v2, _forged, _unsigned, allow_v2=True)

    assert [status for status, _ in answers] == [200, 403, 403]
    assert len(events) == 1


async def test_behind_a_proxy_the_public_url_counts(serving: Serving) -> None:
    def ask(url: str) -> httpx.Request:
        public = f"https://example.com/base{urlsplit(url).path}"
        headers = {**FORM, **sign_v3("POST", public, MEMBER, TOKEN)}
        return httpx.Request("POST", url, headers=headers, content=MEMBER_FORM)

    answers, events = await _asked(serving, ask, public_base_url="https://example.com/base")

    assert [status for status, _ in answers] == [200]
    assert len(events) == 1


async def test_the_log_says_why_without_numbers_and_tokens(
    serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "plivo_phlo_async"):
        await _asked(serving, *FORGED, _malformed, _oversize)
    lines = [record.getMessage() for record in caplog.records if record.name == "plivo_phlo_async"]

    assert len(lines) == len(FORGED) + 2
    assert all(text.startswith("webhook rejected: ") for text in lines)
    assert [text for text in lines if TOKEN in text or "1202555" in text] == []
    assert "Signature-V3-Nonce" in lines[2]


# As one writes it in FastAPI: an annotation, which is resolved when the route is made.

Joined = Annotated[MultiPartyCallEvent, Depends(verified(MultiPartyCallEvent, TOKEN))]
app = FastAPI()


@app.post("/plivo")
async def plivo(event: Joined) -> dict[str, str | None]:
    return {"member": event.member_id}


async def test_an_annotated_dependency_gives_the_class_it_names() -> None:
    url = "http://example.com/plivo"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        answers = [await client.send(ask(url)) for ask in (_form, _forged)]

    assert [answer.status_code for answer in answers] == [200, 403]
    assert answers[0].json() == {"member": "1234"}
