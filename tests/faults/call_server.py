"""A server whose calls are counted, and how many numbers are dialled at it at once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Self
from urllib.parse import parse_qs

__all__ = ["CallServer", "dial_all"]


class CallServer(ABC):
    """A server on a loopback port, in a thread of its own, until the `with` block is left.

    Attributes:
        arrived: how many attempts came, by the called number.
        origin: its scheme, host and port.
    """

    def __init__(self) -> None:
        self.arrived: Counter[str] = Counter()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    @abstractmethod
    async def respond(
        self, number: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Respond to an attempt to call a number; return whether the connection stays open."""

    async def _main(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
        self.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._over.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            stays_open = True
            while stays_open:
                number = await _called_number(reader)
                self.arrived[number] += 1
                stays_open = await self.respond(number, reader, writer)
        writer.transport.abort()


async def _called_number(reader: asyncio.StreamReader) -> str:
    """Read one request; return the number that it calls."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.partition("content-length:")[2].split("\r\n")[0])
    body = (await reader.readexactly(length)).decode()
    return str(json.loads(body)["to"]) if body.startswith("{") else parse_qs(body)["To"][0]


async def dial_all(
    dial: Callable[[str], Awaitable[object]], numbers: Iterable[str], at_once: int
) -> dict[str, Exception | None]:
    """Dial the numbers with bounded concurrency; return the error of each, or None."""
    errors: dict[str, Exception | None] = {}

    async def work(waiting: Iterator[str]) -> None:
        for number in waiting:
            try:
                await dial(number)
                errors[number] = None
            except Exception as error:
                errors[number] = error

    waiting = iter(numbers)
    await asyncio.gather(*(work(waiting) for _ in range(at_once)))
    return errors
