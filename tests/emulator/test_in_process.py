"""The emulator behind an asynchronous client with no socket, on either event loop."""

import httpx
import pytest

from plivo_phlo_async.emulator import DEMO_AUTH_ID, DEMO_AUTH_TOKEN, PhloEmulator

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
