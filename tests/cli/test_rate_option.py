"""A rate is said as 300/5s, in `bulk` and in `emulate` alike."""

from __future__ import annotations

import pytest

from plivo_phlo_async.cli.rate_option import read_rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("300/5s", (300, 5.0)),
        ("10/s", (10, 1.0)),
        ("10/2", (10, 2.0)),
        ("1/500ms", (1, 0.5)),
        ("60/m", (60, 60.0)),
        ("7/1.5h", (7, 5400.0)),
    ],
)
def test_a_rate_is_so_many_in_so_much_time(text: str, rate: tuple[int, float]) -> None:
    assert read_rate(text) == rate


@pytest.mark.parametrize(
    "text",
    ["", "300", "300/", "/5s", "0/5s", "5/0s", "-1/s", "5/-1s", "5/s ", "5/1d", "٣/s", "1/.s"],
)
def test_what_is_no_rate_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a rate; write it as 300/5s\.$"):
        read_rate(text)
