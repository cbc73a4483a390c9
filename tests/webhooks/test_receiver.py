"""Read, verify, parse: one function for every framework; and what ASGI servers may send."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from plivo_phlo_async.errors import SignatureError, WebhookError
from plivo_phlo_async.webhooks import (
    Event,
    IvrMenuEvent,
    MemoryNonces,
    MultiPartyCallEvent,
    Receiver,
    Rejected,
    WebhookApp,
    receive,
    sign_v2,
    sign_v3,
)
from plivo_phlo_async.webhooks.asgi import url_of

from .samples import FORM, MEMBER, MEMBER_FORM, TOKEN, URL


def _signed() -> dict[str, str]:
    return {**FORM, **sign_v3("POST", URL, MEMBER, TOKEN)}


def test_a_request_is_verified_and_parsed() -> None:
    event = receive("POST", URL, _signed(), MEMBER_FORM, TOKEN)

    assert type(event) is MultiPartyCallEvent
    assert event.raw == {"tenant": "5", **MEMBER}


def test_a_request_is_verified_before_it_is_parsed() -> None:
    with pytest.raises(SignatureError):
        receive("POST", URL, FORM, MEMBER_FORM, TOKEN)


def test_a_component_can_be_named() -> None:
    event = receive("POST", URL, _signed(), MEMBER_FORM, TOKEN, component=IvrMenuEvent)

    assert type(event) is IvrMenuEvent


def test_a_wrong_v3_does_not_fall_back_to_v2() -> None:
    headers = {**_signed(), **sign_v2(URL, TOKEN)}
    with pytest.raises(SignatureError):
        receive("POST", URL, headers, MEMBER_FORM + b"&a=b", TOKEN, allow_v2=True)


def test_an_unreadable_body_is_no_forgery() -> None:
    with pytest.raises(WebhookError) as caught:
        receive("POST", URL, _signed(), b"hello", TOKEN)

    assert not isinstance(caught.value, SignatureError)


def test_a_multipart_body_is_refused_with_what_to_send_instead() -> None:
    headers = {**_signed(), "content-type": "multipart/form-data; boundary=x"}
    with pytest.raises(WebhookError) as caught:
        receive("POST", URL, headers, b'--x\r\nContent-Disposition: form-data; name="a"', TOKEN)

    assert str(caught.value) == (
        "A multipart body is not supported;"
        " send application/x-www-form-urlencoded or application/json."
    )


def test_a_receiver_shows_no_token() -> None:
    assert TOKEN not in repr(Receiver(TOKEN))


def test_no_framework_is_loaded_by_the_package() -> None:
    code = "import sys, plivo_phlo_async.webhooks; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert {"fastapi", "aiohttp", "starlette"} & set(loaded) == set()


@pytest.mark.asyncio
@pytest.mark.parametrize(("most", "status"), [(len(MEMBER_FORM), 200), (len(MEMBER_FORM) - 1, 413)])
async def test_a_body_may_be_as_long_as_its_bound_and_no_longer(most: int, status: int) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield MEMBER_FORM

    found = await Receiver(TOKEN, max_body=most).accept("POST", URL, _signed(), chunks())

    assert (found.status if isinstance(found, Rejected) else 200) == status


UNSIGNED: list[dict[str, str]] = [
    {},
    {"X-Plivo-Signature-V3-Nonce": "n"},
    {"X-Plivo-Signature-V3": "A" * 43 + "="},
    {"X-Plivo-Signature-V3": "A" * 43, "X-Plivo-Signature-V3-Nonce": "n"},
    {"X-Plivo-Signature-V2": "A" * 43 + "=", "X-Plivo-Signature-V2-Nonce": "n"},
]


@pytest.mark.asyncio
@pytest.mark.parametrize("headers", UNSIGNED, ids=range(len(UNSIGNED)))
async def test_the_body_of_a_request_without_a_signature_is_not_read(
    headers: dict[str, str],
) -> None:
    read = []

    async def chunks() -> AsyncIterator[bytes]:
        read.append(MEMBER_FORM)
        yield MEMBER_FORM

    found = await Receiver(TOKEN).accept("POST", URL, {**FORM, **headers}, chunks())

    assert found == Rejected(403, "Forbidden")
    assert read == []


@pytest.mark.parametrize("headers", UNSIGNED, ids=range(len(UNSIGNED)))
def test_the_body_of_a_request_without_a_signature_is_not_parsed(headers: dict[str, str]) -> None:
    with pytest.raises(SignatureError):
        receive("POST", URL, {**FORM, **headers}, b"neither form nor JSON", TOKEN)


@pytest.mark.asyncio
async def test_a_request_that_was_accepted_is_a_repeated_one_without_its_v3_headers() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield MEMBER_FORM

    receiver, v2 = Receiver(TOKEN, allow_v2=True, nonces=MemoryNonces()), sign_v2(URL, TOKEN)
    first = await receiver.accept("POST", URL, {**_signed(), **v2}, chunks())
    second = await receiver.accept("POST", URL, {**FORM, **v2}, chunks())

    assert type(first) is MultiPartyCallEvent
    assert second == Rejected(403, "Forbidden")


# ASGI


async def _nothing(event: Event) -> None:
    raise AssertionError(event)


async def _through(app: WebhookApp, scope: dict[str, Any], *messages: dict[str, Any]) -> list[Any]:
    ahead, said = list(messages), []

    async def receive() -> Any:
        return ahead.pop(0)

    async def send(message: Any) -> None:
        said.append(message)

    await app(scope, receive, send)
    return said


HTTP = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}


def _raw_headers() -> list[tuple[bytes, bytes]]:
    signed = sign_v3("POST", "http://h/", MEMBER, TOKEN).items()
    return [(b"host", b"h"), *((name.lower().encode(), text.encode()) for name, text in signed)]


@pytest.mark.asyncio
async def test_who_goes_away_gets_no_answer() -> None:
    begun = {"type": "http.request", "body": b"a=", "more_body": True}
    scope = {**HTTP, "headers": _raw_headers()}
    said = await _through(WebhookApp(_nothing, TOKEN), scope, begun, {"type": "http.disconnect"})

    assert said == []


@pytest.mark.asyncio
async def test_a_method_plivo_does_not_use_is_refused() -> None:
    said = await _through(WebhookApp(_nothing, TOKEN), {**HTTP, "method": "DELETE"})

    assert said[0]["status"] == 405


@pytest.mark.asyncio
async def test_what_is_no_http_is_left_unanswered() -> None:
    said = await _through(WebhookApp(_nothing, TOKEN), {"type": "websocket"})

    assert said == []


@pytest.mark.asyncio
async def test_a_servers_start_and_end_are_answered() -> None:
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    said = await _through(WebhookApp(_nothing, TOKEN), {"type": "lifespan"}, *messages)

    assert [message["type"] for message in said] == [
        f"{each['type']}.complete" for each in messages
    ]


@pytest.mark.asyncio
async def test_what_a_handler_raises_goes_to_the_server() -> None:
    headers = _raw_headers()
    body = {"type": "http.request", "body": MEMBER_FORM}
    with pytest.raises(AssertionError):
        await _through(WebhookApp(_nothing, TOKEN), {**HTTP, "headers": headers}, body)


@pytest.mark.parametrize(
    ("scope", "url"),
    [
        ({"path": "/a b", "raw_path": b"/a%20b"}, "http://h:1/a%20b"),
        (
            {"path": "/a/b", "raw_path": b"/a%2Fb?x=1", "query_string": b"x=1"},
            "http://h:1/a%2Fb?x=1",
        ),
        ({"path": "/a b", "raw_path": None}, "http://h:1/a%20b"),
        ({"path": "/\u00e9", "scheme": "https"}, "https://h:1/%C3%A9"),
        ({"path": "/", "headers": []}, "http:///"),
    ],
)
def test_the_url_is_as_it_was_asked(scope: dict[str, Any], url: str) -> None:
    assert url_of({"headers": [(b"Host", b"h:1")], **scope}) == url


@pytest.mark.parametrize(
    ("scope", "base", "url"),
    [
        ({"root_path": "/api", "raw_path": b"/api/p"}, "https://a.example/api", "http://h/p"),
        ({"root_path": "/api", "raw_path": b"/api/p"}, "https://a.example/v1/api/", "http://h/p"),
        ({"root_path": "/api/", "raw_path": b"/api//p"}, "https://a.example/api", "http://h/p"),
        ({"root_path": "/api", "raw_path": b"/p"}, "https://a.example/api", "http://h/p"),
        ({"root_path": "/api", "raw_path": b"/apis"}, "https://a.example/api", "http://h/apis"),
        ({"root_path": "/api", "raw_path": b"/api/p"}, "https://a.example", "http://h/api/p"),
        ({"root_path": "/api", "raw_path": b"/api/p"}, None, "http://h/api/p"),
        (
            {"root_path": "/m", "app_root_path": "", "raw_path": b"/m/p"},
            "https://a.example/m",
            "http://h/m/p",
        ),
    ],
    ids=range(8),
)
def test_the_servers_root_path_is_left_out_where_the_public_url_has_it(
    scope: dict[str, Any], base: str | None, url: str
) -> None:
    assert url_of({"headers": [(b"host", b"h")], "path": "/", **scope}, base) == url
