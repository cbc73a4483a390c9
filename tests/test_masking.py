"""Phone numbers stay out of messages and logs."""

from __future__ import annotations

import logging

import pytest

from plivo_phlo_async._masking import mask, mask_httpx_log, mask_numbers


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("12025551111", "…1111"),
        ("+14155550100", "…0100"),
        ("5551111", "…"),
        ("sip:bob@phone.plivo.com", "…@phone.plivo.com"),
        ("", "…"),
    ],
)
def test_an_address_keeps_four_digits_or_its_host(address: str, masked: str) -> None:
    assert mask(address) == masked


def test_numbers_in_a_text_are_masked_and_ids_of_few_digits_are_not() -> None:
    text = "'+14155550100' is not valid, nor 12025551111; code 5030"

    assert mask_numbers(text) == "'…0100' is not valid, nor …1111; code 5030"


def test_what_httpx_logs_of_a_member_is_masked(caplog: pytest.LogCaptureFixture) -> None:
    mask_httpx_log()
    caplog.set_level(logging.INFO, logger="httpx")
    url = "https://h/v1/phlo/p/multi_party_call/n/members/+12025551111"
    logging.getLogger("httpx").info("HTTP Request: %s %s %d", "POST", url, 201)

    assert caplog.messages == [
        "HTTP Request: POST https://h/v1/phlo/p/multi_party_call/n/members/…1111 201"
    ]


def test_so_is_one_that_comes_under_a_name(caplog: pytest.LogCaptureFixture) -> None:
    mask_httpx_log()
    caplog.set_level(logging.INFO, logger="httpx")
    logging.getLogger("httpx").info("asked %(path)s", {"path": "/members/12025551111"})

    assert caplog.messages == ["asked /members/…1111"]


def test_what_httpx_logs_of_others_stays_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    mask_httpx_log()
    caplog.set_level(logging.INFO, logger="httpx")
    logging.getLogger("httpx").info("HTTP Request: %s", "https://elsewhere/12025551111")

    assert [(record.msg, record.args) for record in caplog.records] == [
        ("HTTP Request: %s", ("https://elsewhere/12025551111",))
    ]
