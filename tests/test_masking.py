"""Phone numbers stay out of messages and logs."""

from __future__ import annotations

import logging

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plivo_phlo_async._masking import mask, mask_members, mask_numbers
from plivo_phlo_async._transport.request import PhloURL, mask_own_requests

NUMBER = "12025551111"


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("12025551111", "…1111"),
        ("+14155550100", "…0100"),
        ("5551111", "…"),
        ("sip:bob@phone.plivo.com", "…@phone.plivo.com"),
        ("sip:bob@+12025551111", "…@…1111"),
        (
            "sip:bob@phone.plivo.com;phone-context=+12025551111",
            "…@phone.plivo.com;phone-context=…1111",
        ),
        ("", "…"),
    ],
)
def test_an_address_keeps_four_digits_or_its_host(address: str, masked: str) -> None:
    assert mask(address) == masked


def test_numbers_in_a_text_are_masked_and_ids_of_few_digits_are_not() -> None:
    text = "'+14155550100' is not valid, nor 12025551111; code 5030"

    assert mask_numbers(text) == "'…0100' is not valid, nor …1111; code 5030"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("to +1 (202) 555-1111 at 10:30", "to …1111 at 10:30"),
        ("(202) 555-1111.", "…1111."),
        ("555-1111 or 5551111", "…1111 or …1111"),
        ("%2B1%20202%20555%201111", "%2B…1111"),
        ("00 1 202 555 1111", "00 …1111"),
        ("12025551111, 1 202 555 1111", "…1111, …1111"),
        ("555-11112 and 555-111", "555-11112 and 555-111"),
        ("no number", "no number"),
    ],
)
def test_a_number_that_is_known_is_masked_in_any_spelling(text: str, masked: str) -> None:
    assert mask_numbers(text, [NUMBER]) == masked


def test_each_of_several_numbers_keeps_its_own_digits() -> None:
    text = "1 202 555 0000, 1 202 555 1111"

    assert mask_numbers(text, [None, "12025550000", NUMBER]) == "…0000, …1111"


@pytest.mark.parametrize(
    "address",
    ["+1 (202) 555-1111", "\uff11\uff12\uff10\uff12\uff15\uff15\uff15\uff11\uff11\uff11\uff11"],
)
def test_a_number_is_known_in_whatever_spelling_it_was_given(address: str) -> None:
    assert mask_numbers("to 1-202-555-1111", [address]) == "to …1111"


@given(separators=st.lists(st.sampled_from(["", " ", "-", ".", ") ", "%20"]), min_size=11))
def test_no_usual_separators_hide_a_number_that_is_known(separators: list[str]) -> None:
    text = "".join(a + b for a, b in zip(separators, NUMBER, strict=False))
    masked = mask_numbers(f"to {text}!", [NUMBER])

    assert masked.endswith("…1111!")
    assert "2025551" not in "".join(filter(str.isdigit, masked))


@pytest.mark.parametrize("unit", ["1", "5 ", "1-(", "55%20"])
def test_masking_takes_no_longer_than_its_text_is_long(unit: str) -> None:
    text = unit * 100_000  # forwards and by trial this takes hours

    assert NUMBER not in mask_numbers(text, [NUMBER])


def test_only_the_first_hundred_numbers_of_an_action_are_looked_for() -> None:
    numbers = [f"{10**10 + index}" for index in range(101)]
    texts = [f"{number[:4]}-{number[4:7]}-{number[7:]}" for number in numbers]

    assert mask_numbers(texts[99], numbers) == "…0099"
    assert mask_numbers(texts[100], numbers) == "1000-000-0100"


# In what httpx logs

PATH = "/v1/phlo/p/multi_party_call/n/members/"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    mask_own_requests()
    caplog.set_level(logging.INFO, logger="httpx")
    return caplog


@pytest.mark.parametrize("member", ["+12025551111", "12025551111?x=1", "12025551111#x"])
def test_a_url_keeps_four_digits_of_its_member(member: str) -> None:
    masked = mask_members(f"https://h{PATH}{member}")

    assert masked == f"https://h{PATH}…1111{member[11:] if member[0] == '1' else ''}"


def test_what_httpx_logs_of_ours_is_masked(log: pytest.LogCaptureFixture) -> None:
    url = PhloURL(f"https://h{PATH}+12025551111")
    logging.getLogger("httpx").info("HTTP Request: %s %s %d", "POST", url, 201)

    assert log.messages == [f"HTTP Request: POST https://h{PATH}…1111 201"]


@pytest.mark.parametrize("make", [str, httpx.URL])
def test_what_httpx_logs_of_others_stays_as_it_is(
    log: pytest.LogCaptureFixture, make: type[str] | type[httpx.URL]
) -> None:
    url = make(f"https://elsewhere{PATH}12025551111")
    args = ("POST", url, 201)
    logging.getLogger("httpx").info("HTTP Request: %s %s %d", *args)
    (record,) = log.records

    assert isinstance(record.args, tuple)
    assert record.args[1] is url
    assert record.getMessage() == f"HTTP Request: POST https://elsewhere{PATH}12025551111 201"


def test_a_record_whose_arguments_have_names_stays_as_it_is(
    log: pytest.LogCaptureFixture,
) -> None:
    logging.getLogger("httpx").info("asked %(path)s", {"path": "/members/12025551111"})

    assert log.messages == ["asked /members/12025551111"]


def test_masking_is_set_up_once_for_any_number_of_clients() -> None:
    mask_own_requests()
    before = list(logging.getLogger("httpx").filters)
    mask_own_requests()

    assert logging.getLogger("httpx").filters == before
