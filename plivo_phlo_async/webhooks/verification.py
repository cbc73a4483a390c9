"""Verification of webhooks: the signature, and that the nonce is new."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Sequence

from ..errors import SignatureError
from .http_params import Headers, normalize_headers
from .nonces import NonceStore
from .signature import (
    HEADER,
    URL,
    Params,
    as_bytes,
    signature,
    signature_error,
    signed_text,
    text_pairs,
)

__all__ = ["replay_error", "verify_v2", "verify_v3"]


def verify_v3(
    method: str,
    url: str,
    headers: Headers,
    params: Params | None,
    auth_token: str | Sequence[str],
    *,
    public_base_url: str | None = None,
    nonces: NonceStore | None = None,
) -> None:
    """Verify the V3 signature of a request.

    https://docs.plivo.com/docs/voice/concepts/signature-validation/

    Args:
        method: the HTTP method.
        url: the URL that is configured at Plivo, with the raw (not decoded) path and query.
        headers: the request headers; names are case-insensitive.
        params: the parameters of the body: a form's keys with their decoded values (a list for a
            repeated key, or pairs), or a JSON object. None without a body. A GET request needs
            none, because its URL has them; any that are passed must be signed as well.
        auth_token: the Auth Token of the account or subaccount; several during a token rotation.
        public_base_url: the public scheme, host and path prefix that are configured at Plivo, when
            a proxy changes them on the way to the server: `https://example.com/hooks`.
        nonces: a nonce store; a request with a known nonce is rejected.

    Raises:
        SignatureError: the signature is missing or invalid, or the nonce is known.
    """
    sent = text_pairs(params)
    urls = _urls(url, public_base_url)
    texts = (signed_text("V3", method, each, sent) for each in urls)
    _verify("V3", texts, headers, auth_token, nonces)


def verify_v2(
    url: str,
    headers: Headers,
    auth_token: str | Sequence[str],
    *,
    public_base_url: str | None = None,
    nonces: NonceStore | None = None,
) -> None:
    """Verify the V2 signature of a request, which covers neither its query nor its body.

    An attacker who records one signed request can send any body to the same path with it, unless
    a nonce store rejects its nonce. https://docs.plivo.com/docs/messaging/concepts/signature-validation/

    Args:
        url: the URL that is configured at Plivo, with the raw (not decoded) path.
        headers: the request headers; names are case-insensitive.
        auth_token: the Auth Token of the account or subaccount; several during a token rotation.
        public_base_url: the public scheme, host and path prefix that are configured at Plivo, when
            a proxy changes them on the way to the server: `https://example.com/hooks`.
        nonces: a nonce store; a request with a known nonce is rejected.

    Raises:
        SignatureError: the signature is missing or invalid, or the nonce is known.
    """
    texts = (signed_text("V2", "GET", each, []) for each in _urls(url, public_base_url))
    _verify("V2", texts, headers, auth_token, nonces)


def _verify(
    version: str,
    texts: Iterable[str],
    headers: Headers,
    auth_token: str | Sequence[str],
    nonces: NonceStore | None,
) -> None:
    """Verify that one of these texts is signed and that the nonce is new."""
    tokens = [auth_token] if isinstance(auth_token, str) else list(auth_token)
    if not tokens or not all(isinstance(token, str) and token.strip() for token in tokens):
        raise signature_error("the Auth Token to verify with is empty; check the server's settings")
    signatures, nonce = _signatures_and_nonce(version, headers)
    matches = False
    for text in texts:
        for token in tokens:
            expected = signature(version, text, nonce, token).encode()
            for each in signatures:  # all of them, for a constant time
                matches |= hmac.compare_digest(expected, as_bytes(each))
    if not matches:
        raise signature_error(
            f"the {version} signature does not match; check the Auth Token, and that the URL is"
            " the one that is configured at Plivo (public_base_url)"
        )
    # `is True`: the awaitable of an async store is truthy.
    if nonces is not None and nonces.is_new(nonce) is not True:
        raise replay_error()


def _signatures_and_nonce(version: str, headers: Headers) -> tuple[list[str], str]:
    """Return the signatures and the nonce of a request."""
    texts, wanted = normalize_headers(headers), f"{HEADER}{version}"
    both = [texts.get(name.lower(), "") for name in (wanted, f"{HEADER}Ma-{version}")]
    signatures = [each for value in both for each in map(str.strip, value.split(",")) if each]
    if not signatures:
        raise signature_error(f"there is no {wanted} header, or it is empty")
    nonce = texts.get(f"{wanted}-Nonce".lower(), "").strip()
    if not nonce:
        raise signature_error(f"there is no {wanted}-Nonce header, or it is empty")
    return signatures, nonce


def _urls(url: str, public_base_url: str | None) -> list[str]:
    """Return the URLs that may be configured at Plivo for this one.

    A request for a URL without a path has the path `/`, so the server cannot see which it was.
    """
    if public_base_url is not None:
        scheme = re.match(r"[^:/?#]+://[^/?#]*", url)
        target = url[scheme.end() :] if scheme else url
        slash = "" if target[:1] in {"", "/", "?", "#"} else "/"
        url = public_base_url.rstrip("/") + slash + target
    found = URL.match(url)
    if found is None or found[3] != "/":
        return [url]
    return [url, url[: found.start(3)] + url[found.end(3) :]]


def replay_error() -> SignatureError:
    """Make the error for a known nonce."""
    return signature_error("the nonce was seen before: the request is a repeated one")
