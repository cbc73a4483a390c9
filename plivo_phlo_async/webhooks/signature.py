"""What Plivo signs of a request, and the signature of it: V3 and V2.

https://docs.plivo.com/docs/voice/concepts/signature-validation/

V3 covers the method's kind, the URL with its query, and the parameters. Since Plivo puts names and
values together without separators, `a=bc` and `ab=c` sign alike; a store of nonces keeps a recorded
request from coming back in another cut. V2 covers the URL up to its path and nothing else: neither
query nor body.

The header `-V3` is made with the token of the account or subaccount concerned, `-Ma-V3` always with
the main account's; a match in either is right, and so for V2.
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
from .wire import pairs_in

__all__ = [
    "HEADER",
    "URL",
    "Params",
    "as_bytes",
    "refused",
    "sign_v2",
    "sign_v3",
    "signature",
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
    """The headers Plivo would send with this request, for tests; V3.

    https://docs.plivo.com/docs/voice/concepts/signature-validation/

    Args:
        method: the HTTP method.
        url: the whole URL.
        params: the body's parameters, as for `verify_v3`; None without a body.
        auth_token: the account's or subaccount's Auth Token.
        nonce: a text of one's own; random without.
        main_auth_token: the main account's Auth Token, where `auth_token` is a subaccount's.

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
    """The headers Plivo would send with a request to this URL, for tests; V2.

    https://docs.plivo.com/docs/messaging/concepts/signature-validation/

    Args:
        url: the whole URL; its query is not signed.
        auth_token: the account's or subaccount's Auth Token.
        nonce: a text of one's own; random without.
        main_auth_token: the main account's Auth Token, where `auth_token` is a subaccount's.

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
    """The signature of a text that `signed_text` made; "V2" or "V3"."""
    before_nonce = "." if version == "V3" else ""
    signed = as_bytes(f"{text}{before_nonce}{nonce}")
    return b64encode(hmac.new(as_bytes(auth_token), signed, sha256).digest()).decode()


# What is signed


def signed_text(version: str, method: str, url: str, params: Sequence[tuple[str, str]]) -> str:
    """What the signature of a request is made of, but for the nonce.

    Raises:
        SignatureError: the URL has no scheme or host.
    """
    found = URL.match(url)
    if found is None or not found[2]:
        raise refused("the URL has no scheme or host; give it whole, or give public_base_url")
    scheme, host, path, query = found.groups()
    base = f"{scheme.lower()}://{host}{path}"
    if version == "V2":
        return base
    asked = _decoded_query(query or "")
    if method.upper() == "GET":
        # A framework may give the query's parameters a second time: each counts once.
        asked = list((Counter(asked) | Counter(params)).elements())
    line = "&".join(f"{key}={value}" for key, value in _in_order(asked))
    if method.upper() == "GET" or not params:
        return f"{base}?{line}" if line else base
    body = "".join(f"{key}{value}" for key, value in _in_order(params))
    return f"{base}?{line}.{body}" if line else f"{base}?{body}"


def _decoded_query(query: str) -> list[tuple[str, str]]:
    try:
        return pairs_in(query, "surrogateescape")
    except WebhookError as error:
        raise refused("the URL's query has too many keys") from error


def text_pairs(params: Params | None) -> list[tuple[str, str]]:
    """The parameters as pairs of texts, one for each value of a repeated key.

    Raises:
        SignatureError: they are nested too deeply, or not pairs.
    """
    pairs: list[tuple[str, str]] = []
    try:
        for key, value in _items(params):
            # An empty list signs as nothing, and yet there are parameters.
            pairs += [(str(key), text) for text in _texts(value)] or [("", "")]
    except (RecursionError, ValueError):
        raise refused("the parameters are nested too deeply or not pairs") from None
    return pairs


def _items(params: Params | None) -> Iterable[tuple[str, Any]]:
    if params is None:
        return ()
    several = getattr(params, "multi_items", None)  # Starlette's, whose items() hides repeats
    if several is not None:
        items: Iterable[tuple[str, Any]] = several()
        return items
    return params.items() if isinstance(params, Mapping) else params


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, Mapping):  # as the official package does: names and values in a row
        return ["".join(key + text for key, text in _in_order(text_pairs(value)))]
    return [str(value)]


def _in_order(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(pairs, key=lambda pair: (as_bytes(pair[0]), as_bytes(pair[1])))


def as_bytes(text: str) -> bytes:
    """UTF-8; bytes that were none when they came are put back, lone surrogates are kept apart."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")


def refused(reason: str) -> SignatureError:
    """The error of a request that cannot be trusted, and why."""
    return SignatureError(f"The webhook cannot be trusted: {reason}.", reason=reason)
