"""The connection pool as an httpx transport, for this package's client and for others."""

from __future__ import annotations

import base64
import functools
import ssl
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from .connect import HttpProxy

__all__ = ["PhloTransport", "default_tls"]


class PhloTransport(httpx.AsyncHTTPTransport):
    """An httpx transport whose connections are pooled in constant time.

    It serves any origin, on asyncio and trio, from several event loops, threads and forked
    processes: a connection belongs to the loop and process that opened it. It has no limit of its
    own; `max_connections` of `AsyncPhloClient` is one. It uses HTTP/1.1, and reports to httpx's
    `trace` extension whether a request was begun.

        http = httpx.AsyncClient(transport=PhloTransport(), event_hooks=...)
        client = AsyncPhloClient(http_client=http)

    It is an `httpx.AsyncHTTPTransport`, so what mocks or instruments that class sees its requests.

    Args:
        verify: the TLS context (default: httpx's own, which reads SSL_CERT_FILE and SSL_CERT_DIR).
        proxy: a proxy's URL, or an `httpx.Proxy`. Variables such as HTTPS_PROXY are not read.
        keepalive_expiry: seconds for which an idle connection is kept; less if the server's
            `Keep-Alive` header says less.

    Raises:
        ValueError: the proxy's URL cannot be used.
        ImportError: a SOCKS proxy needs the package socksio.
    """

    def __init__(
        self,
        *,
        verify: ssl.SSLContext | None = None,
        proxy: str | httpx.URL | httpx.Proxy | None = None,
        keepalive_expiry: float = 4.0,
    ) -> None:
        from .connection_pool import ConnectionPool

        if isinstance(proxy, str | httpx.URL):
            proxy = httpx.Proxy(proxy)
        if proxy is not None and proxy.url.scheme.startswith("socks"):
            limits = httpx.Limits(keepalive_expiry=keepalive_expiry)
            super().__init__(verify=verify or default_tls(), proxy=proxy, limits=limits)
            return
        tls = functools.cache(default_tls) if verify is None else lambda: verify
        via = None if proxy is None else _http_proxy(proxy)
        # The base class would open httpcore's pool; everything else in it stays.
        self._pool = ConnectionPool(tls, via, keepalive=keepalive_expiry)  # type: ignore[assignment]  # httpcore's interface


def default_tls() -> ssl.SSLContext:
    """Return httpx's TLS context, restricted to HTTP/1.1."""
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _http_proxy(proxy: httpx.Proxy) -> HttpProxy:
    from .connect import HttpProxy, Origin

    url = proxy.url
    headers = [*proxy.headers.raw]
    if proxy.raw_auth is not None:
        pair = base64.b64encode(b":".join(proxy.raw_auth))
        headers.append((b"Proxy-Authorization", b"Basic " + pair))
    port = url.port or (443 if url.scheme == "https" else 80)
    origin = Origin(url.raw_scheme, url.raw_host, port)
    return HttpProxy(origin, tuple(headers), proxy.ssl_context)
