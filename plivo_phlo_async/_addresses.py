"""Compare phone numbers and SIP addresses by value, not by spelling."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

__all__ = ["address_identity", "same_address"]

_SIP = re.compile(r"(sips?):(?:(.*)@)?([^@;?]*)", re.IGNORECASE | re.DOTALL).match
_TEL = re.compile(r"tel:", re.IGNORECASE)
_NUMBER = re.compile(r"\+?[0-9]+", re.ASCII).fullmatch
_SEPARATORS = {"Zs", "Pd", "Cf"}  # spaces, dashes, and characters that cannot be seen
_OTHER_SEPARATORS = {"(", ")", ".", "\u2043", "\u2212"}  # a bullet and the minus sign


def same_address(one: str | None, other: str | None) -> bool:
    """Return whether two spellings are the same phone number or SIP address.

    A number is compared by its digits, so `+1 202-555-0199` is `12025550199`; no country code is
    guessed. A SIP address is compared as RFC 3261 does: scheme and host in either case, the user
    exactly. Its parameters say how to reach the same phone and do not count.

    Args:
        one: an address; None, which equals no address.
        other: the other address.
    """
    if not one or not other:
        return False
    return one == other or address_identity(one) == address_identity(other)


def address_identity(address: str) -> str:
    """Return what all spellings of an address share; see `same_address`."""
    if _NUMBER(address):
        return address.removeprefix("+")
    text = address.strip()
    if sip := _SIP(text):
        user = "" if sip[2] is None else f"{unquote(sip[2])}@"
        return f"{sip[1].lower()}:{user}{sip[3].lower()}"
    number = "".join(map(_digit, _TEL.sub("", text, count=1)))
    return number.removeprefix("+") if _NUMBER(number) else text.casefold()


def _digit(char: str) -> str:
    """Return the ASCII digit for one in another script or style, and nothing for a separator."""
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category in _SEPARATORS or char in _OTHER_SEPARATORS:
        return ""
    return unicodedata.normalize("NFKC", char)
