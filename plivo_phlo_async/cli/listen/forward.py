"""Forwarding of a request, unchanged, to another service."""

from __future__ import annotations

import http.client
import ssl
import time
from functools import partial
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
from attrs import field, frozen

from ...emulator.http.security import is_loopback

__all__ = ["ForwardResponse", "ForwardTarget", "is_http_url"]

Pairs = list[tuple[bytes, bytes]]

_TIMEOUT = 30.0  # seconds, below the 40 that Plivo waits by default
_MAX_RESPONSE = 1024 * 1024
# Headers of a single connection (RFC 9110, section 7.6.1), and headers that are set again.
_HOP_BY_HOP = {
    b"connection", b"content-length", b"expect", b"host", b"keep-alive", b"proxy-authenticate",
    b"proxy-authorization", b"proxy-connection", b"te", b"trailer", b"transfer-encoding",
    b"upgrade",
}  # fmt: skip


@frozen
class ForwardResponse:
    """The response of a service.

    Attributes:
        status: the HTTP status.
        headers: the headers.
        body: the body.
        elapsed: seconds from the request to the response.
    """

    status: int
    headers: Pairs = field(factory=list)
    body: bytes = b""
    elapsed: float = 0.0


def is_http_url(url: str) -> bool:
    """Whether this is an http or https URL with a host, and without user, query and fragment."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    clean = url.isascii() and url.isprintable() and " " not in url and "@" not in parts.netloc
    whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0
    return clean and whole and not parts.query and not parts.fragment


@frozen
class ForwardTarget:
    """The service that requests are forwarded to.

    Attributes:
        url: a URL without a query; without a path, the request's path is kept.
        timeout: seconds to wait for the response.
    """

    url: str
    _tls: ssl.SSLContext | None = field(default=None, repr=False)
    timeout: float = _TIMEOUT

    async def send(self, method: str, target: str, headers: Pairs, body: bytes) -> ForwardResponse:
        """Forward a request and return the response; redirects are not followed.

        Args:
            method: the HTTP method.
            target: the raw path and query of the request.
            headers: the headers of the request.
            body: the raw body of the request.

        Raises:
            OSError: there was no response, or it was not HTTP.
        """
        exchange = partial(self._exchange, method, target, headers, body)
        with anyio.move_on_after(self.timeout):
            return await anyio.to_thread.run_sync(exchange, abandon_on_cancel=True)
        raise TimeoutError(f"no response within {self.timeout:g} s")

    def _exchange(self, method: str, target: str, headers: Pairs, body: bytes) -> ForwardResponse:
        started = time.monotonic()
        connection = self._connection()
        try:
            connection.putrequest(
                method, self._path(target), skip_host=True, skip_accept_encoding=True
            )
            for name, value in self._headers(method, headers, body):
                connection.putheader(name, value)
            connection.endheaders(body or None)
            with connection.getresponse() as response:
                pairs = [
                    (n.encode("latin-1"), v.encode("latin-1")) for n, v in response.getheaders()
                ]
                content = response.read(_MAX_RESPONSE)
                return ForwardResponse(
                    response.status, _end_to_end(pairs), content, time.monotonic() - started
                )
        except http.client.HTTPException as error:
            raise OSError(f"the response is not HTTP: {error or type(error).__name__}") from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if parts.scheme == "https":
            return http.client.HTTPSConnection(
                host, parts.port, timeout=_TIMEOUT, context=self._tls
            )
        return http.client.HTTPConnection(host, parts.port, timeout=_TIMEOUT)

    def _headers(self, method: str, headers: Pairs, body: bytes) -> Pairs:
        parts = urlsplit(self.url)
        requested = next((value for name, value in headers if name.lower() == b"host"), b"")
        # A local service gets the signed host; another service needs its own host name.
        local = is_loopback(parts.hostname or "")
        host = requested if requested and local else parts.netloc.encode()
        length = [(b"Content-Length", str(len(body)).encode())]
        has_length = body or method not in {"GET", "HEAD"}
        return [(b"Host", host), *_end_to_end(headers), *(length if has_length else [])]

    def _path(self, target: str) -> str:
        path, mark, query = target.partition("?")
        own = urlsplit(self.url).path
        return (own if own not in {"", "/"} else path or "/") + mark + query


def _end_to_end(headers: Pairs) -> Pairs:
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]
