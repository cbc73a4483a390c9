"""A server in threads, which outlives every event loop of a test, and counts what reaches it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from plivo_phlo_async import Action, AsyncPhloClient

from ..conftest import AUTH_ID

__all__ = ["PATIENCE", "CountingServer", "call", "counting_server"]

PATIENCE = 120.0  # seconds; only a test that fails waits so long
OK = b'HTTP/1.1 201 Created\r\nContent-Length: 25\r\n\r\n{"api_id":"a","error":""}'
REFUSED = b"HTTP/1.1 429 Slow\r\nRetry-After: 0\r\nContent-Length: 2\r\n\r\n{}"
UNAVAILABLE = b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}"
BROKEN = b""


def call(number: int) -> Action:
    """A call that the server can tell from every other."""
    return Action.call("p", "n", "12025550000", f"1202{number:07}")


class CountingServer:
    """Serves HTTP/1.1 on a loopback socket.

    Attributes:
        called: how often each number was called.
        times: when each request was there.
        connections: how many connections were opened.
        open: how many are open.
        foreign: what came that is no request.
        gate: while it is cleared, requests are read and not answered.
        held: the numbers that the gate is for; all if there are none.
        answers: answers before the usual one; an empty one closes the connection.
        arrived: the number of the connection on which each request came.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.called: Counter[str] = Counter()
        self.times: list[float] = []
        self.arrived: list[int] = []
        self.foreign: list[bytes] = []
        self.answers: list[bytes] = []
        self.held: set[str] = set()
        self.connections = self.open = self.most_waiting = self.waiting = 0
        self.gate = threading.Event()
        self.gate.set()
        self._changed = threading.Condition()
        self._socks: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def client(self, **options: Any) -> AsyncPhloClient:
        """A client of this server; it has no rate limit unless one is given."""
        return AsyncPhloClient(
            AUTH_ID, "token", **{"base_url": self.url, "rate_limit": None, **options}
        )

    def until(self, holds: Callable[[], bool]) -> bool:
        """Wait until `holds`; False if it never does."""
        with self._changed:
            return self._changed.wait_for(holds, PATIENCE)

    def until_open(self, count: int) -> bool:
        """Wait until `count` connections are open."""
        return self.until(lambda: self.open == count)

    def has_arrived(self, count: int) -> bool:
        """Whether `count` requests have arrived."""
        return len(self.arrived) >= count

    def until_arrived(self, count: int) -> bool:
        """Wait until `count` requests have arrived."""
        return self.until(lambda: self.has_arrived(count))

    def close(self) -> None:
        self.gate.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in tuple(self._socks):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._changed:
                    self.connections += 1
                    self.open += 1
                    number = self.connections
                    self._socks.add(sock)
                    self._changed.notify_all()
                thread = threading.Thread(target=self._serve, args=(sock, number))
                self._threads.append(thread)
                thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            with suppress(OSError):
                while (body := self._read(sock)) is not None:
                    to = self._note(body, number)
                    if not self.held or to in self.held:
                        self.gate.wait(PATIENCE)
                    with self._changed:
                        self.waiting -= 1
                        answer = self.answers.pop(0) if self.answers else OK
                        self._changed.notify_all()
                    if not answer:
                        return
                    sock.sendall(answer)
        finally:
            sock.close()
            with self._changed:
                self.open -= 1
                self._socks.discard(sock)
                self._changed.notify_all()

    def _note(self, body: bytes, number: int) -> str:
        to: str = json.loads(body).get("to", "")
        with self._changed:
            self.times.append(time.monotonic())
            self.arrived.append(number)
            self.waiting += 1
            self.most_waiting = max(self.most_waiting, self.waiting)
            self.called[to] += 1
            self._changed.notify_all()
        return to

    def _read(self, sock: socket.socket) -> bytes | None:
        data = b""
        while b"\r\n\r\n" not in data:
            part = sock.recv(65536)
            if not part:
                if data:
                    self.foreign.append(data)
                return None
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        if not head.startswith((b"POST /", b"GET /")):
            self.foreign.append(data)
            return None
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")),
            0,
        )
        while len(body) < length:
            body += sock.recv(65536)
        if len(body) > length:
            self.foreign.append(body[length:])
        return body or b"{}"


@pytest.fixture
def counting_server() -> Iterator[CountingServer]:
    server = CountingServer()
    yield server
    server.close()
