"""Mask phone numbers in messages, logs and tracebacks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import chain

__all__ = ["mask", "mask_members", "mask_numbers"]

_NUMBER = re.compile(r"\+?\d{7,}")
_MEMBER_IN_PATH = re.compile(r"(/members/)([^/?#\s]+)")
_BETWEEN = r"(?:[0-9A-Fa-f]{2}%|[^\w%]){0,3}"  # what may stand between digits; backwards
_TAIL = 7  # digits that identify a number
_MOST = 100  # numbers of one action; a payload may hold thousands


def mask(address: str) -> str:
    """Mask an address: keep a number's last four digits, or a SIP address's host.

    `12025551111` becomes `…1111`, `sip:bob@phone.plivo.com` becomes `…@phone.plivo.com`.
    """
    _, at, host = address.rpartition("@")
    if at:
        return f"…@{mask_numbers(host)}"
    return f"…{address[-4:]}" if len(address) >= 8 else "…"


def mask_members(url: str) -> str:
    """Return `url` with the member's address in its path masked."""
    return _MEMBER_IN_PATH.sub(lambda found: found[1] + mask(found[2]), url)


def mask_numbers(text: str, addresses: Iterable[str | None] = ()) -> str:
    """Return `text` with every run of seven digits or more masked.

    Args:
        text: a message.
        addresses: texts whose numbers are masked in any spelling: with spaces, hyphens or
            parentheses, percent-encoded, without the country code, in other digits.
    """
    if numbers := _numbers_of(addresses):
        backwards = unicodedata.normalize("NFKC", text)[::-1]
        for number in numbers:
            backwards = _spelled(number).sub(f"…{number[-4:]}"[::-1], backwards)
        text = backwards[::-1]
    return _NUMBER.sub(lambda found: mask(found[0]), text)


def _numbers_of(addresses: Iterable[str | None]) -> list[str]:
    texts = (unicodedata.normalize("NFKC", address) for address in addresses if address)
    found = (re.findall(r"\d{7,}", re.sub(r"[\s().-]", "", text)) for text in texts)
    return list(dict.fromkeys(chain.from_iterable(found)))[:_MOST]


def _spelled(number: str) -> re.Pattern[str]:
    """Return a pattern for any spelling of a number, by its last digits, in a reversed text.

    Forwards, a regular expression would try the digits before them in every way: a long text would
    take minutes.
    """
    tail, before = _BETWEEN.join(reversed(number[-_TAIL:])), len(number) - _TAIL
    return re.compile(rf"(?<!\d){tail}(?:{_BETWEEN}\d){{0,{before}}}+\(?\+?")
