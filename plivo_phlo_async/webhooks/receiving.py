"""From a request to a verified event, for every framework: read, verify, parse.

What a refused sender is told gives nothing away; why it was refused goes to the logger
`plivo_phlo_async`, without numbers and tokens.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterable, Sequence
from inspect import isawaitable
from typing import TypeVar, overload

from attrs import field, frozen

from ..errors import SignatureError, WebhookError
from .fields import Event
from .nonces import AsyncNonceStore, NonceStore
from .parsing import parse_request
from .verification import replayed, verify_v2, verify_v3
from .vocabulary import Component
from .wire import Headers, body_params, header_texts

__all__ = ["Receiver", "Refusal", "read_body", "receive"]

E = TypeVar("E", bound=Event)

_logger = logging.getLogger("plivo_phlo_async")


@overload
def receive(
    method: str,
    url: str,
    headers: Headers,
    body: bytes,
    auth_token: str | Sequence[str],
    *,
    component: type[E],
    public_base_url: str | None = None,
    allow_v2: bool = False,
    nonces: NonceStore | None = None,
) -> E: ...


@overload
def receive(
    method: str,
    url: str,
    headers: Headers,
    body: bytes,
    auth_token: str | Sequence[str],
    *,
    component: Component | str | None = None,
    public_base_url: str | None = None,
    allow_v2: bool = False,
    nonces: NonceStore | None = None,
) -> Event: ...


def receive(
    method: str,
    url: str,
    headers: Headers,
    body: bytes,
    auth_token: str | Sequence[str],
    *,
    component: type[E] | Component | str | None = None,
    public_base_url: str | None = None,
    allow_v2: bool = False,
    nonces: NonceStore | None = None,
) -> E | Event:
    """Verify a request and give its event.

    https://docs.plivo.com/docs/voice/concepts/signature-validation/

    Args:
        method: the HTTP method.
        url: the URL as it was asked, its path and query as they came (not decoded).
        headers: the request's headers; case does not matter.
        body: the body as it came.
        auth_token: the account's or subaccount's Auth Token, or several where it changes.
        component: which component posts here: an event's class, a `Component` or its name; without
            it the variables tell.
        public_base_url: scheme, host and path in front as Plivo was given them, where a proxy or
            tunnel is between; as for `verify_v3`.
        allow_v2: take a request that is signed by V2 only, which covers neither query nor body.
            Plivo's messaging signs so; whether Send SMS does is not documented.
        nonces: remembers nonces; one it has seen is refused.

    Returns:
        The event; what was not sent or cannot be read is None there.

    Raises:
        SignatureError: it is not signed, not by Plivo, or comes a second time.
        WebhookError: the body is neither a form nor a JSON object, or has more than 1000 keys.
        InvalidArgumentError: there is no such component.
    """
    texts = header_texts(headers)
    if allow_v2 and not _is_signed(texts, "v3") and _is_signed(texts, "v2"):
        verify_v2(url, texts, auth_token, public_base_url=public_base_url, nonces=nonces)
    else:
        # The same bytes are signed and parsed; where they are no UTF-8, only parsing replaces them.
        sent = None if method.upper() == "GET" else body_params(texts, body, "surrogateescape")
        verify_v3(
            method, url, texts, sent, auth_token, public_base_url=public_base_url, nonces=nonces
        )
    return parse_request(method, url, texts, body, component)


def _is_signed(headers: dict[str, str], version: str) -> bool:
    return any(f"x-plivo-signature-{kind}" in headers for kind in (version, f"ma-{version}"))


async def read_body(chunks: AsyncIterable[bytes], most: int) -> bytes | None:
    """The body of these pieces; None, and no more is read, when it has more than `most` bytes."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)


@frozen
class Refusal:
    """What a refused request is answered; it does not tell the sender why.

    Attributes:
        status: the HTTP status: 403 not signed by Plivo, 400 a body that cannot be read, 413 one
            that is too large.
        text: the answer's body.
    """

    status: int
    text: str


_FORGED = Refusal(403, "Forbidden")
_UNREADABLE = Refusal(400, "Bad Request")
_TOO_LARGE = Refusal(413, "Content Too Large")


@frozen
class Receiver:
    """How webhooks are received at one place, whatever the framework.

    Attributes:
        auth_token: the account's or subaccount's Auth Token, or several where it changes.
        component: which component posts here: an event's class, a `Component` or its name; without
            it the variables tell.
        public_base_url: scheme, host and path in front as Plivo was given them, where a proxy or
            tunnel is between; as for `verify_v3`.
        allow_v2: take a request that is signed by V2 only, which covers neither query nor body.
        nonces: remembers nonces, in memory or, awaited, elsewhere; one it has seen is refused.
        max_body: bytes a body may have; 256 KiB where nothing is said.
    """

    auth_token: str | Sequence[str] = field(repr=False)
    component: type[Event] | Component | str | None = None
    public_base_url: str | None = None
    allow_v2: bool = False
    nonces: NonceStore | AsyncNonceStore | None = None
    max_body: int = 262_144

    async def accept(
        self, method: str, url: str, headers: Headers, chunks: AsyncIterable[bytes]
    ) -> Event | Refusal:
        """The event a request brings, or how to refuse it.

        Args:
            method: the HTTP method.
            url: the URL as it was asked, its path and query as they came (not decoded).
            headers: the request's headers.
            chunks: the body, piece by piece; read once, and no further than `max_body`.

        Returns:
            The event, or a `Refusal` to answer with; why it was refused is logged.

        Raises:
            InvalidArgumentError: there is no such component.
        """
        body = await read_body(chunks, self.max_body)
        if body is None:
            _logger.warning("webhook refused: its body has more than %d bytes", self.max_body)
            return _TOO_LARGE
        heard = _Heard()
        try:
            event = receive(
                method,
                url,
                headers,
                body,
                self.auth_token,
                component=self.component,
                public_base_url=self.public_base_url,
                allow_v2=self.allow_v2,
                nonces=heard,
            )
            if not await self._is_new(heard.nonce):
                raise replayed()
        except SignatureError as error:
            _logger.warning("webhook refused: %s", error.reason)
            return _FORGED
        except WebhookError as error:
            _logger.warning("webhook refused: %s", error)
            return _UNREADABLE
        return event

    async def _is_new(self, nonce: str) -> bool:
        if self.nonces is None:
            return True
        answer = self.nonces.is_new(nonce)
        return await answer if isawaitable(answer) else bool(answer)


class _Heard:
    """A store that only notes the nonce, for a store that has to be awaited."""

    nonce = ""

    def is_new(self, nonce: str) -> bool:
        self.nonce = nonce
        return True
