"""A worker with two accounts: each job names the team whose account places the call.

    printf 'sales 12025550101 12025550199\n' | python examples/two_accounts.py

Reads PLIVO_SALES_AUTH_ID, _AUTH_TOKEN, _PHLO_ID, _NODE_ID, optionally _BASE_URL, and the same for
SUPPORT. Each client has its own rate limit: a refusal of one account does not pause the other.
"""

import os
import sys
from collections.abc import Iterable

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from plivo_phlo_async import AsyncPhloClient, MultiPartyCall, PhloError


def make_client(team: str) -> AsyncPhloClient:
    """Create a team's client, without a request or a connection."""
    prefix = f"PLIVO_{team.upper()}"
    return AsyncPhloClient(
        os.environ[f"{prefix}_AUTH_ID"],
        os.environ[f"{prefix}_AUTH_TOKEN"],
        base_url=os.environ.get(f"{prefix}_BASE_URL"),
    )


def get_line(team: str, client: AsyncPhloClient) -> MultiPartyCall:
    """Return the handle of a team's node."""
    phlo = client.phlo(os.environ[f"PLIVO_{team.upper()}_PHLO_ID"])
    return phlo.multi_party_call(os.environ[f"PLIVO_{team.upper()}_NODE_ID"])


async def work(
    lines: dict[str, MultiPartyCall], jobs: MemoryObjectReceiveStream[tuple[str, str, str]]
) -> None:
    """Place one call after another until the jobs run out."""
    async for team, agent, customer in jobs:
        try:
            await lines[team].call(agent, customer, role="customer")
        except PhloError as error:  # one line, with the number masked
            print(f"{team}: {error}", file=sys.stderr)


async def main(jobs: Iterable[str], workers: int = 4) -> None:
    """Distribute the jobs to the workers and wait until they are done."""
    async with make_client("sales") as sales, make_client("support") as support:
        lines = {"sales": get_line("sales", sales), "support": get_line("support", support)}
        sender, receiver = anyio.create_memory_object_stream[tuple[str, str, str]]()
        async with receiver, anyio.create_task_group() as group, sender:
            for _ in range(workers):
                group.start_soon(work, lines, receiver)
            for job in jobs:
                team, agent, customer = job.split()
                await sender.send((team, agent, customer))


if __name__ == "__main__":
    anyio.run(main, sys.stdin)
