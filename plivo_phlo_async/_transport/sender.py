"""Send one request through an httpx client, the only way to the server."""

from __future__ import annotations

import ssl
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast
from urllib.request import getproxies

import anyio
import httpx

from .._parsing import Reply
from ..actions import Action
from ..errors import ConfigurationError, InvalidArgumentError
from .phlo_transport import PhloTransport, default_tls
from .proxies import select_proxy
from .request import RequestBuilder
from .send_trace import SendTrace

__all__ = ["HttpSender", "build_sender"]

_LONGEST_BODY = 1024 * 1024
_NO_AUTH = httpx.Auth()  # the header is the request's own
_UNBOUND = nullcontext()
_NO_STREAM = httpx.ByteStream(b"")


class HttpSender:
    """Sends requests through an `httpx.AsyncClient`, without that client's headers or cookies.

    Args:
        http: the client.
        requests: builds the requests.
        host: the host they go to.
        owns: whether to close the client.
        via: the proxy on the way, for messages.

    Attributes:
        host: as given.
        route: the host, and the proxy on the way to it, for messages.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        requests: RequestBuilder,
        host: str,
        *,
        owns: bool = False,
        via: str = "",
    ) -> None:
        self.host: str = host
        self.route: str = f"{host} through {via}" if via else host
        self._http, self._requests, self._owns = http, requests, owns
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """Whether this sender or its client is closed."""
        return self._closed or self._http.is_closed

    async def send(
        self, action: Action, timeout: httpx.Timeout, trace: SendTrace
    ) -> tuple[Reply | None, Exception | None]:
        """Send `action` once; return the reply, if a status line came, and what was raised."""
        reply: Reply | None = None
        try:
            if not self._owns:  # a foreign transport may report nothing
                trace.check()
            extensions = {"timeout": _timeouts(timeout), "trace": trace}
            request = self._requests.build(action, extensions)
            with self._bound(timeout):
                response = await self._http.send(
                    request, auth=_NO_AUTH, follow_redirects=False, stream=True
                )
                if not issubclass(type(response), httpx.Response):  # also what imitates one
                    kind = type(response).__name__
                    raise TypeError(f"the client's send returned {kind}, not an httpx.Response")
                # The status counts even if the body is lost, so it is kept before that is read.
                reply = Reply(response.status_code, response.headers, None)
                try:
                    reply.body = await _body_of(response)
                except Exception as error:  # httpx's frames hold the body's bytes
                    error.__context__ = None
                    raise error.with_traceback(None) from None
                finally:
                    await response.aclose()
                    response.stream = _NO_STREAM  # which holds the response, as that holds it
            return reply, None
        except httpx.HTTPStatusError as error:  # raised by a hook of the caller's own client
            return Reply(error.response.status_code, error.response.headers, None), error
        except Exception as error:
            return reply, error

    def _bound(self, timeout: httpx.Timeout) -> AbstractContextManager[object]:
        """Bound a whole request; other transports bound each read, not all of them."""
        return _UNBOUND if self._owns else anyio.fail_after(_total(timeout))

    async def aclose(self) -> None:
        """Begin no further request, and close the client if it is ours."""
        self._closed = True
        if self._owns:
            await self._http.aclose()


def _total(timeout: httpx.Timeout) -> float | None:
    """Return the seconds for a whole request: to connect, to write, for the head, for the body."""
    parts = (timeout.connect, timeout.write, timeout.read, timeout.read)
    return None if None in parts else sum(part for part in parts if part is not None)


def _timeouts(timeout: httpx.Timeout) -> dict[str, float | None]:
    return {
        "connect": timeout.connect,
        "read": timeout.read,
        "write": timeout.write,
        "pool": timeout.pool,
        "answer": None if timeout.read is None else 2 * timeout.read,
    }


async def _body_of(response: httpx.Response) -> bytes:
    """Return the raw body; an unsolicited encoding may hide gigabytes."""
    if response.is_stream_consumed:  # by a hook, or it never was a stream
        return response.content
    if "content-encoding" in response.headers:
        encoding = response.headers["content-encoding"]
        if encoding.lower() != "identity":
            raise httpx.DecodingError(f"the body is encoded as {encoding}, which was not requested")
    body = b""
    async for part in cast("httpx.AsyncByteStream", response.stream):
        body += part
        if len(body) > _LONGEST_BODY:
            raise httpx.DecodingError(f"the body is longer than {_LONGEST_BODY} bytes")
    return body


class _NoCookies(httpx.Cookies):
    """No cookies: the API sets none, and looking for them costs as much as a request."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Do nothing."""


class _Client(httpx.AsyncClient):
    """An `httpx.AsyncClient` without cookies."""

    @property
    def cookies(self) -> httpx.Cookies:
        return _no_cookies

    @cookies.setter
    def cookies(self, cookies: Any) -> None:
        """Keep none."""


_no_cookies = _NoCookies()


def build_sender(
    base_url: str,
    requests: RequestBuilder,
    proxy: str | None,
    verify: ssl.SSLContext | None,
    http_client: httpx.AsyncClient | None,
) -> HttpSender:
    """Return a sender for the API.

    Args:
        base_url: the API's address.
        requests: builds the requests.
        proxy: a proxy's URL (default: from the environment).
        verify: the caller's TLS context.
        http_client: the caller's client.

    Raises:
        InvalidArgumentError: an argument is invalid; the message names it.
        ConfigurationError: the proxy, or the certificates in the environment, cannot be used.
    """
    if not isinstance(verify, ssl.SSLContext | None):
        raise InvalidArgumentError("verify: give an ssl.SSLContext.")
    url = httpx.URL(base_url)
    host = url.netloc.decode()
    if http_client is not None:
        if proxy is not None or verify is not None:
            raise InvalidArgumentError("proxy, verify: give them to your http_client instead.")
        return HttpSender(http_client, requests, host)
    variable = "proxy"
    if proxy is None:
        variable, proxy = select_proxy(base_url, getproxies())
    if verify is None and (url.scheme == "https" or proxy is not None):
        verify = _trust()
    transport, via = _transport(proxy, variable, verify)
    return HttpSender(
        _Client(transport=transport, trust_env=False), requests, host, owns=True, via=via
    )


def _transport(
    proxy: str | None, variable: str, verify: ssl.SSLContext | None
) -> tuple[PhloTransport, str]:
    if proxy is None:
        return PhloTransport(verify=verify), ""
    try:
        given = httpx.Proxy(proxy)
        transport = PhloTransport(verify=verify, proxy=given)
    except (ValueError, httpx.InvalidURL, ImportError) as error:  # socks needs socksio
        raise ConfigurationError(f"{variable}: {str(error).rstrip('.')}.") from error
    named = "" if variable == "proxy" else f" ({variable})"
    return transport, f"the proxy {given.url.netloc.decode()}{named}"


def _trust() -> ssl.SSLContext:
    """Return a context with the authorities in the environment, else certifi's."""
    try:
        return default_tls()
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError(
            f"SSL_CERT_FILE, SSL_CERT_DIR: {error.strerror or error}; unset them, or let them name"
            " certificates in PEM form."
        ) from error
