"""The hosts that HTTP Request nodes reach: this machine, and those that are allowed."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from ipaddress import ip_address

import anyio
import attrs
import httpx

__all__ = ["AllowedHosts", "FetchRefused", "one_line", "parse_url", "route"]

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(rb"[0-9a-z._-]{1,253}|[0-9a-f:.]{2,45}").fullmatch


class FetchRefused(ValueError):
    """A request or a response that is refused; the message says why in one line."""


def _lower(hosts: frozenset[str]) -> frozenset[str]:
    return frozenset(host.lower() for host in hosts)


def _lower_keys(mapped: Mapping[str, str]) -> dict[str, str]:
    return {host.lower(): url for host, url in mapped.items()}


@attrs.frozen
class AllowedHosts:
    """The hosts that HTTP Request nodes may reach, besides this machine.

    Attributes:
        hosts: hosts, each as `host` or `host:port`.
        mapped: base URLs by host or `host:port`: a request to the host is sent there instead, with
            its own `Host` header and with its path below the base's.

    Raises:
        ValueError: a base URL is not an http or https URL.
    """

    hosts: frozenset[str] = attrs.field(default=frozenset(), converter=_lower)
    mapped: Mapping[str, str] = attrs.field(factory=dict, converter=_lower_keys)

    def __attrs_post_init__(self) -> None:
        """Check the base URLs."""
        for host, base in self.mapped.items():
            try:
                parse_url(base)
            except FetchRefused as error:
                raise ValueError(f"{host}: {error}") from None

    def base_of(self, url: httpx.URL) -> str | None:
        """Return the base URL that the host of a URL is mapped to, None for none."""
        return next((self.mapped[key] for key in _keys(url) if key in self.mapped), None)

    def allows(self, url: httpx.URL) -> bool:
        """Return whether the host of a URL is allowed by name."""
        return any(key in self.hosts for key in _keys(url))


def parse_url(text: str) -> httpx.URL:
    """Return a URL.

    Args:
        text: the URL.

    Raises:
        FetchRefused: it is not a valid http or https URL.
    """
    try:
        url = httpx.URL(text)
        valid = url.scheme in _DEFAULT_PORTS and _HOST(url.raw_host) and (url.port or 1) <= 65535
    except (httpx.InvalidURL, ValueError):
        valid = None
    if not valid:
        shown = one_line(text.partition("?")[0])
        raise FetchRefused(f"{shown!r} is not a valid http or https URL")
    return url


def _keys(url: httpx.URL) -> tuple[str, str]:
    host = url.raw_host.decode().rstrip(".")
    return f"{host}:{url.port or _DEFAULT_PORTS[url.scheme]}", host


async def route(url: httpx.URL, allowed: AllowedHosts) -> tuple[httpx.URL, list[str]]:
    """Return the URL that a request is sent to, and the addresses or the name to connect to.

    Args:
        url: the request's own URL.
        allowed: the hosts that it may reach, besides this machine.

    Raises:
        FetchRefused: the host is neither this machine nor allowed.
    """
    base = allowed.base_of(url)
    if base is not None:
        target = parse_url(base)
        path = target.raw_path.partition(b"?")[0].rstrip(b"/") + url.raw_path
        return target.copy_with(raw_path=path), [target.host]
    if allowed.allows(url):
        return url, [url.host]
    return url, await _loopback_addresses(url)


async def _loopback_addresses(url: httpx.URL) -> list[str]:
    """Return the addresses of a host on this machine.

    The connection is made to an address that was checked: what the name resolves to a moment later
    makes no difference.
    """
    _, host = _keys(url)
    hint = f"start the emulator with --allow-host {host}"
    if host != "localhost" and not host.endswith(".localhost") and not _is_loopback(host):
        raise FetchRefused(f"{host} is not allowed; {hint}")
    try:
        found = await anyio.getaddrinfo(host, url.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise FetchRefused(f"{host} cannot be resolved: {one_line(str(error))}") from None
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    others = [address for address in addresses if not _is_loopback(address)]
    if others:
        raise FetchRefused(f"{host} is {others[0]}, which is not this machine; {hint}")
    return addresses


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def one_line(text: str) -> str:
    """Return a text as one line of 100 characters at most."""
    line = " ".join(text.encode(errors="backslashreplace").decode().split())
    return line if len(line) <= 100 else f"{line[:100]}..."
