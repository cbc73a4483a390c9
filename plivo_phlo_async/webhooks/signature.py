"""Who sent this webhook: Plivo's signatures V3 and V2.

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
from .nonces import NonceStore
from .wire import pairs_in

__all__ = [
    "Headers",
    "Params",
    "header_texts",
    "replayed",
    "sign_v2",
    "sign_v3",
    "signature",
    "signed_text",
    "text_pairs",
    "verify_v2",
    "verify_v3",
]

Headers = Mapping[str, str] | Iterable[tuple[str, str]] | Iterable[tuple[bytes, bytes]]
Params = Mapping[str, Any] | Iterable[tuple[str, Any]]

_URL = re.compile(r"([^:/?#]+)://([^/?#]*)([^?#]*)(?:\?([^#]*))?", re.DOTALL)
_HEADER = "X-Plivo-Signature-"


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
    nonce = _verify("V3", method, url, headers, sent, auth_token, public_base_url)
    _refuse_replay(nonce, nonces)


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
    is not refused. The arguments are those of `verify_v3`.

    Raises:
        SignatureError: it is not signed, not by Plivo, or comes a second time.
    """
    nonce = _verify("V2", "GET", url, headers, [], auth_token, public_base_url)
    _refuse_replay(nonce, nonces)


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

    Args:
        method: the HTTP method.
        url: the whole URL.
        params: the body's parameters, as for `verify_v3`.
        auth_token: the account's or subaccount's Auth Token.
        nonce: a text of one's own; random without.
        main_auth_token: the main account's Auth Token, where `auth_token` is a subaccount's.
    """
    text = signed_text("V3", method, url, text_pairs(params))
    return _headers("V3", text, auth_token, nonce, main_auth_token)


def sign_v2(
    url: str, auth_token: str, *, nonce: str | None = None, main_auth_token: str | None = None
) -> dict[str, str]:
    """The headers Plivo would send with a request to this URL, for tests; V2.

    The arguments are those of `sign_v3`.
    """
    return _headers("V2", signed_text("V2", "GET", url, []), auth_token, nonce, main_auth_token)


def _headers(
    version: str, text: str, auth_token: str, nonce: str | None, main_auth_token: str | None
) -> dict[str, str]:
    nonce = secrets.token_hex(16) if nonce is None else nonce
    main = auth_token if main_auth_token is None else main_auth_token
    return {
        f"{_HEADER}{version}": signature(version, text, nonce, auth_token),
        f"{_HEADER}Ma-{version}": signature(version, text, nonce, main),
        f"{_HEADER}{version}-Nonce": nonce,
    }


# What is signed


def signed_text(version: str, method: str, url: str, params: Sequence[tuple[str, str]]) -> str:
    """What the signature of a request is made of, but for the nonce.

    Raises:
        SignatureError: the URL has no scheme or host.
    """
    found = _URL.match(url)
    if found is None or not found[2]:
        raise _refused("the URL has no scheme or host; give it whole, or give public_base_url")
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
        raise _refused("the URL's query has too many keys") from error


def text_pairs(params: Params | None) -> list[tuple[str, str]]:
    """The parameters as pairs of texts, one for each value of a repeated key."""
    if params is None:
        return []
    items: Iterable[tuple[str, Any]]
    several = getattr(params, "multi_items", None)  # Starlette's, whose items() hides repeats
    if several is not None:
        items = several()
    else:
        items = params.items() if isinstance(params, Mapping) else params
    pairs: list[tuple[str, str]] = []
    try:
        for key, value in items:
            # An empty list signs as nothing, and yet there are parameters.
            pairs += [(str(key), text) for text in _texts(value)] or [("", "")]
    except (RecursionError, ValueError):
        raise _refused("the parameters are nested too deeply or not pairs") from None
    return pairs


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, Mapping):  # as the official package does: names and values in a row
        return ["".join(key + text for key, text in _in_order(text_pairs(value)))]
    return [str(value)]


def _in_order(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(pairs, key=lambda pair: (_bytes(pair[0]), _bytes(pair[1])))


def _bytes(text: str) -> bytes:
    """UTF-8; bytes that were none when they came are put back, lone surrogates are kept apart."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")


