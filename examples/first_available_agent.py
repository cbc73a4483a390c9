"""Hunt through agents until one answers, while the customer waits on hold.

    pip install "plivo-phlo-async[emulator]"
    python examples/first_available_agent.py OPERATOR CUSTOMER AGENT [AGENT ...]

The operator calls the customer and tries the agents one after another with a warm transfer; it is
aborted if the phone rings out. The program serves the callback URL itself, on PORT (default: 8000).

Environment: PLIVO_AUTH_ID, PLIVO_AUTH_TOKEN, PLIVO_PHLO_ID, PLIVO_NODE_ID; RING_SECONDS for each
phone (default: 15); PUBLIC_BASE_URL, the part of the callback URL in front of the path.

Exit codes: 0 an agent is on the call, 1 none is, 2 a phone may be ringing: check first.
"""

import asyncio
import os
import socket
import sys
from contextlib import suppress

import anyio
import uvicorn

from plivo_phlo_async import AsyncPhloClient, BadRequestError, MultiPartyCall, PhloError
from plivo_phlo_async.webhooks import (
    Event,
    MemberExpectation,
    MemberTracker,
    MultiPartyCallEvent,
    WebhookApp,
)

RING_SECONDS = float(os.environ.get("RING_SECONDS", "15"))
tracker = MemberTracker()


async def hunt(mpc: MultiPartyCall, operator: str, customer: str, agents: list[str]) -> str | None:
    """Return the first agent who answers; None if none does or the customer hangs up."""
    async with tracker.expect_exit(customer) as gone:
        for agent in agents:
            if tracker.find(customer) is None:
                break
            async with tracker.expect_enter(agent) as joined:
                try:
                    await mpc.warm_transfer(operator, agent)
                except PhloError as error:
                    print(error, file=sys.stderr)
                    if not error.may_have_happened:
                        continue  # this phone does not ring; one that may ring is waited for
                with anyio.move_on_after(RING_SECONDS):
                    await first_of(joined, gone)
            if joined.member is not None and gone.member is None:
                await mpc.member(operator).resume_call()
                return agent
            with suppress(BadRequestError):  # a phone that rejects the call has ended the transfer
                await mpc.member(operator).abort_transfer()
    return None


async def first_of(*expected: MemberExpectation) -> None:
    """Wait until one of them happens."""

    async def wait(each: MemberExpectation) -> None:
        await each
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for each in expected:
            group.start_soon(wait, each)


async def on_event(event: Event) -> None:
    """Receive an event of the multi-party call."""
    if isinstance(event, MultiPartyCallEvent):
        tracker.update(event)


async def connect(operator: str, customer: str, agents: list[str]) -> int:
    """Call the customer, hunt for an agent, and return the exit code."""
    async with AsyncPhloClient() as client:
        mpc = client.multi_party_call()
        try:
            async with tracker.expect_enter(customer) as joined:
                await mpc.call(operator, customer, role="customer")
                with anyio.move_on_after(RING_SECONDS):
                    await joined
            agent = await hunt(mpc, operator, customer, agents) if joined.member else None
        except PhloError as error:
            print(error, file=sys.stderr)
            return 2 if error.may_have_happened else 1
    print(f"{agent} is on the call" if agent else "No agent is on the call")
    return 0 if agent else 1


async def main(operator: str, customer: str, *agents: str) -> int:
    """Serve the callback URL while the hunt goes on."""
    app = WebhookApp(
        on_event,
        os.environ["PLIVO_AUTH_TOKEN"],
        component=MultiPartyCallEvent,
        public_base_url=os.environ.get("PUBLIC_BASE_URL"),
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    port = int(os.environ.get("PORT", "8000"))
    with socket.create_server(("127.0.0.1", port)) as listening:
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve, [listening])
            code = await connect(operator, customer, [*agents])
            server.should_exit = True
    return code


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
