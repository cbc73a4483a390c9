"""A server on a real socket that answers each connection with bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import anyio.abc

__all__ = ["Answer", "receiver"]

Answer = Callable[[anyio.abc.SocketStream], Awaitable[object]]


@asynccontextmanager
async def receiver(answer: Answer) -> AsyncIterator[str]:
    """Accepts connections and answers each; gives its host and port."""

    async def serve(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await answer(stream)

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as group,
    ):
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        group.start_soon(listener.serve, serve)
        yield f"127.0.0.1:{port}"
        group.cancel_scope.cancel()
