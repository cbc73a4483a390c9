"""Why a signature does not match: the same request in other readings, until one does.

For a person with a request that was refused, at a terminal; not for a server, which must not take
what merely could have been meant.
"""

from __future__ import annotations

import hmac
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any
from urllib.parse import unquote

from attrs import field, frozen

from ..errors import SignatureError
from .signature import Params, signature, signed_text, text_pairs
from .wire import pairs_in

__all__ = ["Diagnosis", "diagnose"]

_URL = re.compile(
    r"([^:/?#]+)://((?:[^/?#@]*@)?(?:\[[^\]/?#]*\]|[^:/?#]*))(:\d*)?([^?#]*)(?:\?([^#]*))?(?:#.*)?",
    re.DOTALL,
)
_NONE = ("", "", "", "", "")


@frozen
class Diagnosis:
    """Whether a signature matches, and if not, what would make it.

    Attributes:
        matches: the request is signed as it stands.
        differences: what has to be read differently for the signature to match, the fewest that
            will do; empty when it matches, or when nothing tried does.
        header: the header that matched: "V3", "Ma-V3", "V2" or "Ma-V2"; None when none did.
        signed: what was signed in the reading that matches, but for the nonce.
    """

    matches: bool
    differences: tuple[str, ...] = ()
    header: str | None = None
    signed: str | None = field(default=None, repr=False)

    @property
    def advice(self) -> str:
        """The finding in one sentence."""
        if self.matches:
            return f"The signature matches ({self.header})."
        if self.differences:
            return f"The signature would match ({self.header}): {'; '.join(self.differences)}."
        return (
            "Nothing tried matches: it is another account's token, another request's nonce or"
            " body, or a forgery."
        )


def diagnose(
    method: str,
    url: str,
    params: Params | None,
    auth_token: str,
    *,
    nonce: str,
    signature_v3: str | None = None,
    signature_ma_v3: str | None = None,
    signature_v2: str | None = None,
    signature_ma_v2: str | None = None,
    hosts: Sequence[str] = (),
    other_tokens: Sequence[str] = (),
) -> Diagnosis:
    """Find out why a request's signature does not match.

    Args:
        method: the HTTP method.
        url: the URL as the server saw it.
        params: the body's parameters, as for `verify_v3`.
        auth_token: the Auth Token it was checked with.
        nonce: the nonce header's value.
        signature_v3: the value of `X-Plivo-Signature-V3`; several joined by commas will do.
        signature_ma_v3: the value of `X-Plivo-Signature-Ma-V3`.
        signature_v2: the value of `X-Plivo-Signature-V2`.
        signature_ma_v2: the value of `X-Plivo-Signature-Ma-V2`.
        hosts: other hosts it may have been asked for, as `X-Forwarded-Host` names them.
        other_tokens: other tokens to try, as those of main account and subaccount.

    Returns:
        The reading with the fewest differences that matches.

    Raises:
        WebhookError: the URL's query has more than 1000 keys.
    """
    sent = {
        "V3": signature_v3,
        "Ma-V3": signature_ma_v3,
        "V2": signature_v2,
        "Ma-V2": signature_ma_v2,
    }
    tokens = _tokens([auth_token, *other_tokens])
    for version, text, differences in _texts(method, url, text_pairs(params), hosts):
        for token, kind in tokens:
            header = _header_of(sent, signature(version, text, nonce, token))
            if header is not None:
                found = (*differences, *kind, *_misplaced(header, version))
                return Diagnosis(not found, found, header, text)
    return Diagnosis(False)


def _header_of(sent: dict[str, str | None], expected: str) -> str | None:
    """The header that holds this signature."""
    for header, value in sent.items():
        for each in (value or "").split(","):
            if hmac.compare_digest(expected.encode(), each.strip().encode(errors="replace")):
                return header
    return None


def _misplaced(header: str, version: str) -> tuple[str, ...]:
    if header.endswith(version):
        return ()
    return (f"it is a signature {version}, given as {header}",)


# The readings: each part of the request with what it may be instead, and what that means

_Part = list[tuple[Any, tuple[str, ...]]]


def _texts(
    method: str, url: str, sent: list[tuple[str, str]], hosts: Sequence[str]
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Version and signed text of each reading, those that differ least first."""
    readings = [
        ([part for part, _ in chosen], tuple(note for _, notes in chosen for note in notes))
        for chosen in product(*_parts(method, url, sent, hosts))
    ]
    for parts, differences in sorted(readings, key=lambda each: len(each[1])):
        scheme, host, port, path, (query, in_order), params, verb, version = parts
        base = f"{scheme}://{host}{port}{path}"
        try:
            if in_order:
                text = signed_text(version, verb, f"{base}?{query}", params)
            else:
                text = _as_written(signed_text(version, verb, base, params), query)
        except SignatureError:
            continue
        yield version, text, differences


def _as_written(text: str, query: str) -> str:
    base, mark, body = text.partition("?")
    return f"{base}?{query}.{body}" if mark else f"{base}?{query}"


def _parts(
    method: str, url: str, sent: list[tuple[str, str]], hosts: Sequence[str]
) -> Iterator[_Part]:
    found = _URL.fullmatch(url)
    scheme, host, port, path, query = (
        (found.group(i) or "" for i in range(1, 6)) if found else _NONE
    )
    yield _schemes(scheme.lower())
    yield [(host, ()), *((each, (f"its host is {each}",)) for each in hosts if each != host)]
    yield _ports(scheme.lower(), port)
    yield _paths(path)
    yield _queries(query)
    yield _bodies(sent, pairs_in(query, "surrogateescape"))
    verb, other = ("GET", "POST") if method.upper() == "GET" else ("POST", "GET")
    yield [(verb, ()), (other, (f"its method is {other}",))]
    yield [("V3", ()), ("V2", ("it is signed by V2, which covers neither query nor body",))]


def _schemes(scheme: str) -> _Part:
    other = "http" if scheme == "https" else "https"
    return [(scheme, ()), (other, (f"its URL begins with {other}://",))]


def _ports(scheme: str, port: str) -> _Part:
    if port:
        return [(port, ()), ("", (f"its host comes without the port {port[1:]}",))]
    named = [(each, (f"its host comes with the port {each[1:]}",)) for each in (":443", ":80")]
    return [("", ()), *named]


def _paths(path: str) -> _Part:
    other = path[:-1] if path.endswith("/") else f"{path}/"
    slash = "without" if path.endswith("/") else "with"
    found: _Part = [(path, ()), (other, (f"its path ends {slash} a slash",))]
    if unquote(path) != path:
        found.append((unquote(path), ("its path is signed decoded",)))
    return found


def _queries(query: str) -> _Part:
    if not query:
        return [(("", True), ())]
    return [
        ((query, True), ()),
        ((query, False), ("its query is signed as written, in that order and not decoded",)),
        (("", True), ("its query is not signed",)),
    ]


def _bodies(sent: list[tuple[str, str]], asked: list[tuple[str, str]]) -> _Part:
    found: _Part = [(sent, ())]
    if sent:
        found.append(([], ("its parameters are not signed",)))
    rest = list((Counter(sent) - Counter(asked)).elements())
    if len(rest) < len(sent):
        found.append((rest, ("the query's parameters were given as the body's as well",)))
    return found


def _tokens(tokens: Sequence[str]) -> _Part:
    found: _Part = [(tokens[0], ())]
    if tokens[0].strip() != tokens[0]:
        found.append((tokens[0].strip(), ("the token given has spaces or a line break around it",)))
    numbers = range(1, len(tokens))
    return found + [(tokens[i], (f"it is made with the other token no. {i}",)) for i in numbers]
