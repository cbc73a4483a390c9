"""Which way requests go: through the caller's own client, through a proxy, or through our pool."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from urllib.request import getproxies, proxy_bypass

import httpx

from ..errors import ConfigurationError, InvalidArgumentError
from .courier import Courier, HttpxCourier, PoolCourier
from .pool import Pool

__all__ = ["courier_for", "proxy_for"]

_Account = tuple[str, str, dict[str, str]]


def courier_for(
    account: _Account,
    max_connections: int,
    proxy: str | None,
    verify: ssl.SSLContext | None,
    http: httpx.AsyncClient | None,
) -> Courier:
    """The way to the server.

    Args:
        account: the API's address, the Auth ID and the headers of every request.
        max_connections: how many requests may be under way at once.
        proxy: a proxy's address; else the environment's, if it names one.
        verify: a TLS context of the caller's own.
        http: the caller's own client.

    Raises:
        InvalidArgumentError: an argument is of no use.
        ConfigurationError: the proxy, or the certificates the environment names, cannot be used.
    """
    if not isinstance(verify, ssl.SSLContext | None):
        raise InvalidArgumentError("verify: give an ssl.SSLContext.")
    if http is not None:
        if proxy is not None or verify is not None:
            raise InvalidArgumentError("proxy, verify: give them to your http_client instead.")
        return HttpxCourier(http, *account)
    proxy = proxy if proxy is not None else proxy_for(account[0], getproxies())
    if proxy is not None:
        return _proxied(proxy, account, verify or _trust(), max_connections)
    url = httpx.URL(account[0])
    if url.scheme == "https":
        verify = verify or _trust()
    return PoolCourier(Pool(url, verify), *account)


def proxy_for(base_url: str, proxies: Mapping[str, str]) -> str | None:
    """The address of the proxy on the way to `base_url`, or None.

    Args:
        base_url: the API's address.
        proxies: the environment's proxies by scheme, as `urllib.request.getproxies` gives them.
    """
    url = httpx.URL(base_url)
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(url.host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _proxied(
    proxy: str, account: _Account, verify: ssl.SSLContext, max_connections: int
) -> HttpxCourier:
    limits = httpx.Limits(
        max_connections=max_connections,
        max_keepalive_connections=max_connections,  # a lower one has httpx close busy ones early
    )
    try:
        http = httpx.AsyncClient(limits=limits, proxy=proxy, verify=verify)
        via = httpx.URL(proxy).netloc.decode()  # without its password
    except (ValueError, httpx.InvalidURL, ImportError) as error:  # socks needs socksio
        raise ConfigurationError(f"proxy: {str(error).rstrip('.')}.") from error
    return HttpxCourier(http, *account, owns=True, via=via)


def _trust() -> ssl.SSLContext:
    """The authorities that the environment names, else certifi's."""
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError(
            f"SSL_CERT_FILE, SSL_CERT_DIR: {error.strerror or error}; unset them, or let them name"
            " certificates in PEM form."
        ) from error
