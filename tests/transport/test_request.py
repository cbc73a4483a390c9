"""A request of ours is an `httpx.Request` in all but how it is made."""

from __future__ import annotations

import json
import pickle

import httpx
import pytest

from plivo_phlo_async import Action
from plivo_phlo_async._transport.request import PhloRequest, RequestBuilder

from ..conftest import AUTH_ID, BASE_URL

CALL = Action.call("p", "n", "12025550000", "12025551111")
HOLD = Action.hold("p", "n", "12025551111")
ACTIONS = [
    CALL,
    HOLD,
    Action.hold("p", "n", "sip:bob@phone.plivo.com;transport=tcp"),
    Action.hold("p", "n", "a/b?c#d e"),
    Action.run("p"),
    Action.run("p", {"to": "12025551111"}),
    Action.get_phlo("p"),
]
FIXED = {"Authorization": "Basic x", "Accept": "application/json"}


def _build(action: Action, base_url: str = BASE_URL) -> PhloRequest:
    return RequestBuilder(base_url, AUTH_ID, FIXED).build(action, {"timeout": {}})


def _as_httpx_makes_it(action: Action, base_url: str = BASE_URL) -> httpx.Request:
    body = action.body()
    more = {} if body is None else {"Content-Type": "application/json"}
    return httpx.Request(
        action.method,
        base_url + action.path(AUTH_ID),
        headers=FIXED | more,
        content=body,
        extensions={"timeout": {}},
    )


@pytest.mark.parametrize("action", ACTIONS, ids=str)
def test_a_request_has_every_attribute_that_httpx_gives_one(action: Action) -> None:
    assert {*vars(_build(action))} == {*vars(_as_httpx_makes_it(action))}


@pytest.mark.parametrize("base_url", [BASE_URL, "http://127.0.0.1:7461/v1", "http://[::1]:1/v1"])
@pytest.mark.parametrize("action", ACTIONS, ids=str)
def test_a_request_is_on_the_wire_what_httpx_makes_of_it(action: Action, base_url: str) -> None:
    ours, plain = _build(action, base_url), _as_httpx_makes_it(action, base_url)

    assert ours.method == plain.method
    assert ours.url.raw_path == plain.url.raw_path
    assert ours.content == plain.content
    assert ours.extensions == plain.extensions
    assert ours.url == plain.url
    assert ours.url.raw_host == plain.url.raw_host
    assert ours.url.port == plain.url.port
    assert sorted(ours.headers.raw) == sorted(plain.headers.raw)


@pytest.mark.anyio
async def test_its_body_can_be_read_again_in_either_way() -> None:
    request = _build(CALL)
    body = request.content

    assert json.loads(body)["to"] == "12025551111"
    assert (request.read(), await request.aread()) == (body, body)
    assert b"".join([part async for part in request.stream]) == body


def test_two_requests_share_no_headers() -> None:
    builder = RequestBuilder(BASE_URL, AUTH_ID, FIXED)
    first = builder.build(HOLD, {})
    first.headers["traceparent"] = "00-1"
    second = builder.build(HOLD, {})

    assert "traceparent" not in second.headers


def test_setting_the_url_of_one_leaves_the_next_alone() -> None:
    builder = RequestBuilder(BASE_URL, AUTH_ID, FIXED)
    first = builder.build(HOLD, {})
    first.url = first.url.copy_with(host="elsewhere.example")
    second = builder.build(HOLD, {})

    assert second.url.host == "phlorunner.example"


def test_a_request_can_be_pickled_as_httpx_ones_can() -> None:
    copy = pickle.loads(pickle.dumps(_build(CALL)))

    assert copy.method == "POST"
    assert copy.url == f"{BASE_URL}/phlo/p/multi_party_call/n"
    assert copy.headers == _build(CALL).headers


def test_in_words_a_request_shows_no_full_number() -> None:
    request = _build(HOLD)

    assert "12025551111" not in repr(request) + repr(request.url) + repr(request.headers)
    assert "…1111" in repr(request)
