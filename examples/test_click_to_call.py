"""Tests with the pytest fixtures of the package; they need no account.

    pytest examples/test_click_to_call.py

The first test passes a client to the code under test. The second uses `phlo_server`, a real port.
Code that creates its own client uses `phlo_env`.
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
    """Call the customer and return the label of the button; this is the code under test."""
    line: MultiPartyCall = client.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)
    try:
        await line.call(AGENT, CUSTOMER, role="customer")
    except PhloError as error:
        return "check before you try again" if error.may_have_happened else "try again"
    return "ringing"


@pytest.mark.asyncio
async def test_a_slow_customer(
    phlo_client: AsyncPhloClient, phlo_emulator: PhloEmulator, phlo_clock: Clock
) -> None:
    """The phone rings for three seconds, which the test skips."""
    phlo_emulator.set_phone(CUSTOMER, "answer", after=3)
    assert await click_to_call(phlo_client) == "ringing"
    phlo_clock.advance(3)
    customer = phlo_emulator.member(CUSTOMER)
    assert customer is not None
    assert customer.state == MemberState.IN_CALL


@pytest.mark.asyncio
@pytest.mark.parametrize("fault", ["close_after", "reset_after", "cut_body"])
async def test_the_customer_is_rung_once(
    phlo_server: EmulatorServer, phlo_emulator: PhloEmulator, fault: str
) -> None:
    """The customer is rung once over a real connection, even if the response is lost."""
    phlo_emulator.fail_next(fault, action="call")
    async with AsyncPhloClient(
        DEMO_AUTH_ID, DEMO_AUTH_TOKEN, base_url=phlo_server.base_url
    ) as client:
        assert await click_to_call(client) in {"ringing", "check before you try again"}
    assert phlo_emulator.dialled[CUSTOMER] == 1
