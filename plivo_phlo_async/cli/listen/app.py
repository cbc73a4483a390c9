"""The ASGI application of `listen`: it verifies, prints and forwards events."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from attrs import evolve

from ...errors import SignatureError, WebhookError
from ...webhooks import Event, parse_request, receive
from ...webhooks.asgi import ClientDisconnected, Receive, Scope, Send, chunks_of, url_of
from ...webhooks.http_params import normalize_headers
from ...webhooks.receiver import read_body
from .forward import ForwardResponse, ForwardTarget, Pairs, is_http_url
from .printer import EventPrinter, IncomingRequest

__all__ = ["ListenApp", "base_urls"]

_MAX_BODY = 262_144
_MOST_HOSTS = 3  # that are tried


class ListenApp:
    """An ASGI application that prints the event of every request, on any path.

    Args:
        printer: prints the events.
        auth_token: verifies signatures; None disables verification.
        public_url: the public base URL of this server.
        allow_v2: accept requests that are signed with V2 only.
        component: the component that posts here (default: detected from the variables).
        target: the service that events are forwarded to.

    Attributes:
        stop: called when stdout cannot be written.
    """

    def __init__(
        self,
        printer: EventPrinter,
        auth_token: str | None,
        *,
        public_url: str | None = None,
        allow_v2: bool = False,
        component: str | None = None,
        target: ForwardTarget | None = None,
    ) -> None:
        self._printer, self._token, self._public_url = printer, auth_token, public_url
        self._allow_v2, self._component, self._target = allow_v2, component, target
        self.stop: Callable[[], None] = lambda: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request: respond as the forward target does, else with 200 or an error."""
        try:
            body = await read_body(chunks_of(receive), _MAX_BODY)
        except ClientDisconnected:
            return
        try:
            response = await self._handle(
                self._received(scope, body or b""), whole=body is not None
            )
        except OSError:
            self.stop()
            response = ForwardResponse(503)
        await _respond(send, response)

    def _received(self, scope: Scope, body: bytes) -> IncomingRequest:
        requested = url_of(scope)
        parts = urlsplit(requested)
        target = requested[len(f"{parts.scheme}://{parts.netloc}") :]
        url = requested if self._public_url is None else self._public_url.rstrip("/") + target
        return IncomingRequest(scope["method"], url, target, [*scope["headers"]], body)

    async def _handle(self, request: IncomingRequest, *, whole: bool) -> ForwardResponse:
        if not whole:
            return self._reject(request, 413, f"the body has more than {_MAX_BODY} bytes")
        try:
            event = self._event(request)
        except SignatureError as error:
            return self._reject(request, 403, self._reason(request, error))
        except WebhookError as error:
            return self._reject(request, 400, str(error))
        self._printer.event(event, request, verified=self._token is not None)
        if self._target is None:
            return ForwardResponse(200)
        return await self._forward(self._target, request)

    def _event(self, request: IncomingRequest) -> Event:
        arguments = (request.method, request.url, request.headers, request.body)
        if self._token is None:
            return parse_request(*arguments, self._component)
        return receive(*arguments, self._token, component=self._component, allow_v2=self._allow_v2)

    def _reason(self, request: IncomingRequest, error: SignatureError) -> str:
        """Return why a signature is invalid; the right --public-url where that is the cause."""
        for base in base_urls(request.headers, self._public_url):
            try:
                self._event(evolve(request, url=base + request.target))
            except WebhookError:
                continue
            return f"the signature is for another URL; pass --public-url {base}"
        return error.reason.replace("public_base_url", "--public-url")

    def _reject(self, request: IncomingRequest, status: int, reason: str) -> ForwardResponse:
        self._printer.rejected(request, status, reason)
        return ForwardResponse(status)

    async def _forward(self, target: ForwardTarget, request: IncomingRequest) -> ForwardResponse:
        try:
            response = await target.send(
                request.method, request.target, request.headers, request.body
            )
        except OSError as error:
            self._printer.forwarded(target.url, error)
            return ForwardResponse(502)
        self._printer.forwarded(target.url, response)
        return response


def base_urls(headers: Pairs, public_url: str | None) -> list[str]:
    """Return the base URLs that a request may have been sent to, as its headers name the host.

    Args:
        headers: the headers of the request.
        public_url: the public base URL as set, whose path may be right although its host is not.
    """
    texts = normalize_headers(headers)
    named = ",".join(texts.get(name, "") for name in ("host", "x-forwarded-host")).split(",")
    hosts = dict.fromkeys([*filter(None, map(str.strip, named[:_MOST_HOSTS]))])
    paths = dict.fromkeys(["", urlsplit(public_url or "").path.rstrip("/")])
    found = [
        f"{scheme}://{host}{path}"
        for host in hosts
        for path in paths
        for scheme in ("https", "http")
    ]
    return list(filter(is_http_url, found))


async def _respond(send: Send, response: ForwardResponse) -> None:
    headers = [(name.lower(), value) for name, value in response.headers]
    if response.status not in {204, 304}:
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
