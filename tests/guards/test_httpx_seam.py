"""What this package relies on inside httpx, so that a release that changes it fails here."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import httpcore
import httpx
import pytest

from plivo_phlo_async import AsyncPhloClient, PhloTransport

from ..conftest import AUTH_ID
from ..scripted import OK, scripted_server

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]


class RecordingPool:
    """Notes what the transport calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        self.calls.append("handle_async_request")
        return httpcore.Response(201)

    async def aclose(self) -> None:
        self.calls.append("aclose")

    async def __aenter__(self) -> RecordingPool:
        self.calls.append("__aenter__")
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.calls.append("__aexit__")


def _recorded() -> tuple[PhloTransport, list[str]]:
    transport, pool = PhloTransport(), RecordingPool()
    transport._pool = pool  # type: ignore[assignment]
    return transport, pool.calls


def test_the_transport_replaces_nothing_but_the_pool() -> None:
    methods = {name for name, value in vars(PhloTransport).items() if callable(value)}

    assert methods == {"__init__"}
    assert {*vars(PhloTransport())} == {*vars(httpx.AsyncHTTPTransport())} == {"_pool"}


async def test_httpx_hands_a_request_to_the_pool() -> None:
    transport, calls = _recorded()
    await transport.handle_async_request(httpx.Request("GET", "http://127.0.0.1/"))

    assert calls == ["handle_async_request"]


async def test_httpx_closes_the_pool() -> None:
    transport, calls = _recorded()
    await transport.aclose()

    assert calls == ["aclose"]


async def test_httpx_enters_and_leaves_the_pool() -> None:
    transport, calls = _recorded()
    async with transport:
        pass

    assert calls == ["__aenter__", "__aexit__"]


async def test_httpx_names_the_pools_exceptions_by_its_own() -> None:
    transport, _ = _recorded()

    async def refuse(request: Any) -> httpcore.Response:
        raise httpcore.ConnectTimeout("slow")

    transport._pool.handle_async_request = refuse  # type: ignore[method-assign]
    with pytest.raises(httpx.ConnectTimeout, match="slow"):
        await transport.handle_async_request(httpx.Request("GET", "http://127.0.0.1/"))


def test_only_the_httpx_releases_that_are_known_are_accepted() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (httpx_bounds,) = [each for each in project["dependencies"] if each.startswith("httpx")]

    assert httpx_bounds.startswith("httpx>=")
    assert httpx_bounds.endswith(",<1")


def test_the_cookies_of_an_httpx_client_are_a_property() -> None:
    assert isinstance(httpx.AsyncClient.cookies, property)


async def test_a_cookie_is_neither_kept_nor_sent_back() -> None:
    async with scripted_server() as server:
        server.otherwise = httpx.Response(
            OK.status_code, headers={"set-cookie": "session=1; Path=/"}, content=OK.content
        )
        base_url = f"http://127.0.0.1:{server.port}/v1"
        async with AsyncPhloClient(AUTH_ID, "token", base_url=base_url) as client:
            member = client.phlo("p").multi_party_call("n").member("12025551111")
            await member.hold()
            await member.unhold()
            kept = dict(client._transport.shared.sender._http.cookies)

    assert kept == {}
    assert ["cookie" in request.headers for request in server.requests] == [False, False]


async def test_a_plain_httpx_client_would_send_it_back() -> None:
    async with scripted_server() as server:
        server.otherwise = httpx.Response(201, headers={"set-cookie": "session=1; Path=/"})
        async with httpx.AsyncClient(transport=PhloTransport()) as http:
            for _ in range(2):
                await http.get(f"http://127.0.0.1:{server.port}/")

    assert ["cookie" in request.headers for request in server.requests] == [False, True]
