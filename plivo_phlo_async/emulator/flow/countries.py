"""The country of a phone number, from the data of Google's libphonenumber."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

from .country_names import COUNTRY_NAMES

__all__ = ["country_of"]

_NUMBER = re.compile(r"\+?[0-9]+").fullmatch
_SEPARATORS = str.maketrans("", "", " ().-")
_US_DIGITS = 10


@lru_cache(maxsize=4096)
def country_of(address: str) -> tuple[str, str]:
    """Return the country of an address: its ISO 3166 code and its English name.

    Ten digits without `+` are a number of the US or another country under +1, where they can be
    one: 2025551111 is not Egypt's.

    Args:
        address: a phone number, with or without `+` and an extension, or a SIP address.

    Returns:
        The code and the name; both empty for a SIP address and for a number of no country.
    """
    number = address.partition(";")[0].translate(_SEPARATORS)
    if not _NUMBER(number):
        return "", ""
    spellings = [f"+{number.removeprefix('+')}"]
    if len(number) == _US_DIGITS:
        spellings.insert(0, f"+1{number}")
    code = next((code for code in map(_region, spellings) if code), "")
    return code, COUNTRY_NAMES.get(code, code)


def _region(number: str) -> str:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ""
    region = phonenumbers.region_code_for_number(parsed)
    # "001" is the region of numbers that belong to no country.
    if region is None or region == "001" or not phonenumbers.is_possible_number(parsed):
        return ""
    return str(region)