def signature(version: str, text: str, nonce: str, auth_token: str) -> str:
    """The signature of a text that `signed_text` made; "V2" or "V3"."""
    before_nonce = "." if version == "V3" else ""
    signed = _bytes(f"{text}{before_nonce}{nonce}")
    return b64encode(hmac.new(_bytes(auth_token), signed, sha256).digest()).decode()


# Checking


def _verify(
    version: str,
    method: str,
    url: str,
    headers: Headers,
    params: Sequence[tuple[str, str]],
    auth_token: str | Sequence[str],
    public_base_url: str | None,
) -> str:
    """The nonce, when the signature is right."""
    tokens = [auth_token] if isinstance(auth_token, str) else list(auth_token)
    if not tokens or not all(isinstance(token, str) and token.strip() for token in tokens):
        raise _refused("the Auth Token to check with is empty; check the server's settings")
    signatures, nonce = _sent(version, headers)
    right = False
    for asked in _urls(url, public_base_url):
        text = signed_text(version, method, asked, params)
        for token in tokens:
            expected = signature(version, text, nonce, token).encode()
            for each in signatures:  # all of them, so that the time tells nothing
                right |= hmac.compare_digest(expected, _bytes(each))
    if not right:
        raise _refused(
            f"the {version} signature does not match; check the Auth Token, and that the URL is"
            " the one Plivo was given (public_base_url)"
        )
    return nonce


def _sent(version: str, headers: Headers) -> tuple[list[str], str]:
    """The signatures and the nonce that a request's headers hold."""
    texts, wanted = header_texts(headers), f"{_HEADER}{version}"
    both = [texts.get(name.lower(), "") for name in (wanted, f"{_HEADER}Ma-{version}")]
    signatures = [each for value in both for each in map(str.strip, value.split(",")) if each]
    if not signatures:
        raise _refused(f"there is no {wanted} header, or it is empty")
    nonce = texts.get(f"{wanted}-Nonce".lower(), "").strip()
    if not nonce:
        raise _refused(f"there is no {wanted}-Nonce header, or it is empty")
    return signatures, nonce


def header_texts(headers: Headers) -> dict[str, str]:
    """The headers as texts, names in lower case; those of one name joined by commas."""
    texts: dict[str, str] = {}
    for name, value in headers.items() if isinstance(headers, Mapping) else headers:
        key, text = _header_text(name).lower(), _header_text(value)
        texts[key] = f"{texts[key]},{text}" if key in texts else text
    return texts


def _header_text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _urls(url: str, public_base_url: str | None) -> list[str]:
    """The URLs Plivo may have been given for this one.

    A bare host is asked for as `/`, so that a server cannot tell whether the slash was there.
    """
    if public_base_url is not None:
        scheme = re.match(r"[^:/?#]+://[^/?#]*", url)
        asked = url[scheme.end() :] if scheme else url
        slash = "" if asked[:1] in {"", "/", "?", "#"} else "/"
        url = public_base_url.rstrip("/") + slash + asked
    found = _URL.match(url)
    if found is None or found[3] != "/":
        return [url]
    return [url, url[: found.start(3)] + url[found.end(3) :]]


def _refuse_replay(nonce: str, nonces: NonceStore | None) -> None:
    # Exactly True: what a store that has to be awaited gives would count as true as well.
    if nonces is not None and nonces.is_new(nonce) is not True:
        raise replayed()


def replayed() -> SignatureError:
    """The error of a nonce that was seen before."""
    return _refused("the nonce was seen before: the request is a repeated one")


def _refused(reason: str) -> SignatureError:
    return SignatureError(f"The webhook cannot be trusted: {reason}.", reason=reason)
