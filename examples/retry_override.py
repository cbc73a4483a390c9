"""A retry override: most actions are tried for a minute; two are not like the others.

    python examples/retry_override.py AGENT CUSTOMER

Whoever presses the mute button wants to know soon, even if it is no: one attempt, a short timeout.
A hangup has to get through, and may be repeated: it is tried for five minutes. No policy has an
action that dials sent again once it may have been carried out.
"""

import asyncio
import sys

from plivo_phlo_async import AsyncPhloClient, PhloError, RetryPolicy

HASTY = RetryPolicy(attempts=1, max_retry_after=0.0, deadline=2.0)
STUBBORN = RetryPolicy(attempts=20, max_backoff=0.5, deadline=300.0, budget=None)


async def main(agent: str, customer: str) -> None:
    """Ring, try to mute once, and hang up at all costs."""
    async with AsyncPhloClient() as client:
        hasty = client.with_options(retry=HASTY, timeout=2.0)  # the same connections
        stubborn = client.with_options(retry=STUBBORN)

        await client.multi_party_call().call(agent, customer, role="customer")
        try:
            await hasty.multi_party_call().member(customer).mute()
        except PhloError as error:
            print(f"not muted after {error.attempts} attempt(s): {error}")
        gone = await stubborn.multi_party_call().member(customer).hangup()
        print(f"hung up after {gone.attempts} attempt(s)")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
