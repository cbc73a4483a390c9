"""A cell that is dialled is a phone number or a SIP address, or is refused with the reason."""

from __future__ import annotations

import pytest

from plivo_phlo_async.cli.bulk.addresses import AddressError, clean_address

RTL, POP, ZERO_WIDTH, BOM, NBSP = "\u202b", "\u202c", "\u200b", "\ufeff", "\u00a0"


@pytest.mark.parametrize(
    "address",
    [
        "12025551111",
        "+12025551111",
        "2025551111",
        "5551111",
        "+123456789012345",
        "sip:bob@phone.plivo.com",
        "sip:callme140703093944@phone.plivo.com:5060;transport=tcp",
        "SIPS:+12025551111@[2001:db8::1];user=phone",
        "sip:b%20b@example.com",
    ],
)
def test_an_address_is_sent_as_it_is(address: str) -> None:
    clean = clean_address(address)

    assert clean.address == address
    assert clean.removed == ()


@pytest.mark.parametrize(
    ("spelling", "removed"),
    [
        ("1 202 555 1111", ["spaces"]),
        (f"1{NBSP}202{NBSP}555{NBSP}1111", ["spaces"]),
        ("1-202-555-1111", ["hyphens"]),
        ("1\u2011202\u2013555\u22121111", ["hyphens"]),
        ("1.202.555.1111", ["dots"]),
        ("1 (202) 555-1111", ["spaces", "parentheses", "hyphens"]),
        ("1202(555)1111", ["parentheses"]),
        ("12.025.551.111", ["dots"]),
        ("1.2025551111", ["dots"]),
        (f"{RTL}12025551111{POP}", ["U+202B", "U+202C"]),
        (f"{BOM}1202{ZERO_WIDTH}5551111", ["U+FEFF", "U+200B"]),
        ("１２０２５５５１１１１", ["other digits"]),  # noqa: RUF001  full-width
        ("١٢٠٢٥٥٥١١١١", ["other digits"]),
        ("1（202）555－1111", ["parentheses", "hyphens"]),  # noqa: RUF001
    ],
    ids=ascii,
)
def test_separators_and_invisible_characters_are_removed(spelling: str, removed: list[str]) -> None:
    clean = clean_address(spelling)

    assert clean.address == "12025551111"
    assert sorted(clean.removed) == sorted(removed)


@pytest.mark.parametrize("spelling", ["+1 202 555 1111", "(+1) 202-555-1111", "＋12025551111"])  # noqa: RUF001
def test_a_leading_plus_stays(spelling: str) -> None:
    assert clean_address(spelling).address == "+12025551111"


