"""The environment fixture: code that creates its own client reaches the emulator without a port."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from plivo_phlo_async import AsyncPhloClient, OutcomeUnknownError
from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer

pytestmark = pytest.mark.anyio


async def _call() -> None:
    async with AsyncPhloClient() as client:
        await client.multi_party_call().call("111", "222")


async def test_a_client_of_the_environment_reaches_the_emulator(
    phlo_env: dict[str, str], phlo_emulator: PhloEmulator
) -> None:
    await _call()

    assert phlo_emulator.dialled == {"222": 1}


async def test_a_fault_breaks_its_connection(phlo_env: Any, phlo_emulator: PhloEmulator) -> None:
    phlo_emulator.fail_next("close_after")
    with pytest.raises(OutcomeUnknownError):
        await _call()

    assert phlo_emulator.dialled == {"222": 1}


async def test_other_hosts_are_reached_as_ever(phlo_env: Any, phlo_emulator: PhloEmulator) -> None:
    with EmulatorServer(PhloEmulator()) as server:
        async with httpx.AsyncClient() as http:
            response = await http.get(f"{server.base_url}/nowhere")

    assert (response.status_code, phlo_emulator.requests) == (401, 0)
