"""Many connections at once over a real socket: every request is answered, and rightly.

`python -m tests.emulator.load --connections 1000 --requests 5000`
"""

import argparse
import asyncio
import json
import sys
import time

from plivo_phlo_async.emulator import DEMO_NODE_ID, DEMO_PHLO_ID, PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer

from .asking import NODE, basic


async def _hold_and_mute(
    address: tuple[str, int], member: int, requests: int, all_here: asyncio.Barrier
) -> int:
    """One connection: so many actions on a member of its own; how many were answered 201."""
    reader, writer = await asyncio.open_connection(*address)
    await all_here.wait()
    right = 0
    for number in range(requests):
        action = ("hold", "mute", "unhold", "unmute")[number % 4]
        body = json.dumps({"action": action}).encode()
        head = (
            f"POST {NODE}/members/{member} HTTP/1.1\r\nHost: [::1]\r\nContent-Length: {len(body)}"
        )
        writer.write(head.encode() + b"\r\nAuthorization: " + basic() + b"\r\n\r\n" + body)
        right += await _answer(reader) == (201, "")
    writer.close()
    await writer.wait_closed()
    return right


async def _answer(reader: asyncio.StreamReader) -> tuple[int, str]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = next(
        int(line.split(":")[1])
        for line in head.splitlines()
        if line.lower().startswith("content-length:")
    )
    body = json.loads(await reader.readexactly(length))
    return int(head.split()[1]), body["error"]


async def _all(address: tuple[str, int], connections: int, requests: int) -> int:
    each, more = divmod(requests, connections)
    all_here = asyncio.Barrier(connections)
    counts = (each + (number < more) for number in range(connections))
    asked = (_hold_and_mute(address, n, count, all_here) for n, count in enumerate(counts))
    return sum(await asyncio.gather(*asked))


def run(connections: int, requests: int) -> tuple[int, int, float]:
    """Return how many were answered rightly, how many were acted on, and the seconds it took."""
    emulator = PhloEmulator(rate_limit=None)
    for member in range(connections):
        emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, str(member))
    with EmulatorServer(emulator) as server:
        began = time.monotonic()
        right = asyncio.run(_all((server.host, server.port), connections, requests))
        took = time.monotonic() - began
    return right, emulator.log[-1].number - connections, took


def main() -> int:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--requests", type=int, default=5000)
    given = parser.parse_args()
    right, acted, took = run(given.connections, given.requests)
    print(
        f"{given.connections} connections, {given.requests} requests in {took:.1f} s:"
        f" {right} answered rightly, {acted} acted on"
    )
    return 0 if right == acted == given.requests else 1


if __name__ == "__main__":
    sys.exit(main())
