"""Tests of one's own, with the fixtures that the package gives to pytest; no account is needed.

    pytest examples/test_click_to_call.py

The code under test takes a line; where a service makes its client itself, `phlo_server` is there.
"""

import pytest

from plivo_phlo_async import AsyncPhloClient, MultiPartyCall, PhloError
from plivo_phlo_async.emulator import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    MemberState,
    PhloEmulator,
)
from plivo_phlo_async.emulator.server import EmulatorServer
from plivo_phlo_async.testing import Clock

AGENT, CUSTOMER = "12025550101", "12025550199"


async def click_to_call(client: AsyncPhloClient) -> str:
    """Ring the customer and say what the button is to show: the code under test."""
    line: MultiPartyCall = client.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)
    try:
        await line.call(AGENT, CUSTOMER, role="customer")
    except PhloError as error:
        return "look before you try again" if error.may_have_happened else "try again"
    return "ringing"


@pytest.mark.asyncio
async def test_a_slow_customer(
    phlo_client: AsyncPhloClient, phlo_emulator: PhloEmulator, phlo_clock: Clock
) -> None:
    """The phone rings for three seconds, and no test waits for them."""
    phlo_emulator.set_phone(CUSTOMER, "answer", after=3)
    assert await click_to_call(phlo_client) == "ringing"
    phlo_clock.advance(3)
    customer = phlo_emulator.calls[DEMO_PHLO_ID, DEMO_NODE_ID].live(CUSTOMER)
    assert customer.state == MemberState.IN_CALL


@pytest.mark.asyncio
@pytest.mark.parametrize("fault", ["close_after", "reset_after", "cut_body"])
async def test_nobody_is_rung_twice(
    phlo_server: EmulatorServer, phlo_emulator: PhloEmulator, fault: str
) -> None:
    """Whatever becomes of the answer, over a real connection, the customer is rung once."""
    phlo_emulator.fail_next(fault, action="call")
    async with AsyncPhloClient(
        DEMO_AUTH_ID, DEMO_AUTH_TOKEN, base_url=phlo_server.base_url
    ) as client:
        assert await click_to_call(client) in {"ringing", "look before you try again"}
    assert phlo_emulator.dialled[CUSTOMER] == 1
