"""What the log says: in words without numbers, and in fields."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import httpx
import pytest

from plivo_phlo_async import AsyncPhloClient, OutcomeUnknownError, RetryPolicy

from .conftest import AUTH_ID
from .scripted import OK, ScriptedServer, scripted_server

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as server:
        yield server


async def _call(server: ScriptedServer, *steps: httpx.Response | Exception) -> None:
    server.script = steps
    async with httpx.AsyncClient(transport=server.transport()) as http:
        client = AsyncPhloClient(
            AUTH_ID,
            "token",
            base_url=f"http://127.0.0.1:{server.port}/v1",
            http_client=http,
            retry=RetryPolicy(max_backoff=0),
        )
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
async def test_a_success_is_logged_at_its_level(
    server: ScriptedServer,
    log: pytest.LogCaptureFixture,
    answers: list[httpx.Response | Exception],
    level: str,
    message: str,
) -> None:
    await _call(server, *answers)
    last = log.records[-1]

    assert (last.levelname, last.getMessage()) == (level, message)


async def test_each_attempt_is_logged_for_debugging(
    server: ScriptedServer, log: pytest.LogCaptureFixture
) -> None:
    steps = (httpx.ConnectError("no"), httpx.Response(429), httpx.ReadError("reset"))
    with pytest.raises(OutcomeUnknownError):
        await _call(server, *steps)
    levels = {record.levelname for record in log.records}

    begins = [f"call …1111: attempt {number} at 127.0.0.1:{server.port}: " for number in (1, 2, 3)]

    assert levels == {"DEBUG"}
    assert [record.getMessage() for record in log.records] == [
        f"{begins[0]}no answer (ConnectError: no), never_sent; attempt 2 follows in 0.00 s",
        f"{begins[1]}429, refused; attempt 3 follows in 0.00 s",
        f"{begins[2]}no answer (RemoteProtocolError: Server disconnected without sending a"
        " response), ambiguous",
    ]


async def test_a_record_has_fields_without_numbers(
    server: ScriptedServer, log: pytest.LogCaptureFixture
) -> None:
    await _call(server, OK)
    fields = {name: value for name, value in vars(log.records[0]).items() if name[:5] == "phlo_"}

    assert fields == {
        "phlo_verb": "call",
        "phlo_id": "p",
        "phlo_attempts": 1,
        "phlo_waited": 0.0,
        "phlo_may_have_happened": False,
    }


async def test_an_error_that_is_raised_is_not_logged(
    server: ScriptedServer, log: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(OutcomeUnknownError):
        await _call(server, httpx.ReadError("reset"))

    assert [record for record in log.records if record.levelno > logging.DEBUG] == []
