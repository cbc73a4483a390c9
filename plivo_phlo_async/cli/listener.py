"""The application that `listen` serves: it takes, checks, tells and hands on."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from ..errors import SignatureError, WebhookError
from ..webhooks import Event, parse_request, receive
from ..webhooks.asgi import ClientDisconnected, Receive, Scope, Send, chunks_of, url_of
from ..webhooks.receiver import read_body
from .forward import Forwarded, Target
from .teller import Request, Teller

__all__ = ["Listener"]

_LONGEST_BODY = 262_144


class Listener:
    """An ASGI application that tells of every request, whatever its path.

    Args:
        teller: prints.
        auth_token: checks signatures with it; None checks nothing.
        public_url: what the sender knows this address as.
        allow_v2: take a request that is signed by V2 only.
        component: which component posts here; without it the variables tell.
        target: where events are handed on to.

    Attributes:
        stop: is called when nobody reads what is printed any more.
    """

    def __init__(
        self,
        teller: Teller,
        auth_token: str | None,
        *,
        public_url: str | None = None,
        allow_v2: bool = False,
        component: str | None = None,
        target: Target | None = None,
    ) -> None:
        self._teller, self._token, self._public_url = teller, auth_token, public_url
        self._allow_v2, self._component, self._target = allow_v2, component, target
        self.stop: Callable[[], None] = lambda: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: as the service it was handed on to did, else 200 or a refusal."""
        try:
            body = await read_body(chunks_of(receive), _LONGEST_BODY)
        except ClientDisconnected:
            return
        try:
            answer = await self._handle(self._asked(scope, body or b""), whole=body is not None)
        except BrokenPipeError:
            self.stop()
            answer = Forwarded(503)
        await _say(send, answer)

    def _asked(self, scope: Scope, body: bytes) -> Request:
        whole = url_of(scope)
        parts = urlsplit(whole)
        line = whole[len(f"{parts.scheme}://{parts.netloc}") :]
        url = whole if self._public_url is None else self._public_url.rstrip("/") + line
        return Request(scope["method"], url, line, [*scope["headers"]], body)

    async def _handle(self, request: Request, *, whole: bool) -> Forwarded:
        if not whole:
            return self._refuse(request, 413, f"its body has more than {_LONGEST_BODY} bytes")
        try:
            event = self._event(request)
        except SignatureError as error:
            reason = error.reason.replace("public_base_url", "--public-url")
            return self._refuse(request, 403, reason)
        except WebhookError as error:
            return self._refuse(request, 400, str(error))
        self._teller.event(event, request, verified=self._token is not None)
        if self._target is None:
            return Forwarded(200)
        return await self._forward(self._target, request)

    def _event(self, request: Request) -> Event:
        asked = (request.method, request.url, request.headers, request.body)
        if self._token is None:
            return parse_request(*asked, self._component)
        return receive(*asked, self._token, component=self._component, allow_v2=self._allow_v2)

    def _refuse(self, request: Request, status: int, reason: str) -> Forwarded:
        self._teller.refused(request, status, reason)
        return Forwarded(status)

    async def _forward(self, target: Target, request: Request) -> Forwarded:
        try:
            answer = await target.send(request.method, request.line, request.headers, request.body)
        except OSError as error:
            self._teller.forwarded(target.url, error)
            return Forwarded(502)
        self._teller.forwarded(target.url, answer)
        return answer


async def _say(send: Send, answer: Forwarded) -> None:
    headers = [(name.lower(), value) for name, value in answer.headers]
    if answer.status not in {204, 304}:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
