"""`Retry-After`: seconds or a date; nonsense is ignored."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plivo_phlo_async._transport.retry_after import parse_retry_after

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("1", 1.0),
        (" 7 ", 7.0),
        ("0.5", 0.5),
        ("120.75", 120.75),
        ("100000000", 1e8),
        ("Sat, 21 Nov 2026 12:00:09 GMT", 9.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("Saturday, 21-Nov-26 12:00:09 GMT", 9.0),
        ("Sat Nov 21 12:00:09 2026", 9.0),
        ("Sat, 21 Nov 2026 13:00:09 +0100", 9.0),
        ("", None),
        ("-10", None),
        ("+5", None),
        ("1e3", None),
        ("nan", None),
        ("inf", None),
        ("1_000", None),
        ("0x10", None),
        ("\u0661", None),
        ("soon", None),
        ("1, 2", None),
        ("9" * 400, None),
        ("Sat, 21 Nov 100000 12:00:00 GMT", None),
        ("Sat, 99 Nov 2026 12:00:00 GMT", None),
        ("Xxx, 21 Nov", None),
    ],
)
def test_retry_after_is_read_or_else_ignored(value: str, seconds: float | None) -> None:
    assert parse_retry_after({"retry-after": value}, NOW) == seconds


def test_a_date_is_compared_with_the_responses_own_date() -> None:
    headers = {
        "retry-after": "Sat, 21 Nov 2026 18:00:30 GMT",
        "date": "Sat, 21 Nov 2026 18:00:00 GMT",
    }

    assert parse_retry_after(headers, NOW) == 30.0


def test_without_the_header_there_is_no_wait() -> None:
    assert parse_retry_after({}, NOW) is None


@given(value=st.text(), date=st.text())
def test_no_retry_after_raises_or_goes_back_in_time(value: str, date: str) -> None:
    seconds = parse_retry_after({"retry-after": value, "date": date}, NOW)

    assert seconds is None or seconds >= 0
