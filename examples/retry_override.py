"""Override the retry policy of two actions; all others are retried for up to a minute.

    python examples/retry_override.py AGENT CUSTOMER

A user who presses the mute button needs a quick result: one attempt and a short timeout.
A hangup has to succeed and is safe to repeat: it is retried for up to five minutes. No policy
retries an action that dials once it may have been carried out.
"""

import asyncio
import sys

from plivo_phlo_async import AsyncPhloClient, PhloError, RetryPolicy

FAST = RetryPolicy(attempts=1, max_retry_after=0.0, deadline=2.0)
PERSISTENT = RetryPolicy(attempts=20, max_backoff=0.5, deadline=300.0, budget=None)


async def main(agent: str, customer: str) -> None:
    """Call the customer, try to mute them once, and hang up with many retries."""
    async with AsyncPhloClient() as client:
        fast = client.with_options(retry=FAST, timeout=2.0)  # shares the connections
        persistent = client.with_options(retry=PERSISTENT)

        await client.multi_party_call().call(agent, customer, role="customer")
        try:
            await fast.multi_party_call().member(customer).mute()
        except PhloError as error:
            print(f"not muted after {error.attempts} attempt(s): {error}")
        result = await persistent.multi_party_call().member(customer).hangup()
        print(f"hung up after {result.attempts} attempt(s)")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
