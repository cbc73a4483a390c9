"""The units and the length of an SMS."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plivo_phlo_async.emulator.flow.sms import sms_length, sms_limit, sms_units


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("", 1),
        ("a", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("é@£\r\n" * 32, 1),
    ],
)
def test_a_gsm_text_has_160_characters_or_153_in_each_part(text: str, units: int) -> None:
    assert sms_units(text) == units


@pytest.mark.parametrize(
    ("text", "units"),
    [("€" * 80, 1), ("€" * 80 + "a", 2), ("€" * 152, 2), ("a" * 152 + "€" + "a" * 151, 2)],
)
def test_a_character_of_the_extension_counts_as_two_and_is_not_split(text: str, units: int) -> None:
    assert sms_units(text) == units


@pytest.mark.parametrize(
    ("text", "units"),
    [("ё" * 70, 1), ("ё" * 71, 2), ("ё" * 134, 2), ("ё" * 135, 3), ("a" * 70 + "ё", 2)],
)
def test_any_other_text_has_70_characters_or_67_in_each_part(text: str, units: int) -> None:
    assert sms_units(text) == units


@pytest.mark.parametrize(
    ("text", "units"), [("😀" * 35, 1), ("😀" * 36, 2), ("😀" * 66, 2), ("😀" * 67, 3)]
)
def test_an_emoji_is_two_units_of_utf_16_and_is_not_split(text: str, units: int) -> None:
    assert sms_units(text) == units


def test_the_length_counts_what_the_limit_limits() -> None:
    assert (sms_length("a€"), sms_limit("a€")) == (3, 1600)
    assert (sms_length("a€ё😀"), sms_limit("a€ё😀")) == (5, 737)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.text(alphabet="a€ё😀\ud800", max_size=400))
def test_the_units_hold_the_text_and_one_less_would_not(text: str) -> None:
    part = 153 if sms_limit(text) == 1600 else 67
    units = sms_units(text)

    assert sms_length(text) <= units * part or units == 1
    assert units == 1 or sms_length(text) > (units - 1) * (part - 1)
