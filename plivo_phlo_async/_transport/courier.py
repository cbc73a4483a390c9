"""One request, from an action to a reply: through the pool, or through the caller's own client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import anyio
import httpx

from .._parsing import Reply
from ..actions import Action
from .pool import Pool

__all__ = ["Begun", "Carried", "Courier", "HttpxCourier", "PoolCourier"]

Carried = tuple[Reply | None, Exception | None]
_LONGEST_BODY = 1024 * 1024


class Begun:
    """Whether a request's headers were begun; None while the HTTP transport has not told."""

    def __init__(self) -> None:
        self.seen: bool | None = None

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        """What httpx's `trace` extension tells; a proxy's CONNECT is not our request."""
        if event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
            self.seen = True
        elif self.seen is None:
            self.seen = False

    def now(self) -> None:
        """The first byte is about to be sent."""
        self.seen = True


class Courier(Protocol):
    """A way to the server; `route` names it in messages."""

    route: str

    async def carry(self, action: Action, timeout: httpx.Timeout, begun: Begun) -> Carried:
        """Send `action` once; gives the reply, if a status line came, and what was raised."""

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be sent any more."""

    async def aclose(self) -> None:
        """Close what this courier opened."""


class PoolCourier:
    """Sends through the pool, each request made from parts prepared once.

    Args:
        pool: connections to the server.
        base_url: the API's address.
        auth_id: the account, which is part of some paths.
        headers: sent with every request.
    """

    def __init__(self, pool: Pool, base_url: str, auth_id: str, headers: Mapping[str, str]) -> None:
        url = httpx.URL(base_url)
        self.route = url.netloc.decode()
        self._pool, self._auth_id = pool, auth_id
        self._base_path = url.raw_path.rstrip(b"/")
        lines = {"Host": self.route, **headers}
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode()
        self._mocked = HttpxCourier(httpx.AsyncClient(transport=pool), base_url, auth_id, headers)
        self.is_closed = False

    async def carry(self, action: Action, timeout: httpx.Timeout, begun: Begun) -> Carried:
        """As `Courier.carry`; where a test stands in for httpx, the request goes to it."""
        if self._pool.is_mocked:
            return await self._mocked.carry(action, timeout, begun)
        begun.seen = False
        reply: Reply | None = None
        try:
            data = self._bytes_of(action)
            answer = await self._pool.ask(action.method, data, timeout.as_dict(), begun.now)
            # The status counts even if the body is lost, so it is kept before the body is read.
            reply = Reply(answer.status_code, answer.headers, None)
            try:
                body = await answer.read()
            finally:
                await answer.aclose()
            return Reply(reply.status_code, reply.headers, _decoded(reply, body)), None
        except Exception as error:
            return reply, error

    async def aclose(self) -> None:
        """Close the pool."""
        self.is_closed = True
        await self._pool.aclose()

    def _bytes_of(self, action: Action) -> bytes:
        target = self._base_path + action.path(self._auth_id).encode()
        body = action.body()
        sized = b"" if body is None else b"Content-Type: application/json\r\n"
        if action.method == "POST":
            sized += b"Content-Length: %d\r\n" % len(body or b"")
        line = b"%s %s HTTP/1.1\r\n" % (action.method.encode(), target)
        return b"".join((line, self._headers, sized, b"\r\n", body or b""))


class HttpxCourier:
    """Sends through an `httpx.AsyncClient`, adding nothing of that client's own to a request.

    Args:
        http: the client.
        base_url: the API's address.
        auth_id: the account, which is part of some paths.
        headers: sent with every request.
        owns: whether to close the client.
        via: the proxy's host and port, if it is known to use one.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        base_url: str,
        auth_id: str,
        headers: Mapping[str, str],
        *,
        owns: bool = False,
        via: str = "",
    ) -> None:
        self.route = httpx.URL(base_url).netloc.decode()
        if via:
            self.route += f" through the proxy {via}"
        self._http, self._base_url, self._auth_id = http, base_url, auth_id
        self._headers, self._owns = dict(headers), owns
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """Whether this courier or its client is closed."""
        return self._closed or self._http.is_closed

    async def carry(self, action: Action, timeout: httpx.Timeout, begun: Begun) -> Carried:
        """As `Courier.carry`."""
        reply: Reply | None = None
        try:
            with anyio.fail_after(_total(timeout)):  # httpx bounds each read, not all of them
                response = await self._http.send(
                    self._request(action, timeout, begun),
                    auth=None,
                    follow_redirects=False,
                    stream=True,
                )
                reply = Reply(response.status_code, dict(response.headers), None)
                try:
                    body = await _body_of(response)
                finally:
                    await response.aclose()
            return Reply(reply.status_code, reply.headers, body), None
        except httpx.HTTPStatusError as error:  # raised by a hook of the caller's own client
            answer = error.response
            return Reply(answer.status_code, dict(answer.headers), None), error
        except Exception as error:
            return reply, error

    async def aclose(self) -> None:
        """Close the client, if it is ours."""
        self._closed = True
        if self._owns:
            await self._http.aclose()

    def _request(self, action: Action, timeout: httpx.Timeout, begun: Begun) -> httpx.Request:
        body = action.body()
        kind = {} if body is None else {"Content-Type": "application/json"}
        return httpx.Request(
            action.method,
            self._base_url + action.path(self._auth_id),
            headers=self._headers | kind,
            content=body,
            extensions={"timeout": timeout.as_dict(), "trace": begun},
        )


def _total(timeout: httpx.Timeout) -> float | None:
    """Seconds for a whole request: connecting, writing, waiting for the headers, and the body."""
    parts = (timeout.connect, timeout.write, timeout.read, timeout.read)
    return None if None in parts else sum(part for part in parts if part is not None)


async def _body_of(response: httpx.Response) -> bytes:
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _LONGEST_BODY:
            raise httpx.DecodingError(f"the body is longer than {_LONGEST_BODY} bytes")
    return body


def _decoded(reply: Reply, body: bytes) -> bytes:
    if "content-encoding" not in reply.headers:
        return body
    return httpx.Response(reply.status_code, headers=reply.headers, content=body).content
