"""Sending the request of an HTTP Request node, and reading its response.

Plivo documents no timeout, retry or limit; 10 seconds, none and 64 KiB are assumed.
"""

from __future__ import annotations

import re
import ssl
from contextlib import suppress

import anyio
import attrs
import httpx

from ...webhooks.http_client import RequestBody, innermost_reason
from .content import FetchRequest, headers_and_body, url_of
from .hosts import AllowedHosts, FetchRefused, one_line, route

__all__ = ["MAX_BODY", "FetchFailed", "FetchReply", "fetch"]

MAX_BODY = 64 * 1024
"""The maximum size of a response's body in bytes."""

_CHARSET = re.compile(
    r"charset=[\"']?((?:utf-(?!7)|iso-8859-|windows-|us-ascii|euc-|gb|big5|shift_jis|koi8-)[\w-]*)",
    re.IGNORECASE,
).search


@attrs.frozen
class FetchReply:
    """A response, whatever its status.

    Attributes:
        status: the HTTP status.
        content_type: the `Content-Type` header, "" without one.
        text: the body; what is not in its charset is replaced.
    """

    status: int
    content_type: str
    text: str


@attrs.frozen
class FetchFailed:
    """A request that has no response.

    Attributes:
        reason: why, in one line.
    """

    reason: str


async def fetch(
    request: FetchRequest, *, allowed: AllowedHosts, timeout: float = 10.0
) -> FetchReply | FetchFailed:
    """Send a request and read its response.

    Redirects are not followed, nothing is retried, no proxy is used and no cookie kept.

    Args:
        request: the request.
        allowed: the hosts that it may reach, besides this machine.
        timeout: seconds for all of it.

    Returns:
        The response; or why there is none, also for an invalid request. Raises nothing but the
        cancellation of the task.
    """
    try:
        with anyio.fail_after(timeout):
            return await _fetch(request, allowed)
    except FetchRefused as error:
        return FetchFailed(str(error))
    except (TimeoutError, httpx.TimeoutException):
        return FetchFailed(f"no response within {timeout:g} s")
    except Exception as error:  # a node fails, the emulator goes on
        return FetchFailed(f"the request failed: {one_line(innermost_reason(error))}")


async def _fetch(request: FetchRequest, allowed: AllowedHosts) -> FetchReply:
    url = url_of(request)
    headers, body = headers_and_body(request, url)
    target, addresses = await route(url, allowed)
    *others, last = addresses
    for address in others:  # such as ::1, where the server listens on 127.0.0.1 alone
        with suppress(httpx.ConnectError):
            return await _send(request.method, target, address, headers, body)
    return await _send(request.method, target, last, headers, body)


async def _send(
    method: str, target: httpx.URL, address: str, headers: httpx.Headers, body: bytes
) -> FetchReply:
    is_tls = target.scheme == "https"
    request = httpx.Request(
        method,
        target.copy_with(host=address),
        headers=headers,
        stream=RequestBody(body),
        extensions={"sni_hostname": target.host, "timeout": {}},
    )
    verify = ssl.create_default_context() if is_tls else False
    async with httpx.AsyncHTTPTransport(verify=verify, trust_env=False) as transport:
        response = await transport.handle_async_request(request)
        try:
            return await _read(response)
        finally:
            await response.aclose()


async def _read(response: httpx.Response) -> FetchReply:
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding != "identity":
        raise FetchRefused(f"the response is compressed ({one_line(encoding)}), unasked")
    body = await _read_body(response)
    content_type = response.headers.get("Content-Type", "")
    return FetchReply(response.status_code, content_type, _decoded(body, content_type))


async def _read_body(response: httpx.Response) -> bytes:
    body = b""
    try:
        async for part in response.aiter_raw():
            body += part
            if len(body) > MAX_BODY:
                # The generators then end by an error: left behind, they would be a warning on trio.
                await response.aclose()
    except httpx.HTTPError:
        if len(body) <= MAX_BODY:
            raise
    if len(body) > MAX_BODY:
        raise FetchRefused(f"the response is longer than {MAX_BODY // 1024} KiB")
    return body


def _decoded(body: bytes, content_type: str) -> str:
    charset = _CHARSET(content_type)
    try:
        return body.decode(charset[1] if charset else "utf-8", errors="replace")
    except LookupError:
        return body.decode(errors="replace")
