"""Ways to the server: TLS contexts and proxies that a user gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from plivo_phlo_async import ActionResult, AsyncPhloClient, NotSentError

from .campaign import AUTH_ID
from .kinds import BY_NAME, OK
from .server import FaultServer

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


async def _call(server: FaultServer, name: str, **options: Any) -> object:
    server.plan = lambda asked: OK
    async with AsyncPhloClient(
        AUTH_ID, "token", base_url=server.url(BY_NAME[name]), rate_limit=None, **options
    ) as client:
        try:
            return type(await client.phlo("p").multi_party_call("n").call("1", "12025551111"))
        except NotSentError as error:
            return type(error)


async def test_a_private_authority_is_trusted_where_it_is_given(server: FaultServer) -> None:
    assert await _call(server, "TLS ok", verify=server.client_context()) is ActionResult


async def test_a_private_authority_is_not_trusted_by_itself(server: FaultServer) -> None:
    assert await _call(server, "TLS ok") is NotSentError


async def test_a_proxy_is_used_where_it_is_given(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIVO_PHLO_ALLOW_NETWORK", "1")  # the proxy leads another host to the lab
    proxy = server.proxy(BY_NAME["proxy ok"])
    said = await _call(server, "proxy ok", proxy=proxy, verify=server.client_context())

    assert said is ActionResult
