"""The country of an address."""

from __future__ import annotations

import phonenumbers
import pytest

from plivo_phlo_async.emulator.flow.countries import country_of
from plivo_phlo_async.emulator.flow.country_names import COUNTRY_NAMES


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("+12025551111", ("US", "United States")),
        ("12025550000", ("US", "United States")),
        ("+1 (202) 555-1111", ("US", "United States")),
        ("+14165551234", ("CA", "Canada")),
        ("+12425550100", ("BS", "Bahamas")),
        ("+442079460000", ("GB", "United Kingdom")),
        ("4915112345678", ("DE", "Germany")),
        ("+77011234567", ("KZ", "Kazakhstan")),
        ("+12025551111;ext=12", ("US", "United States")),
    ],
)
def test_a_number_has_its_country(address: str, country: tuple[str, str]) -> None:
    assert country_of(address) == country


@pytest.mark.parametrize(
    ("address", "code"),
    [("2025551111", "US"), ("4165551234", "CA"), ("4520123456", "DK"), ("+2025551111", "EG")],
)
def test_ten_digits_are_read_as_a_us_number_where_they_can_be_one(address: str, code: str) -> None:
    assert country_of(address)[0] == code


@pytest.mark.parametrize(
    "address",
    [
        "sip:agent@phone.plivo.com",
        "agent7",
        "",
        "+",
        "112",
        "+1202555",
        "+33612345",
        "+99912345678",
        "+80012345678",
        "1" * 400,
        "\u0661\u0662\u0660\u0662\u0665\u0665\u0665\u0661\u0661\u0661\u0661",
        "+1202555111x",
    ],
)
def test_what_is_no_number_of_a_country_has_none(address: str) -> None:
    assert country_of(address) == ("", "")


def test_every_country_has_a_name() -> None:
    assert COUNTRY_NAMES.keys() >= phonenumbers.SUPPORTED_REGIONS
