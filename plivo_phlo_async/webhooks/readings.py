"""A request in other readings: each of its parts with what it may be instead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any
from urllib.parse import unquote

from attrs import field, frozen

from .signature import signature, signed_text
from .wire import pairs_in

__all__ = ["Difference", "Reading", "readings"]

_URL = re.compile(
    r"([^:/?#]+)://((?:[^/?#@]*@)?(?:\[[^\]/?#]*\]|[^:/?#]*))(:\d*)?([^?#]*)(?:\?([^#]*))?(?:#.*)?",
    re.DOTALL,
)


@frozen
class Difference:
    """A part of a request that was signed otherwise than it was given; `str` says how.

    Attributes:
        part: `scheme`, `host`, `port`, `path`, `query`, `params`, `method`, `version`, `header` or
            `token`.
        told: how it was signed, in a few words, with neither a phone number nor a token.
    """

    part: str
    told: str

    def __str__(self) -> str:
        return self.told


@frozen
class Reading:
    """One way to read a request, and in what that differs from how it was given."""

    version: str
    text: str = field(repr=False)
    token: int
    secret: str = field(repr=False)
    differences: tuple[Difference, ...]

    def signature(self, nonce: str) -> str:
        """The signature it would have."""
        return signature(self.version, self.text, nonce, self.secret)


_Choices = list[tuple[Any, Difference | None]]
_Pairs = list[tuple[str, str]]


def readings(
    method: str, url: str, sent: _Pairs, hosts: Sequence[str], tokens: Sequence[str]
) -> Iterator[Reading]:
    """Every reading, those that differ least first."""
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
        _params(sent, pairs_in(query, "surrogateescape")),
        _methods(method),
        _versions(),
        _tokens(tokens),
    ]
    for chosen in sorted(product(*parts), key=lambda each: len(_differences(each))):
        *asked, version, (token, secret) = (value for value, _ in chosen)
        yield Reading(version, _text(version, *asked), token, secret, _differences(chosen))


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
    asked, as_written = query
    if not as_written:
        return signed_text(version, method, f"{base}?{asked}", params)
    before, mark, body = signed_text(version, method, base, params).partition("?")
    return f"{before}?{asked}.{body}" if mark else f"{before}?{asked}"


def _schemes(scheme: str) -> _Choices:
    other = "http" if scheme == "https" else "https"
    return [(scheme, None), (other, Difference("scheme", f"its URL begins with {other}://"))]


def _hosts(hosts: Sequence[str]) -> _Choices:
    others = [(each, Difference("host", f"its host is {each}")) for each in hosts[1:]]
    return [each for each in [(hosts[0], None), *others] if each[0]]


def _ports(port: str) -> _Choices:
    if port:
        return [
            (port, None),
            ("", Difference("port", f"its host comes without the port {port[1:]}")),
        ]
    named = [(each, f"its host comes with the port {each[1:]}") for each in (":443", ":80")]
    return [("", None), *((each, Difference("port", told)) for each, told in named)]


def _paths(path: str) -> _Choices:
    if path == "/":  # a server cannot tell whether the slash was there
        return [(path, None), ("", None)]
    other, slash = (path[:-1], "without") if path.endswith("/") else (f"{path}/", "with")
    found: _Choices = [(path, None), (other, Difference("path", f"its path ends {slash} a slash"))]
    if unquote(path) != path:
        found.append((unquote(path), Difference("path", "its path is signed decoded")))
    return found


def _queries(query: str) -> _Choices:
    """The query, and whether it is signed as it is written."""
    if not query:
        return [(("", False), None)]
    written = "its query is signed as written, in that order and not decoded"
    return [
        ((query, False), None),
        ((query, True), Difference("query", written)),
        (("", False), Difference("query", "its query is not signed")),
    ]


def _params(sent: _Pairs, asked: _Pairs) -> _Choices:
    found: _Choices = [(sent, None)]
    if sent:
        found.append(([], Difference("params", "its parameters are not signed")))
    rest = list((Counter(sent) - Counter(asked)).elements())
    if len(rest) < len(sent):
        told = "the query's parameters were given as the body's as well"
        found.append((rest, Difference("params", told)))
    return found


def _methods(method: str) -> _Choices:
    kind, other = ("GET", "POST") if method.upper() == "GET" else ("POST", "GET")
    return [(kind, None), (other, Difference("method", f"its method is {other}"))]


def _versions() -> _Choices:
    told = "it is signed by V2, which covers neither query nor body"
    return [("V3", None), ("V2", Difference("version", told))]


def _tokens(tokens: Sequence[str]) -> _Choices:
    """Each token with its number."""
    first = tokens[0]
    found: _Choices = [((0, first), None)]
    if first.strip() != first:
        told = "the token given has spaces or a line break around it"
        found.append(((0, first.strip()), Difference("token", told)))
    for number, token in enumerate(tokens[1:], 1):
        told = f"it is made with the other token no. {number}"
        found.append(((number, token), Difference("token", told)))
    return found
