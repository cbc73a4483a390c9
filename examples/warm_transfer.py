"""A script: an agent calls a customer, asks a colleague in private, and brings all three together.

    python examples/warm_transfer.py AGENT CUSTOMER COLLEAGUE

Numbers are in full, as 12025550101. Exit code 2 means that a phone may be ringing: look first.
An answer does not say that anybody has picked up. The emulator's phones do so at once; with Plivo,
wait before each step for the event that tells who has joined.
"""

import asyncio
import sys

from plivo_phlo_async import AsyncPhloClient, PhloError


async def main(agent: str, customer: str, colleague: str) -> int:
    """Make the calls one after the other; gives the exit code."""
    async with AsyncPhloClient() as client:
        line = client.multi_party_call()
        try:
            await line.call(agent, customer, role="customer")
            await line.warm_transfer(agent, colleague)
            result = await line.member(agent).resume_call()
        except PhloError as error:
            print(error, file=sys.stderr)
            return 2 if error.may_have_happened else 1
    print(f"Plivo took it, so soon all three are on the line (api_id {result.api_id})")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:4])))
