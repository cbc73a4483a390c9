"""The country of a phone number, from Google's libphonenumber data."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from types import ModuleType

__all__ = ["INVALID", "SIP", "Countries"]

INVALID = "no valid number"
SIP = "SIP"
_MAX_BLOCKS = 1 << 15  # a few MiB


class Countries:
    """Finds the country of addresses, for a summary.

    A look-up takes a tenth of a millisecond, so that its result serves for all numbers of a block:
    those with the same length and the same first digits.
    """

    def __init__(self) -> None:
        self._blocks: dict[tuple[str, int], str] = {}

    def of(self, address: str) -> str | None:
        """Return the country of an address.

        Args:
            address: a phone number with its country code, or a SIP address.

        Returns:
            The country's ISO 3166 code; the calling code of a number of no country; `SIP`;
            `INVALID` for a number that no country has; None without the package phonenumberslite.
        """
        library = _library()
        if library is None:
            return None
        if "@" in address:
            return SIP
        digits = address.removeprefix("+")
        # Under +1 the area code and the next digit decide, elsewhere a few digits more.
        block = (digits[: 5 if digits.startswith("1") else 7], len(digits))
        country = self._blocks.get(block)
        if country is None:
            if len(self._blocks) == _MAX_BLOCKS:
                self._blocks.clear()
            country = self._blocks[block] = _look_up(library, digits)
        return country


def _look_up(library: ModuleType, digits: str) -> str:
    try:
        number = library.parse(f"+{digits}")
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
