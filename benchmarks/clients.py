"""The clients, each behind the same three doors: made (open), `act` (one call), `close`.

Every action is the same wish, "call this number", and one request. Each client may open as many
connections as there are actions under way, waits up to two minutes, and keeps its own defaults
otherwise, retries among them. A client is imported when it is made, so that a process that
measures one never pays for another.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any, Protocol

from attrs import frozen

__all__ = ["CLIENTS", "AsyncCaller", "Client", "ThreadCaller"]


AUTH_ID = "MAQ4Y2ZJNDK5M7XWPTRL"
AUTH_TOKEN = "a-token-of-no-account"
PHLO = "5f0d6e61-2c4e-4a0f-9a4b-7d5f1f6d2c11"
NODE = "c9a4b0d2-8e17-43f5-b1c6-20a9e3d47f58"
SOURCE = "12025550000"
TIMEOUT = 120.0


class AsyncCaller(Protocol):
    """An open client of asyncio's."""

    async def act(self, number: int) -> None:
        """Call one number; raises whatever the client raises."""

    async def close(self) -> None:
        """Give the connections back."""


class ThreadCaller(Protocol):
    """An open client that blocks, to be used by many threads."""

    def act(self, number: int) -> None:
        """Call one number; raises whatever the client raises."""

    def close(self) -> None:
        """Give the connections back."""


@frozen
class Client:
    """How a client is found and opened.

    `open` takes the API's address, how many actions are under way at most, and whether the client
    is to keep to 300 requests in 5 seconds, if it knows how to.
    """

    name: str
    label: str
    package: str  # what is imported
    project: str  # what is installed
    open: Callable[[str, int, bool], Any]
    threads: bool = False

    @property
    def is_installed(self) -> bool:
        """Whether its package can be imported here."""
        return importlib.util.find_spec(self.package) is not None


def _to(number: int) -> str:
    return f"1202556{number % 10_000:04d}"


def _node_url(url: str) -> str:
    return f"{url}/phlo/{PHLO}/multi_party_call/{NODE}"


def _call(number: int) -> dict[str, str]:
    """The body of a call, where the client has no word for it."""
    return {"action": "call", "trigger_source": SOURCE, "to": _to(number), "role": "agent"}


class _Ours:
    def __init__(self, url: str, at_once: int, limited: bool) -> None:
        package: Any = importlib.import_module("plivo_phlo_async")
        self._client = package.AsyncPhloClient(
            AUTH_ID,
            AUTH_TOKEN,
            base_url=url,
            timeout=TIMEOUT,
            rate_limit=package.RateLimit(300, per=5.0) if limited else None,
            max_connections=at_once,
        )

    async def act(self, number: int) -> None:
        await self._client.phlo(PHLO).multi_party_call(NODE).call(SOURCE, _to(number))

    async def close(self) -> None:
        await self._client.aclose()


class _Httpx:
    def __init__(self, url: str, at_once: int, limited: bool) -> None:
        package: Any = importlib.import_module("httpx")
        self._url = _node_url(url)
        self._client = package.AsyncClient(
            auth=(AUTH_ID, AUTH_TOKEN),
            timeout=TIMEOUT,
            limits=package.Limits(max_connections=at_once, max_keepalive_connections=at_once),
        )

    async def act(self, number: int) -> None:
        response = await self._client.post(self._url, json=_call(number))
        response.raise_for_status().json()

    async def close(self) -> None:
        await self._client.aclose()


class _Aiohttp:
    """As raw as it gets: no retry, no limit, no check but the status."""

    def __init__(self, url: str, at_once: int, limited: bool) -> None:
        package: Any = importlib.import_module("aiohttp")
        self._url = _node_url(url)
        self._session = package.ClientSession(
            auth=package.BasicAuth(AUTH_ID, AUTH_TOKEN),
            connector=package.TCPConnector(limit=at_once),
            timeout=package.ClientTimeout(TIMEOUT),
            raise_for_status=True,
        )

    async def act(self, number: int) -> None:
        async with self._session.post(self._url, json=_call(number)) as response:
            await response.json()

    async def close(self) -> None:
        await self._session.close()


class _Official:
    """Plivo's own client, one request an action: its handle is built by hand.

    One client serves all threads. Its session is given a connection for each of them: with the ten
    it has by default, most would be opened and thrown away.
    """

    def __init__(self, url: str, at_once: int, limited: bool) -> None:
        package: Any = importlib.import_module("plivo")
        adapters: Any = importlib.import_module("requests.adapters")
        self._client = package.phlo.RestClient(AUTH_ID, AUTH_TOKEN, timeout=TIMEOUT)
        self._client.phlo_base_uri = url
        self._client.session.mount(
            "http://", adapters.HTTPAdapter(pool_connections=1, pool_maxsize=at_once)
        )

    def act(self, number: int) -> None:
        self._client.phlo.multi_party_call(
            PHLO, NODE, "call", trigger_source=SOURCE, to=_to(number), role="agent"
        )

    def close(self) -> None:
        self._client.session.close()


class _Documented(_Official):
    """Plivo's own client as its documentation shows it: read the PHLO, read the node, then act."""

    def act(self, number: int) -> None:
        phlo = self._client.phlo.get(phlo_id=PHLO)
        node = phlo.multi_party_call(NODE)
        node.call(trigger_source=SOURCE, to=_to(number), role="agent")


class _Telnyx:
    """Another vendor's generated asyncio client, for scale: one dial, one request."""

    def __init__(self, url: str, at_once: int, limited: bool) -> None:
        package: Any = importlib.import_module("telnyx")
        httpx: Any = importlib.import_module("httpx")
        limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
        self._client = package.AsyncTelnyx(
            api_key=AUTH_TOKEN,
            base_url=url,
            timeout=TIMEOUT,
            http_client=package.DefaultAsyncHttpxClient(limits=limits),
        )

    async def act(self, number: int) -> None:
        await self._client.calls.dial(connection_id=NODE, from_=SOURCE, to=_to(number))

    async def close(self) -> None:
        await self._client.close()


CLIENTS = {
    client.name: client
    for client in (
        Client("ours", "plivo-phlo-async", "plivo_phlo_async", "plivo-phlo-async", _Ours),
        Client("httpx", "httpx", "httpx", "httpx", _Httpx),
        Client("aiohttp", "aiohttp, raw", "aiohttp", "aiohttp", _Aiohttp),
        Client("official", "plivo, one request", "plivo", "plivo", _Official, threads=True),
        Client("documented", "plivo, as documented", "plivo", "plivo", _Documented, threads=True),
        Client("telnyx", "telnyx", "telnyx", "telnyx", _Telnyx),
    )
}
