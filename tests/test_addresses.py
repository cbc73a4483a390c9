"""Whether two spellings are the same phone."""

from __future__ import annotations

import pytest

from plivo_phlo_async.webhooks import same_address

RTL, POP, NBSP = "\u202b", "\u202c", "\u00a0"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12025551111", "+12025551111"),
        ("12025551111", "+1 (202) 555-1111"),
        ("12025551111", " 12025551111\n"),
        ("12025551111", "tel:+1-202-555-1111"),
        ("12025551111", f"{RTL}1202.555.1111{POP}"),
        ("12025551111", f"1{NBSP}202\u2011555\u22121111"),
        ("12025551111", "\u0661\u0662\u0660\u0662\u0665\u0665\u0665\u0661\u0661\u0661\u0661"),
        ("12025551111", "\uff0b\uff11\uff12\uff10\uff12\uff15\uff15\uff15\uff11\uff11\uff11\uff11"),
        ("1001", "1001"),
        ("sip:bob@example.com", "SIP:bob@Example.COM"),
        ("sip:bob@example.com", "sip:bob@example.com;transport=tcp"),
        ("sip:bob@example.com", "sip:bob@example.com?subject=hello"),
        ("sip:bob@example.com", "sip:b%6fb@example.com"),
        ("sip:example.com", "sip:EXAMPLE.com"),
        ("call me", "CALL ME"),
    ],
)
def test_two_spellings_of_one_phone_are_the_same(one: str, other: str) -> None:
    assert same_address(one, other)
    assert same_address(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12025551111", "12025551112"),
        ("2025551111", "12025551111"),
        ("0012025551111", "12025551111"),
        ("sip:bob@example.com", "sip:Bob@example.com"),
        ("sip:bob@example.com", "sips:bob@example.com"),
        ("sip:bob@example.com", "sip:bob@example.com:5061"),
        ("sip:12025551111@example.com", "12025551111"),
        ("ext 1", "ext 2"),
        ("12025551111", None),
        ("", ""),
        (None, None),
    ],
)
def test_two_phones_are_not_the_same(one: str | None, other: str | None) -> None:
    assert not same_address(one, other)
