"""A client in the emulator's process: requests are handed over, broken exchanges are told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from ..client import AsyncPhloClient
from ..emulator import PhloEmulator
from ..emulator.faults.injection import BrokenExchange
from ..emulator.faults.rules import FaultKind

__all__ = ["EmulatedTransport", "client_of", "emulated_client"]

LOOKS_LIKE: Mapping[FaultKind, tuple[type[httpx.TransportError], str]] = {
    FaultKind.CLOSE_BEFORE: (
        httpx.RemoteProtocolError,
        "Server disconnected without sending a response.",
    ),
    FaultKind.CLOSE_AFTER: (
        httpx.RemoteProtocolError,
        "Server disconnected without sending a response.",
    ),
    FaultKind.RESET_AFTER: (httpx.ReadError, "Connection reset by peer"),
    FaultKind.HANG_AFTER: (httpx.ReadTimeout, "Nothing was answered."),
    FaultKind.CUT_BODY: (
        httpx.RemoteProtocolError,
        "peer closed connection without sending complete message body",
    ),
    FaultKind.GARBAGE: (httpx.RemoteProtocolError, "illegal status line"),
}
"""What each fault looks like to a client over a socket: there is none to break here."""


class EmulatedTransport(httpx.AsyncBaseTransport):
    """An httpx transport whose server is an emulator in the same process."""

    def __init__(self, emulator: PhloEmulator) -> None:
        self._asgi = httpx.ASGITransport(app=emulator)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Hand a request over; raises what a broken connection would have raised."""
        try:
            return await self._asgi.handle_async_request(request)
        except BrokenExchange as broken:
            kind, text = LOOKS_LIKE[broken.kind]
            error = kind(text, request=request)
            if broken.reply is None:
                raise error from broken
            headers = [*broken.reply.headers, ("content-type", broken.reply.content_type)]
            stream = _Cut(broken.body, error)
            return httpx.Response(broken.reply.status, headers=headers, stream=stream)


class _Cut(httpx.AsyncByteStream):
    """A body that ends too early."""

    def __init__(self, part: bytes, error: Exception) -> None:
        self._part, self._error = part, error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._part
        raise self._error


def client_of(emulator: PhloEmulator, **options: Any) -> AsyncPhloClient:
    """Return a client whose server is `emulator`; there is no connection, so nothing to close.

    Args:
        emulator: what answers.
        options: more arguments for `AsyncPhloClient`.
    """
    return AsyncPhloClient(
        emulator.auth_id,
        emulator.auth_token,
        base_url="http://emulator/v1",
        http_client=httpx.AsyncClient(transport=EmulatedTransport(emulator)),
        **options,
    )


@asynccontextmanager
async def emulated_client(emulator: PhloEmulator, **options: Any) -> AsyncIterator[AsyncPhloClient]:
    """A client whose server is `emulator`, with no socket and no account.

    Args:
        emulator: what answers.
        options: more arguments for `AsyncPhloClient`.
    """
    async with client_of(emulator, **options) as client:
        yield client
