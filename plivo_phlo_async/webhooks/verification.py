"""Verification of webhooks: the signature, and that the nonce is new."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Sequence

from attrs import frozen

from ..errors import SignatureError
from .http_params import Headers, normalize_headers
from .nonces import NonceStore
from .signature import (
    HEADER,
    URL,
    Params,
    signature,
    signature_error,
    signed_text,
    text_pairs,
)

__all__ = ["Signed", "replay_error", "verify_v2", "verify_v3"]

_NONCES = ("V3", "V2", "Ma-V3", "Ma-V2")
_SIGNATURE = re.compile(r"[A-Za-z0-9+/]{43}=")  # of 32 bytes


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
    signed = Signed.of("V3", headers)
    sent = text_pairs(params)
    urls = _urls(url, public_base_url)
    texts = (signed_text("V3", method, each, sent) for each in urls)
    _verify(signed, texts, auth_token, nonces)


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
    signed = Signed.of("V2", headers)
    texts = (signed_text("V2", "GET", each, []) for each in _urls(url, public_base_url))
    _verify(signed, texts, auth_token, nonces)


def _verify(
    signed: Signed,
    texts: Iterable[str],
    auth_token: str | Sequence[str],
    nonces: NonceStore | None,
) -> None:
    """Verify that one of these texts is signed and that the nonce is new."""
    tokens = [auth_token] if isinstance(auth_token, str) else list(auth_token)
    if not tokens or not all(isinstance(token, str) and token.strip() for token in tokens):
        raise signature_error("the Auth Token to verify with is empty; check the server's settings")
    matches = False
    for text in texts:
        for token in tokens:
            expected = signature(signed.version, text, signed.nonces[0], token).encode()
            for each in signed.signatures:  # all of them, for a constant time
                matches |= hmac.compare_digest(expected, each.encode())
    if not matches:
        raise signature_error(
            f"the {signed.version} signature does not match; check the Auth Token, and that the URL"
            " is the one that is configured at Plivo (public_base_url)"
        )
    if nonces is not None:
        _remember(signed.nonces, nonces)


def _remember(nonces: Sequence[str], store: NonceStore) -> None:
    """Store every nonce of an accepted request; the one that was verified must be new.

    The other version's is stored too: without its V3 headers the request could else be repeated
    with any body, where V2 is allowed.
    """
    # `is True`: the awaitable of an async store is truthy.
    if store.is_new(nonces[0]) is not True:
        raise replay_error()
    for other in nonces[1:]:
        store.is_new(other)


@frozen
class Signed:
    """The signature headers of a request.

    Attributes:
        version: the version to verify, "V3" or "V2".
        signatures: the signatures of that version.
        nonces: the nonce of that version, and those of the others that the request has.
    """

    version: str
    signatures: list[str]
    nonces: list[str]

    @classmethod
    def of(cls, version: str, headers: Headers) -> Signed:
        """Read the headers.

        Raises:
            SignatureError: the signature or the nonce is missing, or has another form.
        """
        texts, wanted = normalize_headers(headers), f"{HEADER}{version}"
        both = [texts.get(name.lower(), "") for name in (wanted, f"{HEADER}Ma-{version}")]
        given = [each for value in both for each in map(str.strip, value.split(",")) if each]
        if not given:
            raise signature_error(f"there is no {wanted} header, or it is empty")
        nonces = [texts.get(f"{HEADER}{each}-Nonce".lower(), "").strip() for each in _NONCES]
        own = texts.get(f"{wanted}-Nonce".lower(), "").strip()
        if not own:
            raise signature_error(f"there is no {wanted}-Nonce header, or it is empty")
        signatures = [each for each in given if _SIGNATURE.fullmatch(each)]
        if not signatures:
            raise signature_error(
                f"the {wanted} header has no signature, which is 44 characters of Base64"
            )
        return cls(version, signatures, list(dict.fromkeys([own, *filter(None, nonces)])))


def _urls(url: str, public_base_url: str | None) -> list[str]:
    """Return the URLs that may be configured at Plivo for this one.

    A request for a URL without a path has the path `/`, so the server cannot see which it was.
    """
    if public_base_url is not None:
        scheme = re.match(r"[^:/?#]+://[^/?#]*", url)
        target = url[scheme.end() :] if scheme else url
        slash = "" if target[:1] in {"", "/", "?", "#"} else "/"
        # A fragment with Plivo's timeouts (#ct=2500&rt=5500) belongs to the configured URL only.
        url = public_base_url.partition("#")[0].rstrip("/") + slash + target
    found = URL.match(url)
    if found is None or found[3] != "/":
        return [url]
    return [url, url[: found.start(3)] + url[found.end(3) :]]


def replay_error() -> SignatureError:
    """Make the error for a known nonce."""
    return signature_error("the nonce was seen before: the request is a repeated one")
