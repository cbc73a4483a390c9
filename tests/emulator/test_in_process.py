"""The emulator behind an asynchronous client with no socket, on either event loop."""

import httpx
import pytest

from plivo_phlo_async.emulator import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    BrokenExchange,
    PhloEmulator,
)
from plivo_phlo_async.emulator.http.response import HttpResponse

from .asking import DIAL, NODE, WARM

pytestmark = pytest.mark.anyio


async def test_it_serves_httpx_in_process() -> None:
    emulator = PhloEmulator()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(emulator),
        base_url="http://emulator",
        auth=(DEMO_AUTH_ID, DEMO_AUTH_TOKEN),
    ) as client:
        answers = [
            await client.post(NODE, json=DIAL),
            await client.post(f"{NODE}/", json=WARM),
            await client.post(f"{NODE}/members/%2B222", json={"action": "resume_call"}),
            await client.get(NODE),
            await client.get("/_emulator/state"),
        ]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 200, 200]
    assert answers[-1].json() == emulator.state()


@pytest.mark.parametrize("kind", ["close_before", "close_after", "reset_after", "garbage"])
async def test_a_broken_exchange_is_reported_where_there_is_no_connection_to_break(
    kind: str,
) -> None:
    emulator = PhloEmulator(faults=[kind])

    with pytest.raises(BrokenExchange, match=kind) as broken:
        await post_dial(emulator)

    assert (broken.value.kind, broken.value.response, broken.value.body) == (kind, None, b"")
    assert emulator.dialled == ({} if kind == "close_before" else {"222": 1})


async def test_nothing_is_waited_for_where_no_client_could_hang_up() -> None:
    emulator = PhloEmulator(faults=["hang_after"])

    with pytest.raises(BrokenExchange, match="hang_after"):
        await post_dial(emulator)

    assert emulator.dialled == {"222": 1}


async def test_a_cut_body_shows_how_far_the_answer_came() -> None:
    emulator = PhloEmulator(faults=["cut_body"], new_id=lambda: "id")

    with pytest.raises(BrokenExchange) as broken:
        await post_dial(emulator)

    assert broken.value.response == HttpResponse(201, {"api_id": "id", "error": ""})
    assert broken.value.body == b'{"api_id": "id'


async def post_dial(emulator: PhloEmulator) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(emulator),
        base_url="http://emulator",
        auth=(DEMO_AUTH_ID, DEMO_AUTH_TOKEN),
    ) as client:
        await client.post(NODE, json=DIAL)
