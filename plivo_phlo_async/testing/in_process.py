"""A client in the emulator's process, with no socket between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx

from ..client import AsyncPhloClient
from ..emulator import PhloEmulator
from ..emulator.faults.injection import BrokenExchange
from ..emulator.faults.rules import FaultKind

if TYPE_CHECKING:
    import pytest

__all__ = ["EmulatedTransport", "client_of", "emulated_client"]

TRANSPORT_ERRORS: Mapping[FaultKind, tuple[type[httpx.TransportError], str]] = {
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
"""The httpx exception that each fault causes over a socket."""


IN_PROCESS_URL = "http://phlo-emulator.test/v1"
"""The base URL of an emulator without a port, which only `phlo_env` serves."""


class EmulatedTransport(httpx.AsyncBaseTransport):
    """An httpx transport whose server is an emulator in the same process."""

    def __init__(self, emulator: PhloEmulator) -> None:
        self._asgi = httpx.ASGITransport(app=emulator)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request to the emulator; raises what a broken connection would raise."""
        try:
            return await self._asgi.handle_async_request(request)
        except BrokenExchange as broken:
            kind, text = TRANSPORT_ERRORS[broken.kind]
            error = kind(text, request=request)
            if broken.response is None:
                raise error from broken
            headers = [*broken.response.headers, ("content-type", broken.response.content_type)]
            stream = _CutBody(broken.body, error)
            return httpx.Response(broken.response.status, headers=headers, stream=stream)


class _CutBody(httpx.AsyncByteStream):
    """A body that breaks off."""

    def __init__(self, part: bytes, error: Exception) -> None:
        self._part, self._error = part, error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._part
        raise self._error


def client_of(emulator: PhloEmulator, **options: Any) -> AsyncPhloClient:
    """Return a client whose server is `emulator`; it holds no connection, so it need not be closed.

    It has no rate limit unless `options` has one, so that no test waits for time to pass, also
    where the clock stands still. The emulator's own limit holds.

    Args:
        emulator: the emulator that answers.
        options: more arguments for `AsyncPhloClient`.
    """
    return AsyncPhloClient(
        emulator.auth_id,
        emulator.auth_token,
        base_url="http://emulator/v1",
        http_client=httpx.AsyncClient(transport=EmulatedTransport(emulator)),
        **{"rate_limit": None, **options},
    )


def route_in_process(emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Route what any `httpx.AsyncClient` sends to `IN_PROCESS_URL` to an emulator.

    Args:
        emulator: the emulator that answers.
        monkeypatch: restores httpx.
    """
    emulated, host = EmulatedTransport(emulator), httpx.URL(IN_PROCESS_URL).host
    outer = httpx.AsyncHTTPTransport.handle_async_request

    async def handle(transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        if request.url.host == host:
            return await emulated.handle_async_request(request)
        return await outer(transport, request)

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle)


@asynccontextmanager
async def emulated_client(emulator: PhloEmulator, **options: Any) -> AsyncIterator[AsyncPhloClient]:
    """A client whose server is `emulator`, with no socket and no account.

    It has no rate limit unless `options` has one; see `client_of`.

    Args:
        emulator: the emulator that answers.
        options: more arguments for `AsyncPhloClient`.
    """
    async with client_of(emulator, **options) as client:
        yield client
