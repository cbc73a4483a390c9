"""Each kind of fault alone: what a client of the default make says of it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import httpx
import pytest

from plivo_phlo_async import (
    ActionResult,
    AsyncPhloClient,
    NotSentError,
    Outcome,
    OutcomeUnknownError,
    PhloError,
    RequestError,
    Result,
    RetryPolicy,
)

from .campaign import AUTH_ID
from .kinds import KINDS, OK, Door, Kind
from .server import FaultServer

# trio minds that httpx leaves generators behind when a body breaks
_HTTPX_LEAVES = r"ignore:Async generator '(httpx|httpcore)\.:ResourceWarning"
pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings(_HTTPX_LEAVES)]

_ONE_ATTEMPT = RetryPolicy(attempts=1, max_retry_after=0.01, deadline=0.1)


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server
    gc.collect()  # while this module's filter is in force


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    kind: Kind = request.param
    return kind


@pytest.fixture
def client(
    kind: Kind,
    server: FaultServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncPhloClient:
    """A client as a user makes it, at the door where `kind` waits."""
    authority = tmp_path_factory.mktemp("ca") / "ca.pem"
    server.authority.cert_pem.write_to_path(str(authority))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    if kind.door is Door.PROXY:
        monkeypatch.setenv("HTTPS_PROXY", server.proxy(kind))
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
    server.plan = lambda asked: kind
    return AsyncPhloClient(
        AUTH_ID,
        "token",
        base_url=server.url(kind),
        timeout=httpx.Timeout(0.2, connect=0.3),
        rate_limit=None,
        retry=_ONE_ATTEMPT,
    )


async def _call(client: AsyncPhloClient, to: str) -> Result | PhloError:
    try:
        return await client.phlo("flow").multi_party_call("node").call("12025550000", to)
    except PhloError as error:
        return error


async def test_the_client_says_what_the_fault_proves(
    client: AsyncPhloClient, kind: Kind, server: FaultServer
) -> None:
    async with client:
        if kind.door is Door.REUSED:
            await _call(client, "12025551111")
        said = await _call(client, "12025552222")
    told = (type(said), not isinstance(said, Result) and said.may_have_happened)
    expected = {(kind.error or ActionResult, kind.shows is Outcome.AMBIGUOUS)}
    if kind.error is RequestError:
        expected = {(NotSentError, False), (OutcomeUnknownError, True)}

    assert {told} <= expected


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # it is the server that is tested
async def test_the_server_acts_as_its_table_says(
    client: AsyncPhloClient, kind: Kind, server: FaultServer
) -> None:
    server.forget()
    async with client:
        await _call(client, "12025552222")
    server.settle()
    meant = OK if kind.door is Door.REUSED or kind.name == "proxy ok" else kind

    assert server.record("12025552222").carried_out == meant.acts


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_no_fault_of_the_plan_is_a_lie(kind: Kind) -> None:
    proves_nothing_happened = kind.shows not in {Outcome.ACCEPTED, Outcome.AMBIGUOUS}

    assert not (kind.acts and proves_nothing_happened)
