"""A request handed on as it came, to a service of one's own."""

from __future__ import annotations

import http.client
import ssl
import time
from functools import partial
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
from attrs import field, frozen

from ..emulator.http.security import is_loopback

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


@frozen
class Forwarded:
    """What a service answered, and after how many seconds."""

    status: int
    headers: Pairs = field(factory=list)
    body: bytes = b""
    elapsed: float = 0.0


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
        patience: seconds to wait for an answer.
    """

    url: str
    _tls: ssl.SSLContext | None = field(default=None, repr=False)
    patience: float = _SECONDS

    async def send(self, method: str, line: str, headers: Pairs, body: bytes) -> Forwarded:
        """Hand a request on and give its answer; redirects are not followed.

        Args:
            method: the HTTP method.
            line: the path and query that were asked for, as they came.
            headers: the request's headers.
            body: its body, as it came.

        Raises:
            OSError: nobody answered, or no HTTP.
        """
        ask = partial(self._ask, method, line, headers, body)
        with anyio.move_on_after(self.patience):
            return await anyio.to_thread.run_sync(ask, abandon_on_cancel=True)
        raise TimeoutError(f"no answer within {self.patience:g} s")

    def _ask(self, method: str, line: str, headers: Pairs, body: bytes) -> Forwarded:
        began = time.monotonic()
        connection = self._connection()
        try:
            connection.putrequest(
                method, self._path(line), skip_host=True, skip_accept_encoding=True
            )
            for name, value in self._headers(method, headers, body):
                connection.putheader(name, value)
            connection.endheaders(body or None)
            with connection.getresponse() as answer:
                pairs = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in answer.getheaders()]
                told = answer.read(_LONGEST_ANSWER)
                return Forwarded(answer.status, _handed_on(pairs), told, time.monotonic() - began)
        except http.client.HTTPException as error:
            raise OSError(f"no HTTP came back: {error or type(error).__name__}") from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if parts.scheme == "https":
            return http.client.HTTPSConnection(
                host, parts.port, timeout=_SECONDS, context=self._tls
            )
        return http.client.HTTPConnection(host, parts.port, timeout=_SECONDS)

    def _headers(self, method: str, headers: Pairs, body: bytes) -> Pairs:
        parts = urlsplit(self.url)
        asked = next((value for name, value in headers if name.lower() == b"host"), b"")
        # A service on this machine sees the host that was signed; another one needs its own name.
        named = asked if asked and is_loopback(parts.hostname or "") else parts.netloc.encode()
        length = [(b"Content-Length", str(len(body)).encode())]
        has_length = body or method not in {"GET", "HEAD"}
        return [(b"Host", named), *_handed_on(headers), *(length if has_length else [])]

    def _path(self, line: str) -> str:
        path, mark, query = line.partition("?")
        own = urlsplit(self.url).path
        return (own if own not in {"", "/"} else path or "/") + mark + query


def _handed_on(headers: Pairs) -> Pairs:
    return [(name, value) for name, value in headers if name.lower() not in _NOT_HANDED_ON]
