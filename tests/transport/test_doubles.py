"""Whatever doubles httpx in tests answers the client's requests, and nothing leaves."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pook  # type: ignore[import-untyped]
import pytest
import respx
import vcr  # type: ignore[import-untyped]
from pytest_httpx import HTTPXMock

from plivo_phlo_async import (
    ActionResult,
    AsyncPhloClient,
    OutcomeUnknownError,
    PhloError,
)

from ..conftest import AUTH_ID
from ..listener import Listener
from ..scripted import scripted_server

pytestmark = pytest.mark.anyio

MOCKED = {"api_id": "mocked", "error": ""}
SEND = "httpx.AsyncClient.send"
HANDLE = "httpx.AsyncHTTPTransport.handle_async_request"


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


async def _call(base_url: str, **options: Any) -> ActionResult:
    client = AsyncPhloClient(AUTH_ID, "token", base_url=base_url, timeout=1.0, **options)
    async with client:
        return await client.phlo("p").multi_party_call("n").call("12025550000", "12025551111")


# What answers


@contextmanager
def _respx(url: str) -> Iterator[None]:
    with respx.mock as router:
        router.route(url__startswith=url).respond(201, json=MOCKED)
        yield


@contextmanager
def _respx_using_httpx(url: str) -> Iterator[None]:
    with respx.mock(using="httpx") as router:
        router.route(url__startswith=url).respond(201, json=MOCKED)
        yield


@contextmanager
def _pook(url: str) -> Iterator[None]:
    with pook.use():
        pook.post(f"{url}/phlo/p/multi_party_call/n").reply(201).json(MOCKED)
        yield


def _patch(name: str, **how: Any) -> Callable[[str], AbstractContextManager[object]]:
    return lambda url: mock.patch(name, return_value=httpx.Response(201, json=MOCKED), **how)


DOUBLES: dict[str, Callable[[str], AbstractContextManager[object]]] = {
    "respx": _respx,
    "respx using httpx": _respx_using_httpx,
    "pook": _pook,
    "patched send": _patch(SEND),
    "patched send, autospec": _patch(SEND, autospec=True),
    "patched transport": _patch(HANDLE),
    "patched transport, autospec": _patch(HANDLE, autospec=True),
}


@pytest.mark.parametrize("double", DOUBLES.values(), ids=DOUBLES.keys())
async def test_a_double_answers_and_nothing_leaves(
    listener: Listener, double: Callable[[str], AbstractContextManager[object]]
) -> None:
    with double(listener.base_url):
        result = await _call(listener.base_url)

    assert (result.api_id, result.attempts, listener.connections) == ("mocked", 1, 0)


async def test_the_fixture_httpx_mock_answers_and_nothing_leaves(
    listener: Listener, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(status_code=201, json=MOCKED)
    result = await _call(listener.base_url)

    assert (result.api_id, result.attempts, listener.connections) == ("mocked", 1, 0)


async def test_a_mock_transport_answers_and_nothing_leaves(listener: Listener) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(201, json=MOCKED))
    async with httpx.AsyncClient(transport=transport) as http:
        result = await _call(listener.base_url, http_client=http)

    assert (result.api_id, result.attempts, listener.connections) == ("mocked", 1, 0)


@pytest.mark.parametrize("double", DOUBLES.values(), ids=DOUBLES.keys())
async def test_a_double_that_has_ended_answers_nothing(
    double: Callable[[str], AbstractContextManager[object]],
) -> None:
    async with scripted_server() as server:
        base_url = f"http://127.0.0.1:{server.port}/v1"
        with double(base_url):
            mocked = await _call(base_url)
        result = await _call(base_url)

    assert (mocked.api_id, result.api_id, server.attempts) == ("mocked", "a", 1)


async def test_a_double_sees_the_whole_request(listener: Listener) -> None:
    with respx.mock as router:
        route = router.route().respond(201, json=MOCKED)
        await _call(listener.base_url)
    request = route.calls.last.request

    assert request.method == "POST"
    assert str(request.url) == f"{listener.base_url}/phlo/p/multi_party_call/n"
    assert request.headers["content-type"] == "application/json"
    assert request.content == (
        b'{"action":"call","trigger_source":"12025550000","to":"12025551111","role":"agent"}'
    )


# What refuses


@pytest.mark.parametrize("name", [SEND, HANDLE])
@pytest.mark.parametrize("autospec", [None, True], ids=["plain", "autospec"])
async def test_a_patch_that_returns_no_response_is_an_error_of_ours(
    listener: Listener, name: str, autospec: bool | None
) -> None:
    with mock.patch(name, autospec=autospec), pytest.raises(PhloError) as caught:
        await _call(listener.base_url)

    assert caught.value.may_have_happened
    assert caught.value.attempts == 1
    assert listener.connections == 0


@pytest.mark.parametrize("status", [201, 400, 503])
async def test_a_stand_in_for_a_response_is_an_error_of_ours(
    listener: Listener, status: int
) -> None:
    answer = mock.MagicMock(spec=httpx.Response, status_code=status)
    with (
        mock.patch(SEND, return_value=answer),
        pytest.raises(PhloError, match=r"an httpx\.Response"),
    ):
        await _call(listener.base_url)

    assert listener.connections == 0


async def test_a_guard_around_the_transport_is_in_force(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = httpx.AsyncHTTPTransport.handle_async_request

    @functools.wraps(real)
    async def refuse(self: Any, request: httpx.Request) -> httpx.Response:
        raise RuntimeError(f"{request.url.host} is out of bounds")

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", refuse)
    with pytest.raises(PhloError, match=r"127\.0\.0\.1 is out of bounds"):
        await _call(listener.base_url)

    assert listener.connections == 0


@pytest.mark.parametrize("using", ["httpcore", "httpx"])
async def test_an_exception_that_a_double_raises_proves_nothing(
    listener: Listener, using: str
) -> None:
    with respx.mock(using=using) as router:
        router.route().mock(side_effect=httpx.ConnectError("refused"))
        with pytest.raises(OutcomeUnknownError) as caught:
            await _call(listener.base_url)

    assert caught.value.may_have_happened
    assert caught.value.attempts == 1
    assert listener.connections == 0


# Recorded


async def test_a_cassette_that_has_no_answer_refuses(listener: Listener, tmp_path: Path) -> None:
    cassette = vcr.use_cassette(str(tmp_path / "empty.yaml"), record_mode="none")
    with cassette, pytest.raises(PhloError, match="CannotOverwriteExistingCassette"):
        await _call(listener.base_url)

    assert listener.connections == 0


async def test_a_cassette_records_once_and_then_replays(tmp_path: Path) -> None:
    path = str(tmp_path / "call.yaml")
    async with scripted_server() as server:
        base_url = f"http://127.0.0.1:{server.port}/v1"
        with vcr.use_cassette(path, record_mode="once"):
            recorded = await _call(base_url)
        with vcr.use_cassette(path, record_mode="once"):
            replayed = await _call(base_url)

    assert (recorded.api_id, replayed.api_id, server.attempts) == ("a", "a", 1)


async def test_a_recorded_cassette_replays_with_no_server(tmp_path: Path) -> None:
    path = str(tmp_path / "call.yaml")
    async with scripted_server() as server:
        base_url = f"http://127.0.0.1:{server.port}/v1"
        with vcr.use_cassette(path):
            await _call(base_url)
    with vcr.use_cassette(path, record_mode="none"):
        result = await _call(base_url)

    assert (result.api_id, result.attempts) == ("a", 1)
