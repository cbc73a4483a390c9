"""Whether Plivo sent a webhook: its signature is checked, and that it comes once."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Sequence

from ..errors import SignatureError
from .nonces import NonceStore
from .signature import HEADER, URL, Params, as_bytes, refused, signature, signed_text, text_pairs
from .wire import Headers, header_texts

__all__ = ["replayed", "verify_v2", "verify_v3"]


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
    """Check that Plivo sent this request; V3.

    https://docs.plivo.com/docs/voice/concepts/signature-validation/

    Args:
        method: the HTTP method.
        url: the URL as Plivo was given it, its path and query as they came (not decoded).
        headers: the request's headers; case does not matter.
        params: the parameters of the body: a form's keys with their decoded values (a repeated key
            with a list of them, or as pairs), or a JSON object. None without a body. For a GET
            nothing is needed, since the URL has them; what is given beside is held to be signed.
        auth_token: the account's or subaccount's Auth Token, or several where it changes.
        public_base_url: scheme, host and, where a proxy cuts one off, the path in front, as Plivo
            was given them, when the server sees other ones: `https://example.com/hooks`.
        nonces: remembers nonces; one it has seen is refused.

    Raises:
        SignatureError: it is not signed, not by Plivo, or comes a second time.
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
    """Check that Plivo was asked to post to this URL; V2, which covers neither query nor body.

    Whoever has seen one signed request can send any body to the same path with it, while its nonce
    is not refused. https://docs.plivo.com/docs/messaging/concepts/signature-validation/

    Args:
        url: the URL as Plivo was given it, its path as it came (not decoded).
        headers: the request's headers; case does not matter.
        auth_token: the account's or subaccount's Auth Token, or several where it changes.
        public_base_url: scheme, host and, where a proxy cuts one off, the path in front, as Plivo
            was given them, when the server sees other ones: `https://example.com/hooks`.
        nonces: remembers nonces; one it has seen is refused.

    Raises:
        SignatureError: it is not signed, not by Plivo, or comes a second time.
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
    """Check that one of these texts was signed, and that its nonce is new."""
    tokens = [auth_token] if isinstance(auth_token, str) else list(auth_token)
    if not tokens or not all(isinstance(token, str) and token.strip() for token in tokens):
        raise refused("the Auth Token to check with is empty; check the server's settings")
    signatures, nonce = _sent(version, headers)
    right = False
    for text in texts:
        for token in tokens:
            expected = signature(version, text, nonce, token).encode()
            for each in signatures:  # all of them, so that the time tells nothing
                right |= hmac.compare_digest(expected, as_bytes(each))
    if not right:
        raise refused(
            f"the {version} signature does not match; check the Auth Token, and that the URL is"
            " the one Plivo was given (public_base_url)"
        )
    # Exactly True: what a store that has to be awaited gives would count as true as well.
    if nonces is not None and nonces.is_new(nonce) is not True:
        raise replayed()


def _sent(version: str, headers: Headers) -> tuple[list[str], str]:
    """The signatures and the nonce that a request's headers hold."""
    texts, wanted = header_texts(headers), f"{HEADER}{version}"
    both = [texts.get(name.lower(), "") for name in (wanted, f"{HEADER}Ma-{version}")]
    signatures = [each for value in both for each in map(str.strip, value.split(",")) if each]
    if not signatures:
        raise refused(f"there is no {wanted} header, or it is empty")
    nonce = texts.get(f"{wanted}-Nonce".lower(), "").strip()
    if not nonce:
        raise refused(f"there is no {wanted}-Nonce header, or it is empty")
    return signatures, nonce


def _urls(url: str, public_base_url: str | None) -> list[str]:
    """The URLs Plivo may have been given for this one.

    A bare host is asked for as `/`, so that a server cannot tell whether the slash was there.
    """
    if public_base_url is not None:
        scheme = re.match(r"[^:/?#]+://[^/?#]*", url)
        asked = url[scheme.end() :] if scheme else url
        slash = "" if asked[:1] in {"", "/", "?", "#"} else "/"
        url = public_base_url.rstrip("/") + slash + asked
    found = URL.match(url)
    if found is None or found[3] != "/":
        return [url]
    return [url, url[: found.start(3)] + url[found.end(3) :]]


def replayed() -> SignatureError:
    """The error of a nonce that was seen before."""
    return refused("the nonce was seen before: the request is a repeated one")
