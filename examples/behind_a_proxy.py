"""A proxy: all that leaves the house goes through it.

    export PLIVO_PROXY=http://user:password@proxy.example:3128
    python examples/behind_a_proxy.py AGENT CUSTOMER

Without PLIVO_PROXY the usual HTTPS_PROXY, HTTP_PROXY and ALL_PROXY count. Plivo is asked over TLS,
so a proxy that is down, or that says no, has sent nothing on, and the error says so.
"""

import asyncio
import os
import sys

from plivo_phlo_async import AsyncPhloClient, NotSentError


async def main(agent: str, customer: str) -> int:
    """Ring a customer through the proxy; gives the exit code."""
    async with AsyncPhloClient(proxy=os.environ.get("PLIVO_PROXY")) as client:
        line = client.multi_party_call()
        try:
            await line.call(agent, customer, role="customer")
        except NotSentError as error:
            print(f"nobody was rung: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:3])))
