"""Forwarding of a request, unchanged, to another service."""

from __future__ import annotations

import os
import socket
import ssl
import time
from contextlib import aclosing
from urllib.parse import urlsplit

import anyio
import httpx
from attrs import field, frozen

from ...emulator.http.security import is_loopback
from ...webhooks.receiver import read_body

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
        httpx.URL(url)
        parts = urlsplit(url)
        port = parts.port
    except (ValueError, httpx.InvalidURL):
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
            OSError: there was no response, it was not HTTP, or it was too long.
        """
        request = httpx.Request(
            method,
            self.url,
            headers=self._headers(headers),
            content=body,
            # The target is sent as signed: httpx would encode some characters of it.
            extensions={"target": self._target(target).encode()},
        )
        try:
            with anyio.fail_after(self.timeout):
                return await self._exchange(request)
        except TimeoutError as error:
            raise TimeoutError(f"no response within {self.timeout:g} s") from error
        except httpx.RemoteProtocolError as error:
            raise OSError(f"the response is not HTTP: {str(error).rstrip('.')}") from error
        except httpx.TransportError as error:
            raise OSError(_reason(error)) from error

    async def _exchange(self, request: httpx.Request) -> ForwardResponse:
        started = time.monotonic()
        # Not a client, which would add headers of its own; and no proxy from the environment.
        async with httpx.AsyncHTTPTransport(verify=self._verify(), trust_env=False) as transport:
            response = await transport.handle_async_request(request)
            async with aclosing(response):
                body = await read_body(response.aiter_raw(), _MAX_RESPONSE)
        if body is None:
            raise OSError(f"the response has more than {_MAX_RESPONSE} bytes")
        pairs = _end_to_end(response.headers.raw)
        return ForwardResponse(response.status_code, pairs, body, time.monotonic() - started)

    def _verify(self) -> ssl.SSLContext | bool:
        if not self.url.startswith("https:"):
            return False  # no context is needed, and a new one takes long
        return self._tls or ssl.create_default_context()

    def _headers(self, headers: Pairs) -> Pairs:
        parts = urlsplit(self.url)
        requested = next((value for name, value in headers if name.lower() == b"host"), b"")
        # A local service gets the signed host; another service needs its own host name.
        local = is_loopback(parts.hostname or "")
        host = requested if requested and local else parts.netloc.encode()
        return [(b"Host", host), *_end_to_end(headers)]

    def _target(self, target: str) -> str:
        path, mark, query = target.partition("?")
        own = urlsplit(self.url).path
        return (own if own not in {"", "/"} else path or "/") + mark + query


def _end_to_end(headers: Pairs) -> Pairs:
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]


def _reason(error: BaseException) -> str:
    """Return the reason of the innermost exception, as the operating system words it."""
    inner = error
    while cause := inner.__cause__ or inner.__context__:
        inner = cause.exceptions[0] if isinstance(cause, BaseExceptionGroup) else cause
    if not isinstance(inner, OSError) or not inner.errno:
        return str(inner) or type(inner).__name__
    is_system_error = not isinstance(inner, socket.gaierror | ssl.SSLError)
    return os.strerror(inner.errno) if is_system_error else str(inner.strerror)
