"""What a server sends after an answer is not the answer to the next request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plivo_phlo_async import AsyncPhloClient, PhloError, Result, RetryPolicy

from .campaign import AUTH_ID
from .kinds import BY_NAME, LEFTOVERS, OK, Kind
from .server import Asked, FaultServer

pytestmark = pytest.mark.anyio

_FIRST, _SECOND = "12025551111", "12025552222"


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


async def _two_calls(server: FaultServer, first: Kind, second: Kind) -> Result | PhloError:
    """Two calls on one connection; gives what is said of the second."""

    def plan(asked: Asked) -> Kind:
        return first if asked.identity == _FIRST else second

    server.forget()
    server.plan = plan
    async with AsyncPhloClient(
        AUTH_ID,
        "token",
        base_url=server.url(OK),
        timeout=0.25,
        retry=RetryPolicy(max_backoff=0.01, deadline=1.0),
        rate_limit=None,
        max_connections=1,
    ) as client:
        call = client.phlo("flow").multi_party_call("node")
        await call.call("12025550000", _FIRST)
        said: Result | PhloError
        try:
            said = await call.call("12025550000", _SECOND)
        except PhloError as error:
            said = error
    server.settle()
    return said


async def test_a_refusal_left_over_does_not_dial_the_next_number_twice(
    server: FaultServer,
) -> None:
    await _two_calls(server, BY_NAME["answers, then refuses"], OK)

    assert server.record(_SECOND).carried_out == 1


async def test_an_answer_left_over_is_no_result_for_the_next_call(server: FaultServer) -> None:
    said = await _two_calls(server, BY_NAME["answers twice"], BY_NAME["400"])

    assert not isinstance(said, Result)


async def test_a_rejection_left_over_does_not_hide_the_next_call(server: FaultServer) -> None:
    said = await _two_calls(server, BY_NAME["answers, then rejects"], OK)

    assert isinstance(said, Result) or said.may_have_happened


async def test_a_connection_is_not_used_for_longer_than_the_server_keeps_it(
    server: FaultServer,
) -> None:
    said = await _two_calls(server, BY_NAME["Keep-Alive: timeout=1"], OK)

    assert (type(said).__name__, server.record(_SECOND).carried_out) == ("ActionResult", 1)


# Answered twice, the next call would seem to go well by luck.
@pytest.mark.parametrize("kind", LEFTOVERS[1:], ids=lambda kind: kind.name)
async def test_the_next_call_goes_well_whatever_is_left_over(
    kind: Kind, server: FaultServer
) -> None:
    said = await _two_calls(server, kind, OK)

    assert (type(said).__name__, server.record(_SECOND).carried_out) == ("ActionResult", 1)
