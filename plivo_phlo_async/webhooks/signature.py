"""Plivo's signatures V3 and V2: the text that is signed, and the signature of it.

https://docs.plivo.com/docs/voice/concepts/signature-validation/

V3 covers the URL with its query, the parameters, and whether the method is GET. Plivo joins names
and values without separators, so `a=bc` and `ab=c` have the same signature; a nonce store rejects a
recorded request that is replayed with other separators. V2 covers the URL up to its path, and
neither query nor body.

The header `-V3` is made with the token of the account or subaccount, `-Ma-V3` always with the main
account's. A match of either is valid; the same holds for V2.
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from ..errors import SignatureError, WebhookError
from .http_params import is_too_deep, parse_pairs

__all__ = [
    "HEADER",
    "URL",
    "Params",
    "as_bytes",
    "sign_v2",
    "sign_v3",
    "signature",
    "signature_error",
    "signed_text",
    "text_pairs",
]

Params = Mapping[str, Any] | Iterable[tuple[str, Any]]

HEADER = "X-Plivo-Signature-"
URL = re.compile(r"([^:/?#]+)://([^/?#]*)([^?#]*)(?:\?([^#]*))?", re.DOTALL)
"""Scheme, host with port, path and query."""


def sign_v3(
    method: str,
    url: str,
    params: Params | None,
    auth_token: str,
    *,
    nonce: str | None = None,
    main_auth_token: str | None = None,
) -> dict[str, str]:
    """Make the V3 signature headers of a request, for tests.

    https://docs.plivo.com/docs/voice/concepts/signature-validation/

    Args:
        method: the HTTP method.
        url: the absolute URL.
        params: the body's parameters, as for `verify_v3`; None without a body.
        auth_token: the account's or subaccount's Auth Token.
        nonce: the nonce (default: random).
        main_auth_token: the main account's Auth Token, when `auth_token` is a subaccount's.

    Returns:
        The headers `X-Plivo-Signature-V3`, `-Ma-V3` and `-V3-Nonce`.

    Raises:
        SignatureError: the URL has no scheme or host, or the parameters cannot be signed.
    """
    text = signed_text("V3", method, url, text_pairs(params))
    return _headers("V3", text, auth_token, nonce, main_auth_token)


def sign_v2(
    url: str, auth_token: str, *, nonce: str | None = None, main_auth_token: str | None = None
) -> dict[str, str]:
    """Make the V2 signature headers of a request, for tests.

    https://docs.plivo.com/docs/messaging/concepts/signature-validation/

    Args:
        url: the absolute URL; its query is not signed.
        auth_token: the account's or subaccount's Auth Token.
        nonce: the nonce (default: random).
        main_auth_token: the main account's Auth Token, when `auth_token` is a subaccount's.

    Returns:
        The headers `X-Plivo-Signature-V2`, `-Ma-V2` and `-V2-Nonce`.

    Raises:
        SignatureError: the URL has no scheme or host.
    """
    return _headers("V2", signed_text("V2", "GET", url, []), auth_token, nonce, main_auth_token)


def _headers(
    version: str, text: str, auth_token: str, nonce: str | None, main_auth_token: str | None
) -> dict[str, str]:
    nonce = secrets.token_hex(16) if nonce is None else nonce
    main = auth_token if main_auth_token is None else main_auth_token
    return {
        f"{HEADER}{version}": signature(version, text, nonce, auth_token),
        f"{HEADER}Ma-{version}": signature(version, text, nonce, main),
        f"{HEADER}{version}-Nonce": nonce,
    }


def signature(version: str, text: str, nonce: str, auth_token: str) -> str:
    """Return the signature of a text that `signed_text` returned; version "V2" or "V3"."""
    before_nonce = "." if version == "V3" else ""
    signed = as_bytes(f"{text}{before_nonce}{nonce}")
    return b64encode(hmac.new(as_bytes(auth_token), signed, sha256).digest()).decode()


# The signed text


def signed_text(version: str, method: str, url: str, params: Sequence[tuple[str, str]]) -> str:
    """Return the text that is signed, without the nonce.

    Raises:
        SignatureError: the URL has no scheme or host.
    """
    found = URL.match(url)
    if found is None or not found[2]:
        raise signature_error(
            "the URL has no scheme or host; pass an absolute URL, or public_base_url"
        )
    scheme, host, path, query = found.groups()
    base = f"{scheme.lower()}://{host}{path}"
    if version == "V2":
        return base
    query_pairs = _decoded_query(query or "")
    if method.upper() == "GET":
        # A framework may pass the query's parameters again: each counts once.
        query_pairs = list((Counter(query_pairs) | Counter(params)).elements())
    line = "&".join(f"{key}={value}" for key, value in _in_order(query_pairs))
    if method.upper() == "GET" or not params:
        return f"{base}?{line}" if line else base
    body = "".join(f"{key}{value}" for key, value in _in_order(params))
    return f"{base}?{line}.{body}" if line else f"{base}?{body}"


def _decoded_query(query: str) -> list[tuple[str, str]]:
    try:
        return parse_pairs(query, "surrogateescape")
    except WebhookError as error:
        raise signature_error("the URL's query has too many keys") from error


def text_pairs(params: Params | None) -> list[tuple[str, str]]:
    """Return the parameters as pairs of texts, one for each value of a repeated key.

    Raises:
        SignatureError: the parameters have more than 32 levels, or are not pairs.
    """
    try:
        items = [(str(key), value) for key, value in _items(params)]
        if is_too_deep([value for _, value in items]):
            raise signature_error("the parameters are nested too deeply")
        return _flat_pairs(items)
    except ValueError:
        raise signature_error("the parameters are not pairs") from None


def _flat_pairs(items: Iterable[tuple[Any, Any]]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in items:
        if isinstance(value, str):  # the common case
            pairs.append((str(key), value))
        else:  # an empty list adds no text, but there are parameters
            pairs += [(str(key), text) for text in _texts(value)] or [("", "")]
    return pairs


def _items(params: Params | None) -> Iterable[tuple[str, Any]]:
    if params is None:
        return ()
    multi_items = getattr(params, "multi_items", None)  # Starlette's, whose items() hides repeats
    if multi_items is not None:
        items: Iterable[tuple[str, Any]] = multi_items()
        return items
    return params.items() if isinstance(params, Mapping) else params


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, Mapping):  # joined, as in the official package
        return ["".join(key + text for key, text in _in_order(_flat_pairs(value.items())))]
    return [str(value)]


def _in_order(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    if all(key.isascii() and text.isascii() for key, text in pairs):
        return sorted(pairs)  # without a copy of each
    return sorted(pairs, key=lambda pair: (as_bytes(pair[0]), as_bytes(pair[1])))


def as_bytes(text: str) -> bytes:
    """Encode as UTF-8; surrogate escapes become their bytes, lone surrogates stay distinct."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")


def signature_error(reason: str) -> SignatureError:
    """Make the error for a request that cannot be trusted."""
    return SignatureError(f"The webhook cannot be trusted: {reason}.", reason=reason)
