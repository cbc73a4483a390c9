"""Whether a cell is an address: a phone number or a SIP address. Pure: it does no I/O.

Plivo documents "phone number or SIP endpoint address", and its examples are a country code and a
number, with or without `+`. Cleaning removes what separates digits and what cannot be seen.
Everything else is refused: a country code is never guessed, and no word is cut off.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from attrs import frozen

from .messages import shown

__all__ = ["AddressError", "CleanAddress", "clean_address"]

_MIN_DIGITS, _MAX_DIGITS = 7, 15  # E.164 allows 15
_MAX_LENGTH = 100  # of a number with all its separators
_MAX_SIP_LENGTH = 1024
_NUMBER = re.compile(r"\+?[1-9][0-9]{6,14}", re.ASCII).fullmatch
_SPELLED = re.compile(r"[ (]*\+?[ (]*[0-9][0-9 .()-]*(?<=[0-9)])", re.ASCII).fullmatch
_USER = r"(?:[A-Za-z0-9_.!~*'()&=+$,;?/-]|%[0-9A-Fa-f]{2})+"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
_SIP = re.compile(
    rf"sips?:{_USER}@{_HOST}(?::[0-9]{{1,5}})?(?:;[^\s;?<>\"@,]+)*", re.ASCII | re.IGNORECASE
).fullmatch
_SCHEME = re.compile(r"sips?:", re.IGNORECASE).match
_SEPARATORS = {" ": "spaces", "-": "hyphens", ".": "dots", "(": "parentheses", ")": "parentheses"}
_DASHES = {"\u2043", "\u2212"}  # a bullet and the minus sign, beside the category Pd


class AddressError(ValueError):
    """It is no address; the message says why and what to do, without a full number."""


@frozen
class CleanAddress:
    """An address as it is sent.

    Attributes:
        address: the address.
        removed: what was cleaned, in words: "spaces", "U+202C".
    """

    address: str
    removed: tuple[str, ...] = ()


def clean_address(value: object) -> CleanAddress:
    """Return the address in a cell or JSON value.

    Args:
        value: the text, without surrounding blanks, or a JSON value.

    Raises:
        AddressError: it is neither a phone number nor a SIP address.
    """
    if not isinstance(value, str):
        raise AddressError(f"it is a {type(value).__name__}; write it as a string.")
    if _NUMBER(value):
        return CleanAddress(value)
    if len(value) > (_MAX_SIP_LENGTH if _SCHEME(value) else _MAX_LENGTH):
        raise AddressError(f"{shown(value)} is too long for a phone number or SIP address.")
    visible = "".join(char for char in value if unicodedata.category(char) != "Cf").strip()
    hidden = _hidden(value)
    if _SCHEME(visible):
        return CleanAddress(_sip(visible), hidden)
    plain = "".join(map(_plain, visible))
    _check_number(value, plain)
    separators = [_SEPARATORS[char] for char in plain if char in _SEPARATORS]
    other = [] if visible.isascii() else _other_spellings(visible)
    removed = tuple(dict.fromkeys([*hidden, *separators, *other]))
    return CleanAddress(re.sub(r"[^0-9+]", "", plain), removed)


def _hidden(value: str) -> tuple[str, ...]:
    if value.isascii():
        return ()
    return tuple(f"U+{ord(char):04X}" for char in value if unicodedata.category(char) == "Cf")


def _sip(text: str) -> str:
    if not _SIP(text):
        raise AddressError(
            f"{shown(text)} is not a SIP address; write it as sip:user@host, without a display"
            " name or headers."
        )
    return text


def _plain(char: str) -> str:
    """Return an ASCII digit or separator for one in another script, width or style."""
    if char.isascii():
        return char
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category == "Zs":
        return " "
    if category == "Pd" or char in _DASHES:
        return "-"
    if unicodedata.decomposition(char).startswith("<wide>"):
        return unicodedata.normalize("NFKC", char)
    return char


def _other_spellings(text: str) -> list[str]:
    others = [char for char in text if not char.isascii() and _plain(char) not in _SEPARATORS]
    return ["other digits"] if others else []


# Why a text is not a number


def _check_number(value: str, plain: str) -> None:
    """Raise `AddressError` with the first reason that applies."""
    if not _SPELLED(plain):
        raise AddressError(_malformed(value, plain))
    digits = re.sub(r"[^0-9]", "", plain)
    for applies, reason in _DOUBTS:
        if applies(plain):
            raise AddressError(f"{shown(value)} {reason}")
    if not _MIN_DIGITS <= len(digits) <= _MAX_DIGITS:
        amount = "few" if len(digits) < _MIN_DIGITS else "many"
        raise AddressError(
            f"{shown(value)} has too {amount} digits ({len(digits)}); a phone number with its"
            f" country code has {_MIN_DIGITS} to {_MAX_DIGITS}."
        )
    if digits.startswith("0"):
        raise AddressError(f"{shown(value)} {_zero(digits)}")


def _zero(digits: str) -> str:
    prefix = next((prefix for prefix in ("011", "00") if digits.startswith(prefix)), "0")
    return f"begins with {prefix}; write the country code first, without {prefix}."


def _is_decimal(plain: str) -> bool:
    """Return whether it looks like 12025551111.0, not like 202.555.1111."""
    before, _, after = plain.partition(".")
    decimals = len(after) <= 2 or not after.strip("0") or re.fullmatch(r"\+?[0-9]{7,}", before)
    return bool(after.isdigit() and decimals)


def _is_several(plain: str) -> bool:
    return sum(_digits(part) >= _MIN_DIGITS for part in plain.split()) > 1


def _digits(text: str) -> int:
    return sum(char in "0123456789" for char in text)


def _has_letters(plain: str) -> bool:
    return any(map(str.isalpha, plain)) and _digits(plain) > 0


_Doubt = tuple[Callable[[str], object], str]
_SEVERAL = "holds several numbers; write one row for each."
_DECIMAL = "is a decimal number; format that column as text and export it again."
_EXTENSION = "has an extension, which cannot be dialled; leave it out."
_NO_NUMBER = "is a date; map another column."
_DATE = re.compile(
    r"[0-9]{4}([./-])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([./-])[0-9]{1,2}\2[0-9]{4}"
).fullmatch
# Digits and separators that are something else than a number, or may be dialled wrongly.
_DOUBTS: tuple[_Doubt, ...] = (
    (_is_several, _SEVERAL),
    (_is_decimal, _DECIMAL),
    (
        re.compile(r"\( *0").search,
        "has a 0 in parentheses; write the number as it is dialled from abroad.",
    ),
    (_DATE, _NO_NUMBER),
)
# What else a cell may hold; the first that applies is the reason.
_KINDS: tuple[_Doubt, ...] = (
    (re.compile(r"#").match, "is an error of the spreadsheet; correct the cell."),
    (re.compile(r"=").match, "is a formula; save the cell's value."),
    (re.compile(r"['`\u2018\u2019]").match, "begins with an apostrophe; leave it out."),
    (
        re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+").fullmatch,
        "is a number rounded by a spreadsheet; format that column as text and export it again.",
    ),
    (
        re.compile(r"(?i)(?:tel|callto|phone|mailto|https?|sip|whatsapp) ?:").match,
        "begins with a scheme; write only the number, or sip:user@host.",
    ),
    (_DATE, _NO_NUMBER),
    (re.compile(r"@").search, "is not a SIP address; write it as sip:user@host."),
    (re.compile(r"[0-9]{7,}[.,][0-9]{1,2}").fullmatch, _DECIMAL),
    (
        re.compile(r"[0-9]{1,3}(?:[,'][0-9]{3})+").fullmatch,
        "has thousands separators; format that column as text and export it again.",
    ),
    (
        re.compile(r"(?i).*[0-9].*(?:ext(?:ension|n)?|[x#,;wp*]) *[.:=-]? *[0-9]{1,6}").fullmatch,
        _EXTENSION,
    ),
    (_has_letters, "has letters; write digits only."),
)


def _malformed(value: str, plain: str) -> str:
    parts = re.split(r"[<>,;/|&\r\n\t+]|\b(?:or|and|y|et|und|oder)\b", plain)
    if sum(_digits(part) >= _MIN_DIGITS for part in parts) > 1:
        return f"{shown(value)} {_SEVERAL}"
    for applies, reason in _KINDS:
        if applies(plain):
            return f"{shown(value)} {reason}"
    return f"{shown(value)} is neither a phone number nor a SIP address; correct that cell."
