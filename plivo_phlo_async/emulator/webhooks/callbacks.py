"""Callbacks: the URLs that the events of a call are posted to.

That the events are a form, signed V3, is assumed.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

import attrs

from ..errors import InvalidParameter


@attrs.frozen
class Callback:
    """A URL that receives the events of calls.

    Attributes:
        url: the http or https URL.
        method: "POST", or "GET" with all variables in the URL.
        format: the body of a POST: "form" or "json".
        version: the signature: "V3", or "V2" over the bare URL.
    """

    url: str
    method: str = "POST"
    format: str = "form"
    version: str = "V3"


CHOICES = {"method": ("POST", "GET"), "format": ("form", "json"), "version": ("V3", "V2")}
"""The values of a callback's parts; the first is the default."""


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
    except ValueError:  # an invalid port raises as well
        return False
    if parts.username or parts.password or parts.fragment or " " in value:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0
