"""A server that costs next to nothing, in a process of its own, so that the client is what counts.

It reads HTTP/1.1 with keep-alive and answers every POST like PHLO does, 201 with an `api_id` and an
empty `error`. `GET /counts` returns what has come so far, any other GET reads a PHLO or a node.
`ServerProcess` starts one and ends it.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import re
import resource
import subprocess
import sys
import time
from collections import deque
from types import TracebackType
from typing import Any, Self

from attrs import define, field

__all__ = ["ServerProcess", "allow_many_files"]

_BACKLOG = 2048
_FILES = 8192
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)


def _answer(status: str, body: dict[str, Any]) -> bytes:
    text = json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}"
    return head.encode() + b"\r\n\r\n" + text


_ACCEPTED = _answer("201 Created", {"api_id": "2b1c4f5e-8f0a-4a52-9d3c-6c1f0a7e9b11", "error": ""})
# A PHLO and a node at once; Plivo's own client builds its paths from these.
_READ = _answer(
    "200 OK",
    {
        "api_id": "2b1c4f5e-8f0a-4a52-9d3c-6c1f0a7e9b11",
        "phlo_id": "5f0d6e61-2c4e-4a0f-9a4b-7d5f1f6d2c11",
        "node_id": "c9a4b0d2-8e17-43f5-b1c6-20a9e3d47f58",
        "node_type": "multi_party_call",
        "name": "Calls",
        "created_on": "2026-01-01 00:00:00.000000+00:00",
    },
)
_REFUSED = _answer("429 Too Many Requests", {"api_id": "", "error": "Too many requests."})


def allow_many_files() -> None:
    """Raise this process's soft limit of open files, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@define
class _Window:
    """A strict sliding window: no `per` seconds ever hold more than `requests` accepted ones."""

    requests: int
    per: float
    _accepted: deque[float] = field(factory=deque)
    _arrived: deque[float] = field(factory=deque)
    most: int = 0  # arrivals in any `per` seconds, refused ones too

    def admits(self, now: float) -> bool:
        for times in (self._accepted, self._arrived):
            while times and times[0] <= now - self.per:
                times.popleft()
        self._arrived.append(now)
        self.most = max(self.most, len(self._arrived))
        if len(self._accepted) >= self.requests:
            return False
        self._accepted.append(now)
        return True


@define
class _Service:
    """What the server does with a request, and what it has counted."""

    delay: float
    window: _Window | None
    connections: int = 0  # those that brought a POST
    accepted: int = 0
    refused: int = 0

    def take(self) -> bytes:
        """The answer to one POST."""
        if self.window is not None and not self.window.admits(time.monotonic()):
            self.refused += 1
            return _REFUSED
        self.accepted += 1
        return _ACCEPTED

    def counts(self) -> bytes:
        most = None if self.window is None else self.window.most
        return _answer(
            "200 OK",
            {
                "connections": self.connections,
                "accepted": self.accepted,
                "refused": self.refused,
                "most_in_a_window": most,
            },
        )


def _size(data: bytes) -> int:
    """How long the first request in `data` is, 0 if its head is not all there."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return 0
    length = _LENGTH.search(data, 0, end)
    return end + 4 + (int(length[1]) if length else 0)


class _Connection(asyncio.Protocol):
    def __init__(self, service: _Service, loop: asyncio.AbstractEventLoop) -> None:
        self._service, self._loop = service, loop
        self._unread = b""
        self._is_new = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        unread = self._unread + data
        while 0 < (size := _size(unread)) <= len(unread):
            self._request(unread[:size])
            unread = unread[size:]
        self._unread = unread

    def _request(self, data: bytes) -> None:
        if data.startswith(b"GET "):
            counts = data.startswith(b"GET /counts")
            self._transport.write(self._service.counts() if counts else _READ)
            return
        self._service.connections += self._is_new
        self._is_new = False
        answer = self._service.take()
        if self._service.delay:
            self._loop.call_later(self._service.delay, self._reply, answer)
        else:
            self._transport.write(answer)

    def _reply(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


async def _serve(service: _Service) -> None:
    """Serve until standard input ends, which it does when whoever started this has gone."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(sys.stdin, gone.set)
    server = await loop.create_server(
        lambda: _Connection(service, loop), "127.0.0.1", 0, backlog=_BACKLOG
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await gone.wait()
    server.close()


class ServerProcess:
    """A server that runs until the end of its `with` block.

    Args:
        delay: seconds before each answer.
        window: requests and seconds of a strict sliding window; over it the answer is 429.
    """

    def __init__(self, *, delay: float = 0.0, window: tuple[int, float] | None = None) -> None:
        self._command = [sys.executable, "-m", "benchmarks.server", "--delay", str(delay)]
        if window is not None:
            self._command += ["--window", str(window[0]), str(window[1])]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def url(self) -> str:
        """The address of its API."""
        return f"http://127.0.0.1:{self._port}/v1"

    def counts(self) -> dict[str, Any]:
        """What has come so far."""
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            line.request("GET", "/counts")
            counts: dict[str, Any] = json.loads(line.getresponse().read())
        finally:
            line.close()
        return counts


def main() -> None:
    """Serve, and print the port."""
    parser = argparse.ArgumentParser(prog="benchmarks.server", description=__doc__)
    parser.add_argument("--delay", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--window", nargs=2, type=float, metavar=("REQUESTS", "SECONDS"))
    options = parser.parse_args()
    window = _Window(int(options.window[0]), options.window[1]) if options.window else None
    allow_many_files()
    asyncio.run(_serve(_Service(options.delay, window)))


if __name__ == "__main__":
    main()
