"""Each kind of fault alone: what a client with default settings says of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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

from .campaign import AUTH_ID, BACKENDS, MAY_LOSE_THE_HEAD
from .kinds import KINDS, OK, Do, Endpoint, Kind
from .server import FaultServer

pytestmark = pytest.mark.anyio

_ACCEPTED = [
    kind
    for kind in KINDS
    if kind.shows is Outcome.ACCEPTED and kind.error is None and kind.name not in MAY_LOSE_THE_HEAD
]
_FINAL = [kind for kind in KINDS if kind.final]
_ONE_ATTEMPT = RetryPolicy(attempts=1, max_backoff=0.0, max_retry_after=0.01, deadline=10.0)
_SHORT, _AMPLE = httpx.Timeout(0.2, connect=0.3), httpx.Timeout(10.0)


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture(params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return BACKENDS[request.param]


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
    """A client as a user makes it, whose server does what `kind` says."""
    monkeypatch.setenv("PLIVO_PHLO_ALLOW_NETWORK", "1")  # a proxy leads another host to the lab
    authority = tmp_path_factory.mktemp("ca") / "ca.pem"
    server.authority.cert_pem.write_to_path(str(authority))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    if kind.endpoint is Endpoint.PROXY:
        monkeypatch.setenv("HTTPS_PROXY", server.proxy(kind))
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
    server.plan = lambda asked: kind
    return AsyncPhloClient(
        AUTH_ID,
        "token",
        base_url=server.url(kind),
        timeout=_SHORT if Do.SILENCE in kind.steps else _AMPLE,  # who waits need not wait long
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
        if kind.endpoint is Endpoint.REUSED:
            await _call(client, "12025551111")
        said = await _call(client, "12025552222")
    outcome = (type(said), not isinstance(said, Result) and said.may_have_happened)
    expected = {(kind.error or ActionResult, kind.shows is Outcome.AMBIGUOUS)}
    if kind.name in MAY_LOSE_THE_HEAD:
        expected.add((OutcomeUnknownError, True))
    if kind.error is RequestError:
        expected = {(NotSentError, False), (OutcomeUnknownError, True)}

    assert {outcome} <= expected


@pytest.mark.parametrize("kind", _ACCEPTED, ids=lambda kind: kind.name)
async def test_a_result_says_whether_its_answer_is_complete(
    client: AsyncPhloClient, kind: Kind
) -> None:
    async with client:
        said = await _call(client, "12025552222")

    assert isinstance(said, ActionResult)
    assert (said.reply_complete, said.api_id is not None) == (kind.complete, kind.complete)


@pytest.mark.parametrize("kind", _FINAL, ids=lambda kind: kind.name)
async def test_what_a_repeat_cannot_help_is_tried_once(client: AsyncPhloClient, kind: Kind) -> None:
    patient = client.with_options(retry=RetryPolicy(max_backoff=0.0))
    async with client:
        said = await _call(patient, "12025552222")

    assert said.attempts == 1


@pytest.mark.parametrize("kind", _FINAL, ids=lambda kind: kind.name)
async def test_what_a_repeat_cannot_help_is_tried_once_for_what_may_be_repeated(
    client: AsyncPhloClient, kind: Kind
) -> None:
    patient = client.with_options(retry=RetryPolicy(max_backoff=0.0))
    async with client:
        member = patient.phlo("flow").multi_party_call("node").member("12025552222")
        with pytest.raises(PhloError) as raised:
            await member.hold()

    assert raised.value.attempts == 1


@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)  # the server is tested
async def test_the_server_acts_as_its_table_says(
    client: AsyncPhloClient, kind: Kind, server: FaultServer
) -> None:
    server.forget()
    async with client:
        await _call(client, "12025552222")
    server.settle()
    meant = OK if kind.endpoint is Endpoint.REUSED or kind.name == "proxy ok" else kind

    assert server.record("12025552222").carried_out == meant.acts


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_no_fault_of_the_plan_is_a_lie(kind: Kind) -> None:
    proves_nothing_happened = kind.shows not in {Outcome.ACCEPTED, Outcome.AMBIGUOUS}

    assert not (kind.acts and proves_nothing_happened)
