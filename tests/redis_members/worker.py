"""One worker of the campaign: a process with a tracker, ordered about by lines of JSON on stdin.

Each order is answered by one line of JSON on stdout. Times are of CLOCK_MONOTONIC, which processes
of one machine share.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any
from urllib.parse import urlencode

from redis.asyncio import Redis

from plivo_phlo_async.redis import RedisMemberTracker
from plivo_phlo_async.webhooks import MultiPartyCallEvent, receive, sign_v3

TOKEN, URL = "a token of the campaign", "https://example.com/plivo"


def _address(number: int) -> str:
    return f"1202{number:07}"


def _request(number: int) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of a signed webhook: a member enters."""
    params = {
        "conference_uuid": f"call {number // 2}",
        "member_id": str(number),
        "event": "ConferenceEnter",
        "direction": "outbound",
        "to": _address(number),
    }
    return sign_v3("POST", URL, params, TOKEN, nonce=str(number)), urlencode(params).encode()


class Worker:
    """A worker: its tracker, and what it has seen."""

    def __init__(self, tracker: RedisMemberTracker) -> None:
        self._tracker = tracker
        self._seen: Counter[str] = Counter()
        self._woken: dict[int, float] = {}
        self._waiting: list[asyncio.Task[None]] = []
        self._counting = asyncio.create_task(self._count())

    async def _count(self) -> None:
        async for change in self._tracker.changes():
            assert change.kind == "entered", change
            assert change.member is not None
            self._seen[change.member.member_id] += 1

    async def expect(self, first: int, count: int) -> None:
        """Begin to wait for members, with a task for each."""
        registered: list[asyncio.Event] = []

        async def wait(number: int, ready: asyncio.Event) -> None:
            async with self._tracker.expect_enter(_address(number)) as entered:
                ready.set()
                await entered
                self._woken[number] = time.monotonic()

        for number in range(first, first + count):
            registered.append(asyncio.Event())
            self._waiting.append(asyncio.create_task(wait(number, registered[-1])))
        for ready in registered:
            await ready.wait()

    async def woken(self) -> dict[int, float]:
        """Return when each member was awaited, once all were."""
        await asyncio.gather(*self._waiting)
        return self._woken

    async def receive(self, first: int, count: int, rate: float) -> dict[int, float]:
        """Receive signed webhooks at a rate; return when each arrived."""
        requests = [_request(number) for number in range(first, first + count)]
        arrived: dict[int, float] = {}
        began = time.monotonic()
        running: set[asyncio.Task[Any]] = set()
        for position, (headers, body) in enumerate(requests):
            wait = began + position / rate - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            arrived[first + position] = time.monotonic()
            event = receive("POST", URL, headers, body, TOKEN, component=MultiPartyCallEvent)
            assert isinstance(event, MultiPartyCallEvent)
            running.add(asyncio.create_task(self._tracker.update(event)))
        await asyncio.gather(*running)
        return arrived

    async def seen(self) -> dict[str, int]:
        """Return how often each member's entry was seen."""
        return dict(self._seen)

    async def picture(self) -> list[list[str]]:
        """Return who is on each call."""
        calls = sorted(self._tracker.calls())
        return [[call, *(each.member_id for each in self._tracker.members(call))] for call in calls]


async def main(socket: str, max_events: int) -> None:
    """Enter the tracker's block, and do what stdin says."""
    reader = asyncio.StreamReader(limit=1 << 26)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with Redis(unix_socket_path=socket) as redis:
        began = time.monotonic()
        async with RedisMemberTracker(redis, key="campaign", max_events=max_events) as tracker:
            worker = Worker(tracker)
            await asyncio.sleep(0)  # so that it counts from now on
            print(json.dumps(time.monotonic() - began), flush=True)
            while line := await reader.readline():
                order, *arguments = json.loads(line)
                print(json.dumps(await getattr(worker, order)(*arguments)), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
