"""A request handed on as it came, to a service of one's own."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
from attrs import field, frozen

from ..emulator.safety import is_loopback

__all__ = ["Forwarded", "Target", "is_web_address"]

Pairs = list[tuple[bytes, bytes]]

_SECONDS = 30.0  # below the 40 s that Plivo waits for an answer by default
_LONGEST_ANSWER = 1024 * 1024
# What concerns one connection only (RFC 9110, 7.6.1), or is made anew.
_NOT_HANDED_ON = {
    b"connection", b"content-length", b"expect", b"host", b"keep-alive", b"proxy-authenticate",
    b"proxy-authorization", b"proxy-connection", b"te", b"trailer", b"transfer-encoding",
    b"upgrade",
}  # fmt: skip


class Forwarded(NamedTuple):
    """What a service answered, and after how many seconds."""

    status: int
    headers: Pairs
    body: bytes
    elapsed: float


def is_web_address(url: str) -> bool:
    """Whether this is an http or https URL with a host, and nothing that has no place in one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    clean = url.isascii() and url.isprintable() and " " not in url and "@" not in parts.netloc
    whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0
    return clean and whole and not parts.query and not parts.fragment


@frozen
class Target:
    """Where requests are handed on to.

    Attributes:
        url: a URL with no query. Where it has no path, the request's own is asked for.
    """

    url: str
    _tls: ssl.SSLContext | None = field(default=None, repr=False)

    async def send(
        self, method: str, line: str, headers: Iterable[tuple[bytes, bytes]], body: bytes
    ) -> Forwarded:
        """Hand a request on and give its answer; redirects are not followed.

        Args:
            method: the HTTP method.
            line: the path and query that were asked for, as they came.
            headers: the request's headers.
            body: its body, as it came.

        Raises:
            OSError: nobody answered, or no HTTP.
        """
        began = time.monotonic()

        def ask() -> tuple[int, Pairs, bytes]:
            try:
                return self._ask(method, line, [*headers], body)
            except (http.client.HTTPException, ValueError) as error:
                raise OSError(f"no HTTP came back: {error or type(error).__name__}") from error

        with anyio.move_on_after(_SECONDS):
            answer = await anyio.to_thread.run_sync(ask, abandon_on_cancel=True)
            return Forwarded(*answer, time.monotonic() - began)
        raise TimeoutError(f"no answer within {_SECONDS:g} s")

    def _ask(self, method: str, line: str, headers: Pairs, body: bytes) -> tuple[int, Pairs, bytes]:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        asked = next((value for name, value in headers if name.lower() == b"host"), b"")
        # A service on this machine sees the host that was signed; another one needs its own name.
        named = asked if asked and is_loopback(host) else parts.netloc.encode()
        connection = (
            http.client.HTTPSConnection(host, parts.port, timeout=_SECONDS, context=self._tls)
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, parts.port, timeout=_SECONDS)
        )
        try:
            connection.putrequest(
                method, self._path(line), skip_host=True, skip_accept_encoding=True
            )
            connection.putheader("Host", named)
            for name, value in _handed_on(headers):
                connection.putheader(name, value)
            if body or method not in {"GET", "HEAD"}:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            with connection.getresponse() as answer:
                pairs = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in answer.getheaders()]
                return answer.status, _handed_on(pairs), answer.read(_LONGEST_ANSWER)
        finally:
            connection.close()

    def _path(self, line: str) -> str:
        path, mark, query = line.partition("?")
        own = urlsplit(self.url).path
        return (own if own not in {"", "/"} else path or "/") + mark + query


def _handed_on(headers: Pairs) -> Pairs:
    return [(name, value) for name, value in headers if name.lower() not in _NOT_HANDED_ON]
