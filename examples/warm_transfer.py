"""An agent calls a customer, consults a colleague in private, and joins all three in one call.

    python examples/warm_transfer.py AGENT CUSTOMER COLLEAGUE

Pass full numbers, such as 12025550101. Exit code 2 means that a phone may be ringing: check first.
A result does not mean that anyone picked up. The emulator's phones pick up at once; with Plivo,
wait before each step for the event that reports who joined.
"""

import asyncio
import sys

from plivo_phlo_async import AsyncPhloClient, PhloError


async def main(agent: str, customer: str, colleague: str) -> int:
    """Perform the steps in order and return the exit code."""
    async with AsyncPhloClient() as client:
        line = client.multi_party_call()
        try:
            await line.call(agent, customer, role="customer")
            await line.warm_transfer(agent, colleague)
            result = await line.member(agent).resume_call()
        except PhloError as error:
            print(error, file=sys.stderr)
            return 2 if error.may_have_happened else 1
    print(f"Plivo accepted it, so soon all three are on the line (api_id {result.api_id})")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:4])))
