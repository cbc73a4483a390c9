"""Send all requests through a proxy.

    export PLIVO_PROXY=http://user:password@proxy.example:3128
    python examples/behind_a_proxy.py AGENT CUSTOMER

Without PLIVO_PROXY, HTTPS_PROXY, HTTP_PROXY and ALL_PROXY apply. The client talks to Plivo over
TLS, so a proxy that is down or refuses has forwarded nothing, and the error says so.
"""

import asyncio
import os
import sys

from plivo_phlo_async import AsyncPhloClient, NotSentError


async def main(agent: str, customer: str) -> int:
    """Ring a customer through the proxy and return the exit code."""
    async with AsyncPhloClient(proxy=os.environ.get("PLIVO_PROXY")) as client:
        line = client.multi_party_call()
        try:
            await line.call(agent, customer, role="customer")
        except NotSentError as error:
            print(f"no phone was rung: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:3])))
