"""One call with nothing but what is installed, and no socket: `python -I one_call.py`."""

from __future__ import annotations

import asyncio

from plivo_phlo_async.emulator import DEMO_NODE_ID, DEMO_PHLO_ID, PhloEmulator
from plivo_phlo_async.testing import emulated_client


async def main() -> None:
    async with emulated_client(PhloEmulator()) as client:
        mpc = client.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)
        await mpc.call("12025550000", "12025551111", role="customer")
        held = await mpc.member("12025551111").hold()
        print(f"called and held: {held.status_code} after {held.attempts} attempt")


asyncio.run(main())
