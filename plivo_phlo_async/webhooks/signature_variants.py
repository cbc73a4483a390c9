"""Variants of a request that may have been signed instead of the request as received."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any
from urllib.parse import quote, unquote

from attrs import field, frozen

from .http_params import parse_pairs
from .signature import signature, signed_text

__all__ = ["Difference", "SignatureVariant", "signature_variants"]

_URL = re.compile(
    r"([^:/?#]+)://((?:[^/?#@]*@)?(?:\[[^\]/?#]*\]|[^:/?#]*))(:\d*)?([^?#]*)(?:\?([^#]*))?(?:#.*)?",
    re.DOTALL,
)
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
_UNESCAPED = "/!$&'()*+,;=:@"  # beside letters, digits and "-._~": RFC 3986, section 3.3


@frozen
class Difference:
    """A part of a request that differs from what was signed; `str` describes it.

    Attributes:
        part: `scheme`, `userinfo`, `host`, `port`, `path`, `query`, `params`,
            `method`, `version`, `header` or `token`.
        description: what was signed, without phone numbers and tokens.
    """

    part: str
    description: str

    def __str__(self) -> str:
        return self.description


@frozen
class SignatureVariant:
    """A variant of a request, and its differences from the request as received."""

    version: str
    text: str = field(repr=False)
    token: int
    secret: str = field(repr=False)
    differences: tuple[Difference, ...]

    def signature(self, nonce: str) -> str:
        """Return the signature of this variant."""
        return signature(self.version, self.text, nonce, self.secret)


_Choices = list[tuple[Any, Difference | None]]
_Pairs = list[tuple[str, str]]


def signature_variants(
    method: str, url: str, sent: _Pairs, hosts: Sequence[str], tokens: Sequence[str]
) -> Iterator[SignatureVariant]:
    """Yield every variant, the ones with the fewest differences first."""
    found = _URL.fullmatch(url)
    if found is None:
        return
    scheme, host, port, path, query = (part or "" for part in found.groups())
    parts = [
        _schemes(scheme.lower()),
        _hosts([host, *hosts]),
        _ports(port),
        _paths(path),
        _queries(query),
        _params(sent, parse_pairs(query, "surrogateescape")),
        _methods(method),
        _versions(),
        _tokens(tokens),
    ]
    for chosen in sorted(product(*parts), key=lambda each: len(_differences(each))):
        *parts_of_url, version, (token, secret) = (value for value, _ in chosen)
        yield SignatureVariant(
            version, _text(version, *parts_of_url), token, secret, _differences(chosen)
        )


def _differences(chosen: Iterable[tuple[Any, Difference | None]]) -> tuple[Difference, ...]:
    return tuple(difference for _, difference in chosen if difference is not None)


def _text(
    version: str,
    scheme: str,
    host: str,
    port: str,
    path: str,
    query: tuple[str, bool],
    params: _Pairs,
    method: str,
) -> str:
    base = f"{scheme}://{host}{port}{path}"
    text, raw = query
    if not raw:
        return signed_text(version, method, f"{base}?{text}", params)
    before, mark, body = signed_text(version, method, base, params).partition("?")
    return f"{before}?{text}.{body}" if mark else f"{before}?{text}"


def _schemes(scheme: str) -> _Choices:
    other = "http" if scheme == "https" else "https"
    return [(scheme, None), (other, Difference("scheme", f"its URL begins with {other}://"))]


def _hosts(hosts: Sequence[str]) -> _Choices:
    """Each host, with the user and password that it is given with."""
    userinfo, at, host = hosts[0].rpartition("@")
    found: _Choices = [(hosts[0], None)]
    if at:
        found.append((host, Difference("userinfo", "its URL has no user and password")))
    for other in _other_cases(host):
        found.append((f"{userinfo}{at}{other}", Difference("host", f"its host is spelt {other}")))
    found += [(each, _of_host(each, host)) for each in hosts[1:]]
    return [each for each in found if each[0]]


def _other_cases(host: str) -> list[str]:
    """The host in lower case, and as it is capitalized in texts."""
    cases = [host.lower(), host[:1].upper() + host[1:].lower(), host.title()]
    return [each for each in dict.fromkeys(cases) if each != host]


def _of_host(other: str, host: str) -> Difference:
    """Describe another host, without its user and password."""
    userinfo, _, other = other.rpartition("@")
    if not userinfo:
        return Difference("host", f"its host is {other}")
    if other == host:
        return Difference("userinfo", "its URL has a user and password")
    return Difference("userinfo", f"its host is {other}, after a user and password")


def _ports(port: str) -> _Choices:
    if port:
        return [
            (port, None),
            ("", Difference("port", f"its host does not have the port {port[1:]}")),
        ]
    named = [(each, f"its host has the port {each[1:]}") for each in (":443", ":80")]
    return [("", None), *((each, Difference("port", added)) for each, added in named)]


def _paths(path: str) -> _Choices:
    if path == "/":  # the server cannot see whether the configured URL has the slash
        return [(path, None), ("", None)]
    other, slash = (path[:-1], "without") if path.endswith("/") else (f"{path}/", "with")
    found: _Choices = [(path, None), (other, Difference("path", f"its path ends {slash} a slash"))]
    return [*found, *_other_escapes(path, {each for each, _ in found})]


def _other_escapes(path: str, known: set[str]) -> _Choices:
    """The path with other percent-encoding, as clients and proxies change it."""
    upper = _ESCAPE.sub(lambda escape: escape[0].upper(), path)
    lower = _ESCAPE.sub(lambda escape: escape[0].lower(), path)
    described = {
        upper: "its path is signed with its percent-encoding in upper case",
        lower: "its path is signed with its percent-encoding in lower case",
        quote(unquote(path), _UNESCAPED): "its path is signed percent-encoded where it has to be",
        unquote(path): "its path is signed decoded",
    }
    return [
        (each, Difference("path", text)) for each, text in described.items() if each not in known
    ]


def _queries(query: str) -> _Choices:
    """The query, and whether it is signed raw."""
    if not query:
        return [(("", False), None)]
    raw = "its query is signed raw, in its order and not decoded"
    return [
        ((query, False), None),
        ((query, True), Difference("query", raw)),
        (("", False), Difference("query", "its query is not signed")),
    ]


def _params(sent: _Pairs, in_query: _Pairs) -> _Choices:
    found: _Choices = [(sent, None)]
    if sent:
        found.append(([], Difference("params", "its parameters are not signed")))
    rest = list((Counter(sent) - Counter(in_query)).elements())
    if len(rest) < len(sent):
        repeated = "the query's parameters were passed as the body's as well"
        found.append((rest, Difference("params", repeated)))
    return found


def _methods(method: str) -> _Choices:
    kind, other = ("GET", "POST") if method.upper() == "GET" else ("POST", "GET")
    return [(kind, None), (other, Difference("method", f"its method is {other}"))]


def _versions() -> _Choices:
    v2 = "it is signed with V2, which covers neither query nor body"
    return [("V3", None), ("V2", Difference("version", v2))]


def _tokens(tokens: Sequence[str]) -> _Choices:
    """Each token with its index."""
    first = tokens[0]
    found: _Choices = [((0, first), None)]
    if first.strip() != first:
        stripped = "the token is passed with spaces or a line break around it"
        found.append(((0, first.strip()), Difference("token", stripped)))
    for number, token in enumerate(tokens[1:], 1):
        other = f"it is made with other token no. {number}"
        found.append(((number, token), Difference("token", other)))
    return found
