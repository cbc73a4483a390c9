"""Connections to Redis that a test can cut: silently, as a firewall does, or with a reset."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path


class Link:
    """A socket in front of Redis.

    While it is silent, it holds back what is sent, and delivers it once it is open again, however
    late that is, as TCP does.
    """

    def __init__(self, redis: Path, path: Path) -> None:
        self.path = path
        self._redis = redis
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await self._open.wait()
            from_redis, to_redis = await asyncio.open_unix_connection(self._redis)
            self._writers |= {writer, to_redis}
            await asyncio.gather(self._pump(reader, to_redis), self._pump(from_redis, writer))
        writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
        self._writers.discard(writer)

    def silence(self) -> None:
        """Deliver nothing, and answer nothing."""
        self._open.clear()

    def reset(self) -> None:
        """Close all connections and refuse new ones."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        self.path.unlink(missing_ok=True)

    async def restore(self) -> None:
        """Deliver again."""
        if not self.path.exists():
            await self.start()
        self._open.set()

    def close(self) -> None:
        self._open.set()
        self.reset()
