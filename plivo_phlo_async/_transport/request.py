"""Requests for httpx, built from prepared parts.

Their URLs and headers hold a phone number and the account's token. No `repr` shows either, so that
tracebacks with local variables and httpx's log do not.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import httpx

from .._masking import mask_members
from ..actions import Action

__all__ = ["PhloRequest", "RequestBuilder", "mask_own_requests"]


class PhloURL(httpx.URL):
    """A URL whose `repr` masks the member's address."""

    def __repr__(self) -> str:
        return f"PhloURL({self.masked!r})"

    @property
    def masked(self) -> str:
        """The URL with the member's address masked."""
        return mask_members(str(self))


class PhloRequest(httpx.Request):
    """An `httpx.Request` built without parsing.

    Args:
        method: the method.
        url: the URL.
        headers: all headers, including `Host`; not copied.
        content: the body.
        extensions: httpx's extensions.
    """

    def __init__(
        self,
        method: str,
        url: httpx.URL,
        headers: httpx.Headers,
        content: bytes,
        extensions: dict[str, Any],
    ) -> None:
        self.method: str = method
        self.url: httpx.URL = url
        self.headers: httpx.Headers = headers
        self.extensions: dict[str, Any] = extensions
        self.stream: httpx.ByteStream = httpx.ByteStream(content)
        self.read()

    def __repr__(self) -> str:
        return f"<PhloRequest({self.method!r}, {mask_members(str(self.url))!r})>"


class RequestBuilder:
    """Builds the requests of one account.

    Args:
        base_url: the API's address.
        auth_id: the account, which is part of some paths.
        headers: the headers of every request.
    """

    def __init__(self, base_url: str, auth_id: str, headers: Mapping[str, str]) -> None:
        self._auth_id = auth_id
        self._fixed = {"Host": httpx.URL(base_url).netloc.decode(), **headers}
        self._url = lru_cache(1024)(lambda path: PhloURL(base_url + path))
        self._headers = lru_cache(1024)(self._headers_of)

    def build(self, action: Action, extensions: dict[str, Any]) -> PhloRequest:
        """Return the request for `action`."""
        method, body = action.method, action.body()
        url = self._url(action.path(self._auth_id))
        headers = self._headers(method, None if body is None else len(body))
        return PhloRequest(method, url, headers.copy(), body or b"", extensions)

    def _headers_of(self, method: str, length: int | None) -> httpx.Headers:
        headers = dict(self._fixed)
        if length is not None:
            headers["Content-Type"] = "application/json"
        if method == "POST":
            headers["Content-Length"] = str(length or 0)
        return httpx.Headers(headers, encoding="ascii")  # given, so that httpx does not detect it


class _OwnRequestsMasked(logging.Filter):
    """Masks the URLs of this package's requests, and no others, in httpx's log."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                arg.masked if isinstance(arg, PhloURL) else arg for arg in record.args
            )
        return True


_own_requests_masked = _OwnRequestsMasked()


def mask_own_requests() -> None:
    """Mask phone numbers in httpx's log, which has the URLs of requests at INFO."""
    logging.getLogger("httpx").addFilter(_own_requests_masked)  # a second time changes nothing