def test_invisible_characters_around_a_sip_address_are_removed() -> None:
    assert clean_address(f"{RTL}sip:bob@example.com{POP}").address == "sip:bob@example.com"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        # What a spreadsheet or a data frame makes of a number
        ("12025551111.0", "is a decimal number"),
        ("12025551111.00", "is a decimal number"),
        ("12025551111,0", "is a decimal number"),
        ("1202555111.5", "is a decimal number"),
        ("1.20256E+10", "is a number rounded by a spreadsheet"),
        ("1,20256E+10", "is a number rounded by a spreadsheet"),
        ("1.2e10", "is a number rounded by a spreadsheet"),
        ("12,025,551,111", "has thousands separators"),
        ('="12025551111"', "is a formula"),
        ("=A2", "is a formula"),
        ("'12025551111", "begins with an apostrophe"),
        ("\u201912025551111", "begins with an apostrophe"),
        ("#N/A", "is an error of the spreadsheet"),
        ("#REF!", "is an error of the spreadsheet"),
        ("#VALUE!", "is an error of the spreadsheet"),
        ("#NAME?", "is an error of the spreadsheet"),
        ("#DIV/0!", "is an error of the spreadsheet"),
        ("######", "is an error of the spreadsheet"),
        ("2025-11-26", "is a date"),
        ("26.11.2025", "is a date"),
        ("11/26/2025", "is a date"),
        # Placeholders
        *[(text, "is neither") for text in ("NULL", "nan", "None", "null", "N/A", "n/a", "-", "?")],
        *[(text, "is neither") for text in ("TRUE", "unknown", "call me", "\u200b", "+", "--")],
        # More than a number
        ("12025551111<12025552222", "holds several numbers"),
        ("12025551111,12025552222", "holds several numbers"),
        ("12025551111/12025552222", "holds several numbers"),
        ("12025551111;12025552222", "holds several numbers"),
        ("12025551111 | 12025552222", "holds several numbers"),
        ("12025551111 or 12025552222", "holds several numbers"),
        ("12025551111\n12025552222", "holds several numbers"),
        ("12025551111 12025552222", "holds several numbers"),
        ("+12025551111+12025552222", "holds several numbers"),
        ("555-1111 555-2222", "holds several numbers"),
        ("12025551111 ext 5", "has an extension"),
        ("12025551111 Ext. 5", "has an extension"),
        ("12025551111 extension 512", "has an extension"),
        ("12025551111x5", "has an extension"),
        ("12025551111;ext=5", "has an extension"),
        ("12025551111#5", "has an extension"),
        ("12025551111,,5", "has an extension"),
        ("tel:+12025551111", "begins with a scheme"),
        ("callto:12025551111", "begins with a scheme"),
        ("tel:+12025551111;ext=5", "begins with a scheme"),
        # Letters and other signs among the digits
        ("1202555l111", "has letters"),
        ("1-800-FLOWERS", "has letters"),
        ("12025551111 (home)", "has letters"),
        ("Ann 12025551111", "has letters"),
        ("1202\u00b25551111", "is neither"),
        ("$12025551111", "is neither"),
        ("-12025551111", "is neither"),
        ("12025551111-", "is neither"),
        ("++12025551111", "is neither"),
        ("1202555\n1111", "is neither"),
        ("192.168.0.1:5060", "is neither"),
        # Numbers that are dialled wrongly, or not at all
        ("0012025551111", "begins with 00"),
        ("+0012025551111", "begins with 00"),
        ("01112025551111", "begins with 011"),
        ("020 7946 0018", "begins with 0;"),
        ("+44 (0)20 7946 0018", "has a 0 in parentheses"),
        ("+44 ( 020 ) 7946 0018", "has a 0 in parentheses"),
        ("123456", "has too few digits (6)"),
        ("1234567890123456", "has too many digits (16)"),
        ("1" * 101, "is too long"),
        # SIP
        ("bob@example.com", "is not a SIP address; write it as sip:user@host."),
        ("mailto:bob@example.com", "begins with a scheme"),
        ("sip:example.com", "is not a SIP address"),
        ("sip:12025551111", "is not a SIP address"),
        ("sip:bob@exa mple.com", "is not a SIP address"),
        ("sip:bob@example.com?subject=a", "is not a SIP address"),
        ("sip:bob@example.com,sip:ann@example.com", "is not a SIP address"),
        ('"Bob" <sip:bob@example.com>', "is not a SIP address"),
        ("sip:" + "b" * 1021, "is too long"),
    ],
    ids=ascii,
)
def test_anything_else_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(AddressError, match=r"\.$") as refused:
        clean_address(text)

    assert reason in str(refused.value)


@pytest.mark.parametrize("value", [12025551111.0, True, ["12025551111"], {}], ids=str)
def test_a_json_value_that_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(AddressError, match="; write it as a string"):
        clean_address(value)


@pytest.mark.parametrize(
    "text", ["12025551111x5", "12025551111.0", "Ann 1 202 555 1111", "'+1 (202) 555-1111"]
)
def test_no_reason_shows_a_full_number(text: str) -> None:
    with pytest.raises(AddressError) as refused:
        clean_address(text)

    assert text not in str(refused.value)
    assert "1202" not in str(refused.value)
