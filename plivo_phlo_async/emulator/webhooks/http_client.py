"""Webhook requests: building, signing and sending one, with Plivo's timeouts."""

import json
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlencode, urlsplit

import anyio
import attrs
import httpx

from ..asgi import ASGIApp
from .callbacks import Callback
from .signing import signature_headers, signed_text

CONNECT_SECONDS = 2.0
"""The connect timeout."""

READ_SECONDS = 40.0
"""How long the status may take, from being connected."""

_LOGGER = logging.getLogger("plivo_phlo_async.emulator")

USER_AGENT = "plivo-phlo-emulator"
"""The `User-Agent` of a webhook request."""


@attrs.frozen
class WebhookRequest:
    """One HTTP request to a callback URL.

    Attributes:
        method: "POST" or "GET".
        url: the URL, with the variables of a GET.
        headers: the headers, among them the three of the signature.
        body: the variables of a POST, as a form or as JSON.
        signed: the string that was signed.
        app: the ASGI application that receives it, None for the URL's host.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    signed: str
    app: ASGIApp | None = attrs.field(default=None, repr=False)


def build_request(
    callback: Callback, variables: Mapping[str, str], token: str, nonce: str
) -> WebhookRequest:
    """Return the request that posts `variables` to `callback`, signed with the Auth Token."""
    url, body, content_type = callback.url, b"", ""
    if callback.method == "GET":
        url += ("&" if urlsplit(url).query else "?") + urlencode(variables)
    elif callback.format == "json":
        body, content_type = json.dumps(variables).encode(), "application/json"
    else:
        body, content_type = urlencode(variables).encode(), "application/x-www-form-urlencoded"
    text = signed_text(
        callback.version,
        callback.method,
        url,
        variables,
        nonce,
        port_in_signature=callback.port_in_signature,
    )
    headers = signature_headers(callback.version, token, text, nonce)
    headers |= {"User-Agent": USER_AGENT, **({"Content-Type": content_type} if body else {})}
    return WebhookRequest(callback.method, url, headers, body, text, callback.app)


async def send_request(request: WebhookRequest) -> int:
    """Send a request, over a new connection or to its application; return the response's status.

    Raises `OSError` if the connection fails, and its subclass `TimeoutError` on a timeout.
    """
    try:
        with anyio.fail_after(CONNECT_SECONDS + READ_SECONDS):
            return await _send(request)
    except httpx.TimeoutException as error:
        raise TimeoutError(f"timed out ({type(error).__name__})") from error
    except httpx.TransportError as error:
        raise OSError(innermost_reason(error)) from error


def innermost_reason(error: BaseException) -> str:
    """Return the innermost message of an error: httpx's own is empty where trio's is."""
    reason = "the connection broke"
    inner: BaseException | None = error
    while inner is not None:
        reason = str(inner) or reason
        inner = inner.__cause__ or inner.__context__
    return reason


class RequestBody(httpx.AsyncByteStream):
    """The body of a request.

    It is not an async generator, as httpx's own is: one that a failed write leaves behind is a
    warning on trio.

    Args:
        body: the bytes.
    """

    def __init__(self, body: bytes) -> None:
        self._parts = iter([body])

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for part in self._parts:
            return part
        raise StopAsyncIteration


async def _send(request: WebhookRequest) -> int:
    parts = urlsplit(request.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    sent = httpx.Request(
        request.method,
        request.url,
        headers={
            **request.headers,
            "Host": parts.netloc,
            "Connection": "close",
            "Content-Length": str(len(request.body)),
        },
        stream=RequestBody(request.body),
        # The target is sent as signed: httpx would encode some characters of it.
        extensions={"timeout": timeout.as_dict(), "target": target.encode()},
    )
    async with _transport(request) as transport:
        try:
            response = await transport.handle_async_request(sent)
        except Exception:
            if request.app is None:
                raise
            _LOGGER.exception("The application that receives webhooks failed.")
            return 500  # as a server answers for it
        await response.aclose()
        return response.status_code


def _transport(request: WebhookRequest) -> httpx.AsyncBaseTransport:
    if request.app is not None:
        return httpx.ASGITransport(app=request.app)
    verify = ssl.create_default_context() if request.url.startswith("https:") else False
    return httpx.AsyncHTTPTransport(verify=verify, trust_env=False)
