"""Select the proxy from the environment, like httpx."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping

import httpx

__all__ = ["select_proxy"]


def select_proxy(base_url: str, proxies: Mapping[str, str]) -> tuple[str, str | None]:
    """Return the variable that names the proxy for the API, and its URL; "" and None without one.

    https://www.python-httpx.org/environment_variables/

    Args:
        base_url: the API's address.
        proxies: the environment's proxies by scheme, as `urllib.request.getproxies` returns them.
    """
    url = httpx.URL(base_url)
    scheme = url.scheme if proxies.get(url.scheme) else "all"
    proxy = proxies.get(scheme)
    entries = [entry.strip() for entry in proxies.get("no", "").split(",")]
    if not proxy or any(_matches(entry, url) for entry in entries if entry):
        return "", None
    return _variable(f"{scheme}_proxy"), proxy if "://" in proxy else f"http://{proxy}"


def _variable(name: str) -> str:
    """Return the variable in the environment's spelling; of two, lower case wins."""
    spelled = [each for each in os.environ if each.lower() == name]
    return max(spelled, default="the system's settings")


def _matches(entry: str, url: httpx.URL) -> bool:
    """Return whether an entry of NO_PROXY matches `url`."""
    if entry == "*":
        return True
    try:
        pattern = httpx.URL(_pattern(entry))
    except httpx.InvalidURL:
        return False
    if pattern.scheme not in {"all", url.scheme} or pattern.port not in {None, url.port}:
        return False
    host = pattern.host
    if host == "*":  # only a port was given
        return True
    if host.startswith("*."):  # subdomains only
        return url.host.endswith(host[1:])
    if host.startswith("*"):
        return url.host == host[1:] or url.host.endswith(f".{host[1:]}")
    return url.host == host


def _pattern(entry: str) -> str:
    """Return an entry as the pattern of URLs that httpx makes of it."""
    if "://" in entry:
        return entry
    try:
        address = ipaddress.ip_address(entry.split("/")[0])
    except ValueError:
        return f"all://{entry}" if entry.lower() == "localhost" else f"all://*{entry}"
    return f"all://{entry}" if address.version == 4 else f"all://[{entry}]"
