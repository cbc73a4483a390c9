"""A worker with two accounts: each job says which team calls, and each team pays for its own.

    printf 'sales 12025550101 12025550199\n' | python examples/two_accounts.py

Reads PLIVO_SALES_AUTH_ID, _AUTH_TOKEN, _PHLO_ID, _NODE_ID, if set _BASE_URL, and the same for
SUPPORT. Each client keeps a rate limit of its own: one account refused does not stop the other.
"""

import os
import sys
from collections.abc import Iterable

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from plivo_phlo_async import AsyncPhloClient, MultiPartyCall, PhloError


def client_of(team: str) -> AsyncPhloClient:
    """Make a team's client; no request, no connection yet."""
    prefix = f"PLIVO_{team.upper()}"
    return AsyncPhloClient(
        os.environ[f"{prefix}_AUTH_ID"],
        os.environ[f"{prefix}_AUTH_TOKEN"],
        base_url=os.environ.get(f"{prefix}_BASE_URL"),
    )


def line_of(team: str, client: AsyncPhloClient) -> MultiPartyCall:
    """Give a team's line."""
    phlo = client.phlo(os.environ[f"PLIVO_{team.upper()}_PHLO_ID"])
    return phlo.multi_party_call(os.environ[f"PLIVO_{team.upper()}_NODE_ID"])


async def work(
    lines: dict[str, MultiPartyCall], jobs: MemoryObjectReceiveStream[tuple[str, str, str]]
) -> None:
    """Make one call after the other until there are no more."""
    async for team, agent, customer in jobs:
        try:
            await lines[team].call(agent, customer, role="customer")
        except PhloError as error:  # one line, the number in it masked
            print(f"{team}: {error}", file=sys.stderr)


async def main(jobs: Iterable[str], workers: int = 4) -> None:
    """Hand the jobs to the workers and wait until they are done."""
    async with client_of("sales") as sales, client_of("support") as support:
        lines = {"sales": line_of("sales", sales), "support": line_of("support", support)}
        give, take = anyio.create_memory_object_stream[tuple[str, str, str]]()
        async with take, anyio.create_task_group() as group, give:
            for _ in range(workers):
                group.start_soon(work, lines, take)
            for job in jobs:
                team, agent, customer = job.split()
                await give.send((team, agent, customer))


if __name__ == "__main__":
    anyio.run(main, sys.stdin)
