"""A client in the emulator's process: what each fault looks like where there is no socket."""

from __future__ import annotations

import httpx
import pytest

from plivo_phlo_async import (
    ActionFailedError,
    AsyncPhloClient,
    OutcomeUnknownError,
    PhloError,
    RateLimitedError,
    RetryPolicy,
    ServerError,
    UnexpectedResponseError,
)
from plivo_phlo_async.emulator import DEMO_NODE_ID, DEMO_PHLO_ID, FaultKind, PhloEmulator
from plivo_phlo_async.emulator.faults.injection import ANSWERS
from plivo_phlo_async.testing import EmulatedTransport, client_of, emulated_client
from plivo_phlo_async.testing.in_process import TRANSPORT_ERRORS

pytestmark = pytest.mark.anyio
ONCE = RetryPolicy(attempts=1, max_retry_after=0.5)


def node(client: AsyncPhloClient):  # type: ignore[no-untyped-def]
    return client.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)


@pytest.mark.parametrize(
    ("kind", "error", "dialled"),
    [
        ("429", RateLimitedError, 0),
        ("500", ServerError, 0),
        ("503", ServerError, 0),
        ("503_retry_after", ServerError, 0),
        ("close_before", OutcomeUnknownError, 0),
        ("close_after", OutcomeUnknownError, 1),
        ("reset_after", OutcomeUnknownError, 1),
        ("hang_after", OutcomeUnknownError, 1),
        ("garbage", OutcomeUnknownError, 1),
        ("soft_error", ActionFailedError, 0),
    ],
)
async def test_a_fault_is_the_error_it_would_be_over_a_socket(
    kind: str, error: type[PhloError], dialled: int
) -> None:
    emulator = PhloEmulator()
    emulator.fail_next(kind, seconds=30 if kind == "429" else None)
    async with emulated_client(emulator, retry=ONCE) as client:
        with pytest.raises(error):
            await node(client).call("1", "2")

    assert emulator.dialled["2"] == dialled


async def test_a_body_that_breaks_after_a_yes_is_still_a_yes() -> None:
    emulator = PhloEmulator()
    emulator.fail_next("cut_body")
    async with emulated_client(emulator) as client:
        result = await node(client).call("1", "2")

    assert result.status_code == 201
    assert not result.reply_complete
    assert emulator.dialled == {"2": 1}


async def test_a_whole_body_that_is_not_plivos_is_unknown() -> None:
    emulator = PhloEmulator()
    emulator.fail_next("not_json")
    async with emulated_client(emulator) as client:
        with pytest.raises(UnexpectedResponseError) as caught:
            await node(client).call("1", "2")

    assert caught.value.may_have_happened is True
    assert emulator.dialled == {"2": 1}


async def test_every_kind_answers_is_reported_or_changes_the_answer() -> None:
    changed = {FaultKind.LATENCY, FaultKind.NOT_JSON}

    assert {*ANSWERS, *TRANSPORT_ERRORS, *changed} == set(FaultKind)


async def test_a_lost_answer_is_not_repeated_into_a_second_ringing() -> None:
    emulator = PhloEmulator()
    emulator.fail_next("close_after", action="call")
    async with emulated_client(emulator) as client:
        with pytest.raises(OutcomeUnknownError):
            await node(client).call("1", "2")

    assert emulator.dialled == {"2": 1}


async def test_any_httpx_client_can_be_given_the_transport() -> None:
    emulator = PhloEmulator(faults=["reset_after"])
    auth = (emulator.auth_id, emulator.auth_token)
    async with httpx.AsyncClient(transport=EmulatedTransport(emulator), auth=auth) as client:
        with pytest.raises(httpx.ReadError):
            await client.get(f"http://emulator/v1/phlo/{DEMO_PHLO_ID}")


async def test_a_client_needs_no_closing() -> None:
    client = client_of(PhloEmulator())

    assert (await client.phlo(DEMO_PHLO_ID).get()).name == "Demo PHLO"
