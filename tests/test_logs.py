"""What the log tells: in words without numbers, and in fields."""

from __future__ import annotations

import logging

import httpx
import pytest
import respx

from plivo_phlo_async import AsyncPhloClient, OutcomeUnknownError, RetryPolicy

from .conftest import AUTH_ID, BASE_URL

pytestmark = pytest.mark.anyio

OK = httpx.Response(201, json={"api_id": "a", "error": ""})


async def _call(*answers: httpx.Response | Exception) -> None:
    with respx.mock as mock:
        mock.route(url__startswith=BASE_URL).mock(side_effect=answers)
        async with AsyncPhloClient(
            AUTH_ID, "t", base_url=BASE_URL, rate_limit=None, retry=RetryPolicy(max_backoff=0)
        ) as client:
            await client.phlo("p").multi_party_call("n").call("12025550000", "12025551111")


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, logger="plivo_phlo_async")
    return caplog


@pytest.mark.parametrize(
    ("answers", "level", "message"),
    [
        ([OK], "DEBUG", "call …1111: done"),
        ([httpx.ConnectError("no"), OK], "INFO", "call …1111: done after 2 attempts"),
    ],
    ids=["at once", "after repeats"],
)
async def test_a_success_is_told_at_its_level(
    log: pytest.LogCaptureFixture, answers: list[httpx.Response], level: str, message: str
) -> None:
    await _call(*answers)

    assert [(record.levelname, record.getMessage()) for record in log.records] == [(level, message)]


async def test_a_record_has_fields_without_numbers(log: pytest.LogCaptureFixture) -> None:
    await _call(OK)
    told = {name: value for name, value in vars(log.records[0]).items() if name[:5] == "phlo_"}

    assert told == {
        "phlo_verb": "call",
        "phlo_id": "p",
        "phlo_attempts": 1,
        "phlo_waited": 0.0,
        "phlo_may_have_happened": False,
    }


async def test_an_error_that_is_raised_is_not_logged(log: pytest.LogCaptureFixture) -> None:
    with pytest.raises(OutcomeUnknownError):
        await _call(httpx.ReadError("reset"))

    assert log.records == []
