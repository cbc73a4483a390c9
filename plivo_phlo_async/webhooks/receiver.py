"""The framework-independent receiver: reads a request, verifies it and parses its event.

The response to a rejected request does not give the reason. The logger `plivo_phlo_async` does,
without phone numbers and tokens.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterable, Sequence
from functools import partial
from inspect import isawaitable
from typing import TypeVar, overload

from attrs import field, frozen

from ..errors import SignatureError, WebhookError
from .events.base import Event
from .events.enums import Component
from .events.parsing import event_of
from .http_params import Headers, normalize_headers, parse_body, replace_invalid
from .nonces import AsyncNonceStore, NonceStore
from .verification import Signed, replay_error, verify_v2, verify_v3

__all__ = ["Receiver", "Rejected", "read_body", "receive"]

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
    """Verify a request and parse its event.

    https://docs.plivo.com/docs/voice/concepts/signature-validation/

    Args:
        method: the HTTP method.
        url: the requested URL, with the raw (not decoded) path and query.
        headers: the request headers; names are case-insensitive.
        body: the raw body.
        auth_token: the Auth Token of the account or subaccount; several during a token rotation.
        component: an event class, a `Component` or its name (default: detected from the variables).
        public_base_url: the public scheme, host and path prefix behind a proxy; see `verify_v3`.
        allow_v2: accept requests that are signed with V2 only, which covers neither query nor body.
            Plivo's messaging API signs with V2; for Send SMS this is not documented.
        nonces: a nonce store; a request with a known nonce is rejected.

    Returns:
        The event. A variable that was not sent or cannot be read is None.

    Raises:
        SignatureError: the signature is missing or invalid, or the nonce is known.
        WebhookError: the body is neither a form nor a JSON object, or is too large to parse.
        InvalidArgumentError: the component does not exist.
    """
    texts = normalize_headers(headers)
    Signed.of(version := _version(texts, allow_v2), texts)  # raises before the body is parsed
    # The signature covers the raw bytes, but none of a GET's body. The event has UTF-8 repaired.
    sent = [] if method.upper() == "GET" else parse_body(texts, body, "surrogateescape")
    verify = partial(verify_v3, method, url, texts, sent, auth_token)
    if version == "V2":
        verify = partial(verify_v2, url, texts, auth_token)
    verify(public_base_url=public_base_url, nonces=nonces)
    return event_of(url, replace_invalid(sent, body), component)


def _version(headers: dict[str, str], allow_v2: bool) -> str:
    is_v2_only = not _is_signed(headers, "v3") and _is_signed(headers, "v2")
    return "V2" if allow_v2 and is_v2_only else "V3"


def _is_signed(headers: dict[str, str], version: str) -> bool:
    return any(f"x-plivo-signature-{kind}" in headers for kind in (version, f"ma-{version}"))


async def read_body(chunks: AsyncIterable[bytes], max_size: int) -> bytes | None:
    """Read a body; None, without reading on, when it has more than `max_size` bytes."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > max_size:
            return None
    return bytes(body)


@frozen
class Rejected:
    """The response to a rejected request; it does not give the reason.

    Attributes:
        status: the HTTP status: 403 for an invalid signature, 400 for an invalid body, 413 for a
            body that is too large, 503 for a nonce store that failed.
        text: the response body.
    """

    status: int
    text: str


_FORBIDDEN = Rejected(403, "Forbidden")
_BAD_REQUEST = Rejected(400, "Bad Request")
_TOO_LARGE = Rejected(413, "Content Too Large")
_UNAVAILABLE = Rejected(503, "Service Unavailable")


@frozen
class Receiver:
    """Receives webhooks in any framework.

    Attributes:
        auth_token: the Auth Token of the account or subaccount; several during a token rotation.
        component: the component that posts here: an event class, a `Component` or its name
            (default: detected from the variables).
        public_base_url: the public scheme, host and path prefix behind a proxy or tunnel; see
            `verify_v3`.
        allow_v2: accept requests that are signed with V2 only, which covers neither query nor body.
        nonces: a nonce store, sync or async; a request with a known nonce is rejected.
        max_body: maximum size of a body, in bytes (default: 256 KiB).
    """

    auth_token: str | Sequence[str] = field(repr=False)
    component: type[Event] | Component | str | None = None
    public_base_url: str | None = None
    allow_v2: bool = False
    nonces: NonceStore | AsyncNonceStore | None = None
    max_body: int = 262_144

    async def accept(
        self, method: str, url: str, headers: Headers, chunks: AsyncIterable[bytes]
    ) -> Event | Rejected:
        """Verify a request and parse its event.

        Args:
            method: the HTTP method.
            url: the requested URL, with the raw (not decoded) path and query.
            headers: the request headers.
            chunks: the chunks of the body; at most `max_body` bytes are read.

        Returns:
            The event, or the `Rejected` response; the reason is logged.

        Raises:
            InvalidArgumentError: the component does not exist.
        """
        try:
            texts = normalize_headers(headers)
            Signed.of(_version(texts, self.allow_v2), texts)  # raises before the body is read
            body = await read_body(chunks, self.max_body)
            if body is None:
                _logger.warning("webhook rejected: the body has more than %d bytes", self.max_body)
                return _TOO_LARGE
            capture = _NonceCapture()
            event = receive(
                method,
                url,
                texts,
                body,
                self.auth_token,
                component=self.component,
                public_base_url=self.public_base_url,
                allow_v2=self.allow_v2,
                nonces=capture,
            )
            is_stored = await self._remember(capture.nonces)
        except SignatureError as error:
            _logger.warning("webhook rejected: %s", error.reason)
            return _FORBIDDEN
        except WebhookError as error:
            _logger.warning("webhook rejected: %s", error)
            return _BAD_REQUEST
        return event if is_stored else _UNAVAILABLE

    async def _remember(self, nonces: list[str]) -> bool:
        """Store every nonce of an accepted request; return whether the store did not fail.

        Raises:
            SignatureError: the first nonce, which was verified, is not new.
        """
        if self.nonces is None:
            return True
        try:
            is_new = await _is_new(self.nonces, nonces[0])
            for other in nonces[1:] if is_new else []:
                await _is_new(self.nonces, other)
        except Exception:
            _logger.exception("webhook not accepted: the nonce store failed")
            return False
        if not is_new:
            raise replay_error()
        return True


async def _is_new(store: NonceStore | AsyncNonceStore, nonce: str) -> bool:
    is_new = store.is_new(nonce)
    return await is_new if isawaitable(is_new) else is_new


class _NonceCapture:
    """A store that only captures the nonces, to pass them to an async store later."""

    def __init__(self) -> None:
        self.nonces: list[str] = []

    def is_new(self, nonce: str) -> bool:
        self.nonces.append(nonce)
        return True
