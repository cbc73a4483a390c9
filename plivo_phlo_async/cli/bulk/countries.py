"""The country of a phone number, from Google's libphonenumber data."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from types import ModuleType

__all__ = ["INVALID", "SIP", "country_of"]

INVALID = "no valid number"
SIP = "SIP"


def country_of(address: str) -> str | None:
    """Return the country of an address, for a summary.

    Args:
        address: a phone number with its country code, or a SIP address.

    Returns:
        The country's ISO 3166 code; the calling code of a number of no country; `SIP`; `INVALID`
        for a number that its country does not have; None without the package phonenumberslite.
    """
    if "@" in address:
        return SIP
    library = _library()
    if library is None:
        return None
    try:
        number = library.parse(f"+{address.removeprefix('+')}")
    except library.NumberParseException:
        return INVALID
    region = library.region_code_for_number(number)
    if region is None or not library.is_possible_number(number):
        return INVALID
    return f"+{number.country_code}" if region == "001" else str(region)


@lru_cache(maxsize=1)
def _library() -> ModuleType | None:
    """Import the package on first use: few commands need its data."""
    try:
        return import_module("phonenumbers")
    except ImportError:
        return None
