"""What an `AsyncPhloClient` can have below it: its own transport, and others.

They differ in what they report about an attempt. A transport that reports nothing has proven
nothing: every attempt through it that gives no status may have been carried out.
"""

from __future__ import annotations

import random
import re
import ssl
from collections.abc import Callable, Coroutine
from enum import Enum, auto

import anyio
import httpx
from attrs import frozen

from plivo_phlo_async import Outcome, PhloTransport

from .kinds import KINDS, Do, Endpoint, Kind
from .server import Asked, FaultServer, identity_of, verb_of

__all__ = ["BELOW", "DEFAULT", "MOCK", "Below", "Evidence", "lab_client"]

KindOf = Callable[[str], tuple[Kind, int]]


class Evidence(Enum):
    """What a transport reports about an attempt."""

    OURS = auto()  # whether the request was begun, and whether the server's TLS refused it
    HTTPCORE = auto()  # whether the request was begun
    NOTHING = auto()


@frozen
class Below:
    """What is below a client.

    Attributes:
        name: its name in tables.
        evidence: what it reports.
        transport: makes one; None where the client makes its own.
        backends: the event loops it works on; all of them where it names none.
    """

    name: str
    evidence: Evidence
    transport: Callable[[ssl.SSLContext, str | None, httpx.Limits], httpx.AsyncBaseTransport] | None
    backends: frozenset[str] = frozenset({"asyncio", "uvloop", "trio"})

    def shows(self, kind: Kind) -> Outcome:
        """What an attempt that met `kind` shows to a client above it."""
        if kind.shows is not Outcome.NEVER_SENT or self.evidence is Evidence.OURS:
            return kind.shows
        late = kind.endpoint is Endpoint.CLIENT_CERTIFICATE  # the request follows the handshake
        unproven = late or self.evidence is Evidence.NOTHING
        return Outcome.AMBIGUOUS if unproven else Outcome.NEVER_SENT


def _ours(
    verify: ssl.SSLContext, proxy: str | None, limits: httpx.Limits
) -> httpx.AsyncBaseTransport:
    return PhloTransport(verify=verify, proxy=proxy)


def _httpx(
    verify: ssl.SSLContext, proxy: str | None, limits: httpx.Limits
) -> httpx.AsyncBaseTransport:
    return httpx.AsyncHTTPTransport(verify=verify, proxy=proxy, limits=limits, trust_env=False)


def _aiohttp(
    verify: ssl.SSLContext, proxy: str | None, limits: httpx.Limits
) -> httpx.AsyncBaseTransport:
    from httpx_aiohttp import AiohttpTransport

    through = None if proxy is None else httpx.Proxy(proxy)
    return AiohttpTransport(verify=verify, proxy=through, limits=limits, trust_env=False)


class _WithoutExtensions(httpx.AsyncBaseTransport):
    """A wrapper that makes each request again from its parts, and forgets its extensions."""

    def __init__(self, below: httpx.AsyncBaseTransport) -> None:
        self._below = below

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._below.handle_async_request(
            httpx.Request(
                request.method, request.url, headers=request.headers, content=request.content
            )
        )

    async def aclose(self) -> None:
        await self._below.aclose()


def _without_extensions(
    verify: ssl.SSLContext, proxy: str | None, limits: httpx.Limits
) -> httpx.AsyncBaseTransport:
    return _WithoutExtensions(PhloTransport(verify=verify, proxy=proxy))


_ASYNCIO = frozenset({"asyncio", "uvloop"})
DEFAULT = Below("the client's own", Evidence.OURS, None)
MOCK = Below("MockTransport", Evidence.NOTHING, None)
_OURS = Below("PhloTransport", Evidence.OURS, _ours)
BELOW = (
    *(DEFAULT, _OURS, Below("httpx's own", Evidence.HTTPCORE, _httpx)),
    *(DEFAULT, _OURS, Below("httpx-aiohttp", Evidence.NOTHING, _aiohttp, _ASYNCIO)),
    *(DEFAULT, _OURS, Below("without extensions", Evidence.NOTHING, _without_extensions)),
    *(DEFAULT, _OURS, MOCK),
)


def lab_client(
    server: FaultServer, kind_of: KindOf, max_connections: int, below: Below
) -> httpx.AsyncClient:
    """An HTTP client whose requests go where their fault is met.

    Args:
        server: where that is.
        kind_of: which kind the action of this identity meets now, and in which attempt.
        max_connections: as for the client above it, so that nothing queues in a pool.
        below: what sends them.
    """

    async def route(request: httpx.Request) -> None:
        kind, attempt = kind_of(identity_of(request.url.path, request.content))
        request.url = httpx.URL(server.url(kind) + request.url.path)
        request.headers["host"] = request.url.netloc.decode()
        request.headers["x-attempt"] = str(attempt)

    hooks = {"request": [route]}
    if below is MOCK:
        mock = httpx.MockTransport(_handler(server, kind_of))
        return httpx.AsyncClient(transport=mock, event_hooks=hooks, trust_env=False)
    assert below.transport is not None
    verify = server.client_context()
    limits = httpx.Limits(
        max_connections=max_connections, max_keepalive_connections=max_connections
    )
    return httpx.AsyncClient(
        transport=below.transport(verify, None, limits),
        event_hooks=hooks,
        trust_env=False,
        mounts={
            server.url(kind): below.transport(verify, server.proxy(kind), limits)
            for kind in KINDS
            if kind.endpoint is Endpoint.PROXY
        },
    )


# A mock in the client's process


_STATUS = re.compile(rb"HTTP/1\.1 ([0-9]{3}) ")
_Respond = Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]
_MISLEADING = (
    *(httpx.ConnectTimeout, httpx.ConnectError, httpx.PoolTimeout, httpx.ProxyError),
    *(httpx.ReadError, httpx.WriteError, httpx.UnsupportedProtocol, OSError, RuntimeError),
)


def _handler(
    server: FaultServer, kind_of: KindOf
) -> Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]:
    """A handler that does what the plan says, and raises something misleading for no answer."""

    async def handle(request: httpx.Request) -> httpx.Response:
        identity = identity_of(request.url.path, request.content)
        kind, attempt = kind_of(identity)
        asked = Asked(identity, verb_of(request.method, request.content), attempt)
        await anyio.lowlevel.checkpoint()
        sent = server.serve_in_process(asked, kind)
        await anyio.lowlevel.checkpoint()
        response = _response_of(kind, sent)
        if response is None:
            raise random.Random(f"{identity} {attempt}").choice(_MISLEADING)("no answer")
        return response

    return handle


def _response_of(kind: Kind, sent: bytes) -> httpx.Response | None:
    """The answer in what was sent, if that is one whole answer and nothing else."""
    head, _, body = sent.partition(b"\r\n\r\n")
    status = _STATUS.match(head)
    steps = [step for step in kind.steps if step is not Do.ACT]
    if status is None or len(steps) > 1 or b"\n" in head.replace(b"\r\n", b""):
        return None
    headers = [tuple(line.split(b": ", 1)) for line in head.split(b"\r\n")[1:]]
    return httpx.Response(int(status[1]), headers=headers, content=body)  # type: ignore[arg-type]  # pairs
