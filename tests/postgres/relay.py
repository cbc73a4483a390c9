"""A relay before PostgreSQL that can lose the answer to a statement, as a broken network does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio.abc import ByteStream
from attrs import define

__all__ = ["Relay", "relay_to"]

_SOCKET = ".s.PGSQL.5432"


@define
class Relay:
    """Passes bytes on in both directions.

    Attributes:
        server: the folder of the server's socket.
        lose: the answer to a statement that contains these bytes is lost, with its connection.
        lost: how many answers were lost.
    """

    server: Path
    lose: bytes = b""
    lost: int = 0

    async def serve(self, client: ByteStream) -> None:
        async with client, await anyio.connect_unix(self.server / _SOCKET) as server:
            async with anyio.create_task_group() as group:
                group.start_soon(_copy, server, client, group.cancel_scope)
                async for data in client:
                    if self.lose and self.lose in data:
                        group.cancel_scope.cancel()
                        break
                    await server.send(data)
                else:
                    group.cancel_scope.cancel()
            if self.lose and self.lose in data:
                self.lose, self.lost = b"", self.lost + 1
                await server.send(data)
                await server.receive()  # it was executed


async def _copy(source: ByteStream, target: ByteStream, scope: anyio.CancelScope) -> None:
    try:
        async for data in source:
            await target.send(data)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        pass
    scope.cancel()


@asynccontextmanager
async def relay_to(server: Path, folder: Path) -> AsyncIterator[Relay]:
    """Relay from a socket in `folder`, the `host` of a connection string, to one in `server`."""
    relay = Relay(server)
    listener = await anyio.create_unix_listener(folder / _SOCKET)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, relay.serve)
        yield relay
        group.cancel_scope.cancel()
