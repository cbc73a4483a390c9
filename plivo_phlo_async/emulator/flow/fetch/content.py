"""What HTTP Request nodes send: the URL, the headers and the body of a request."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from urllib.parse import urlencode

import attrs
import httpx

from ...webhooks.http_client import USER_AGENT
from .hosts import FetchRefused, one_line, parse_url

__all__ = ["FetchRequest", "headers_and_body", "url_of"]

_METHODS = ("GET", "POST", "PUT", "DELETE")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_VALUE = re.compile(r"[\t\x20-\x7e]*").fullmatch
_OWN_HEADERS = frozenset({"connection", "content-length", "host", "transfer-encoding"})


@attrs.frozen
class FetchRequest:
    """What an HTTP Request node sends.

    Attributes:
        method: GET, POST, PUT or DELETE.
        url: the http or https URL.
        headers: headers by name.
        params: parameters that are added to the query.
        body: `{"json": value}`, `{"form": pairs}`, `{"multipart": pairs}`, or empty for none; a
            GET has none.
        auth: `{"basic": (user, password)}`, `{"bearer": token}`, or empty for none.
    """

    method: str
    url: str
    headers: Mapping[str, str] = attrs.field(factory=dict)
    params: Mapping[str, str] = attrs.field(factory=dict)
    body: Mapping[str, object] = attrs.field(factory=dict)
    auth: Mapping[str, object] = attrs.field(factory=dict, repr=False)


def url_of(request: FetchRequest) -> httpx.URL:
    """Return the URL of a request with its parameters.

    Raises:
        FetchRefused: it is not a valid http or https URL.
    """
    url = parse_url(request.url)
    if not request.params:
        return url
    added = _encoded("a parameter", request.params)
    return url.copy_with(query=b"&".join(part for part in (url.query, added) if part))


def _encoded(what: str, pairs: Mapping[str, str]) -> bytes:
    try:
        return urlencode(pairs).encode()
    except UnicodeEncodeError:
        raise FetchRefused(f"{what} has a character that cannot be sent") from None


def headers_and_body(request: FetchRequest, url: httpx.URL) -> tuple[httpx.Headers, bytes]:
    """Return the headers and the body of a request.

    Args:
        request: the request.
        url: its URL.

    Raises:
        FetchRefused: the method, a header or the body cannot be sent.
    """
    if request.method not in _METHODS:
        raise FetchRefused(f"{one_line(request.method)!r} is not one of {', '.join(_METHODS)}")
    body, content_type = (b"", "") if request.method == "GET" else _body(request.body)
    headers = httpx.Headers({"Accept": "*/*", "User-Agent": USER_AGENT})
    headers["Accept-Encoding"] = "identity"  # a compressed body could be of any size
    if content_type:
        headers["Content-Type"] = content_type
    for name, value in {**request.headers, **_authorization(request.auth, url)}.items():
        _check_header(name, value)
        headers[name] = value.strip()
    if body or request.method in ("POST", "PUT"):
        headers["Content-Length"] = str(len(body))
    headers["Host"] = url.netloc.decode()
    headers["Connection"] = "close"
    return headers, body


def _check_header(name: str, value: str) -> None:
    if not _NAME(name) or not _VALUE(value):
        raise FetchRefused(f"the header {one_line(name)!r} has a character that cannot be sent")
    if name.lower() in _OWN_HEADERS:
        raise FetchRefused(f"the header {one_line(name)!r} is the emulator's to set")


def _body(body: Mapping[str, object]) -> tuple[bytes, str]:
    """Return the bytes of a body, and their content type."""
    for kind, value in body.items():
        if kind == "json":
            try:
                return json.dumps(value, allow_nan=False).encode(), "application/json"
            except (ValueError, TypeError, RecursionError) as error:
                raise FetchRefused(f"the body is not JSON: {one_line(str(error))}") from None
        assert isinstance(value, Mapping)
        form = _encoded("the body", value)
        if kind == "form":
            return form, "application/x-www-form-urlencoded"
        parts = [(name, (None, text)) for name, text in value.items()]
        made = httpx.Request("POST", "http://localhost", files=parts)
        return made.read(), made.headers.get("Content-Type", "")
    return b"", ""


def _authorization(auth: Mapping[str, object], url: httpx.URL) -> dict[str, str]:
    if "bearer" in auth:
        return {"Authorization": f"Bearer {auth['bearer']}"}
    basic = auth.get("basic") or ((url.username, url.password) if url.userinfo else None)
    if basic is None:
        return {}
    assert isinstance(basic, tuple | list)
    pair = ":".join(map(str, basic)).encode(errors="replace")
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
