"""Callbacks: where a call's events are told, and the signed request that tells one. No I/O.

That they come in a form, signed V3, is assumed.
"""

import json
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import attrs

from ..errors import InvalidParameter
from .signing import headers_of, signed_text

AGENT_NAME = "plivo-phlo-emulator"
"""The `User-Agent` a letter is sent with."""


@attrs.frozen
class Callback:
    """Where a call's events are told.

    Attributes:
        url: the http or https URL that is asked.
        method: "POST", or "GET" with all variables in the URL.
        format: a POST's body: "form" or "json".
        version: how it is signed: "V3", or "V2" over the bare URL.
    """

    url: str
    method: str = "POST"
    format: str = "form"
    version: str = "V3"


CHOICES = {"method": ("POST", "GET"), "format": ("form", "json"), "version": ("V3", "V2")}
"""What a callback's parts can be; the first is what it is unless it says otherwise."""


def read_callback(value: object, where: str = "callback") -> Callback:
    """Return a callback from its URL or its JSON object; raises `InvalidParameter`."""
    given = {"url": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping):
        raise InvalidParameter(f"{where}: give a URL, or an object with a url.")
    for key in given:
        if key not in ("url", *CHOICES):
            raise InvalidParameter(f"{where}: unknown key {key!r}.")
    for key, choices in CHOICES.items():
        if given.get(key, choices[0]) not in choices:
            raise InvalidParameter(f"{where}.{key}: give {' or '.join(choices)}.")
    if not _is_url(given.get("url")):
        raise InvalidParameter(f"{where}.url: give a URL that begins with http:// or https://.")
    return Callback(**given)


def _is_url(value: object) -> bool:
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        return False
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:  # also from a port that is none
        return False
    if parts.username or parts.password or parts.fragment or " " in value:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0


# What is sent


@attrs.frozen
class Letter:
    """One HTTP request to a callback URL.

    Attributes:
        method: "POST" or "GET".
        url: where it goes, a GET's variables included.
        headers: its headers, the signature's three among them.
        body: a POST's variables, as a form or as JSON.
        signed: the string that was signed.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    signed: str


def write_letter(
    callback: Callback, variables: Mapping[str, str], token: str, nonce: str
) -> Letter:
    """Return the request that tells `variables` to `callback`, signed with the Auth Token."""
    url, body, kind = callback.url, b"", ""
    if callback.method == "GET":
        url += ("&" if urlsplit(url).query else "?") + urlencode(variables)
    elif callback.format == "json":
        body, kind = json.dumps(variables).encode(), "application/json"
    else:
        body, kind = urlencode(variables).encode(), "application/x-www-form-urlencoded"
    text = signed_text(callback.version, callback.method, url, variables, nonce)
    headers = headers_of(callback.version, token, text, nonce)
    headers |= {"User-Agent": AGENT_NAME, **({"Content-Type": kind} if kind else {})}
    return Letter(callback.method, url, headers, body, text)
