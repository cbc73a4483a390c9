"""A custom limiter that two clients share: calls start at least `PLIVO_CALL_GAP` seconds apart.

    python examples/shared_limiter.py AGENT CUSTOMER [CUSTOMER ...]

A telephone trunk may accept new calls more slowly than Plivo accepts requests. Any object with
`acquire` and `pause` can be a `rate_limit`. Shared by both clients, it spaces out all of their
requests, and a refusal of one pauses both.
"""

import os
import sys

import anyio

from plivo_phlo_async import Action, AsyncPhloClient


class Spaced:
    """Starts requests at least `gap` seconds apart, in the order of their `acquire` calls."""

    def __init__(self, gap: float) -> None:
        self.gap = gap
        self.free_at = 0.0
        self.turn = anyio.Lock()

    async def acquire(self) -> None:
        """Wait until one more request may start."""
        async with self.turn:
            while anyio.current_time() < self.free_at:
                await anyio.sleep_until(self.free_at)
            self.free_at = anyio.current_time() + self.gap

    def pause(self, seconds: float) -> None:
        """Start nothing for `seconds`: the server refused."""
        self.free_at = max(self.free_at, anyio.current_time() + seconds)


async def main(agent: str, customers: list[str]) -> None:
    """Ring the first half through one client and the second half through the other."""
    trunk = Spaced(float(os.environ.get("PLIVO_CALL_GAP", "0.5")))
    async with (
        AsyncPhloClient(rate_limit=trunk) as one,
        AsyncPhloClient(rate_limit=trunk) as other,
        anyio.create_task_group() as group,
    ):
        line = one.multi_party_call()
        calls = [
            Action.call(line.phlo_id, line.node_id, agent, to, role="customer") for to in customers
        ]
        group.start_soon(one.bulk_all, calls[::2])
        group.start_soon(other.bulk_all, calls[1::2])


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2:])
