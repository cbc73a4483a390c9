"""A received value becomes a value of its type, or None."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plivo_phlo_async.webhooks import BranchState, CallStatus, Component, IvrMenuState
from plivo_phlo_async.webhooks.events import converters
from plivo_phlo_async.webhooks.events.converters import Converter, one_of

CONVERTERS = [each for each in vars(converters).values() if isinstance(each, Converter)]
NONSENSE: list[Any] = [
    "",
    " ",
    "soon",
    "nan",
    "inf",
    "-inf",
    "1_000",
    "\u0661",
    "0x10",
    [],
    {},
    ["1", "2"],
]
NONSENSE += [True, float("nan"), float("inf"), "9" * 400, "1e999", "--1", {"a": 1}]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(), each, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2020-04-08 11:34:33", datetime(2020, 4, 8, 11, 34, 33, tzinfo=UTC)),
        ("2020-04-08 11:34:33.238707", datetime(2020, 4, 8, 11, 34, 33, 238707, tzinfo=UTC)),
        ("2020-04-08T11:34:33Z", datetime(2020, 4, 8, 11, 34, 33, tzinfo=UTC)),
        (" 2020-04-08T11:34:33 ", datetime(2020, 4, 8, 11, 34, 33, tzinfo=UTC)),
        ("2020-04-08 11:34:33 UTC", datetime(2020, 4, 8, 11, 34, 33, tzinfo=UTC)),
        ("2020-04-08 11:34:33 +0000 UTC", datetime(2020, 4, 8, 11, 34, 33, tzinfo=UTC)),
        ("1586345673", datetime(2020, 4, 8, 11, 34, 33, tzinfo=UTC)),
        ("1586345673.5", datetime(2020, 4, 8, 11, 34, 33, 500000, tzinfo=UTC)),
        ("1586345673000", datetime(2020, 4, 8, 11, 34, 33, tzinfo=UTC)),
        (1586345673, datetime(2020, 4, 8, 11, 34, 33, tzinfo=UTC)),
    ],
)
def test_an_instant_is_aware_however_it_is_written(value: Any, instant: datetime) -> None:
    assert converters.INSTANT.convert(value) == instant


def test_an_instant_keeps_the_zone_it_came_with() -> None:
    instant = converters.INSTANT.convert("2020-04-08 13:34:33+02:00")

    assert instant == datetime(2020, 4, 8, 13, 34, 33, tzinfo=timezone(timedelta(hours=2)))
    assert instant.utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize("value", ["12500", 12500, "12500.0"])
def test_a_recording_is_measured_in_milliseconds(value: Any) -> None:
    assert converters.MILLISECONDS.convert(value) == timedelta(seconds=12.5)


@pytest.mark.parametrize("value", ["90", 90, 90.0])
def test_a_call_is_measured_in_seconds(value: Any) -> None:
    assert converters.SECONDS.convert(value) == timedelta(minutes=1, seconds=30)


@pytest.mark.parametrize("value", ["-1", -1, "1e20"])
def test_no_duration_is_negative_or_endless(value: Any) -> None:
    assert converters.SECONDS.convert(value) is None
    assert converters.MILLISECONDS.convert(value) is None


@pytest.mark.parametrize("value", ["0.0035", 0.0035])
def test_money_is_exact(value: Any) -> None:
    assert converters.MONEY.convert(value) == Decimal("0.0035")


@pytest.mark.parametrize("value", NONSENSE, ids=repr)
@pytest.mark.parametrize(
    "converter",
    [
        converters.INSTANT,
        converters.SECONDS,
        converters.MILLISECONDS,
        converters.MONEY,
        converters.COUNT,
    ],
    ids=lambda each: f"{each.python_type} {each.unit}",
)
def test_what_is_no_number_or_date_is_none(converter: Converter, value: Any) -> None:
    assert converter.convert(value) is None


@pytest.mark.parametrize(
    ("value", "count"), [("3", 3), (3, 3), (3.0, 3), ("3.5", None), ("000", 0)]
)
def test_a_count_is_whole(value: Any, count: int | None) -> None:
    assert converters.COUNT.convert(value) == count


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        ("true", True),
        ("True", True),
        (" TRUE ", True),
        ("1", True),
        (True, True),
        (1, True),
        ("false", False),
        (False, False),
        ("0", False),
        ("", None),
        ("perhaps", None),
        ({}, None),
    ],
)
def test_a_flag_is_true_false_or_unsaid(value: Any, flag: bool | None) -> None:
    assert converters.FLAG.convert(value) is flag


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0012", "0012"),
        (12025551111, "12025551111"),
        (True, "true"),
        (["12025550000", "12025551111"], "12025550000,12025551111"),
        ({}, None),
        ([{}], None),
        (10**5000, None),
    ],
    ids=range(7),
)
def test_a_text_is_what_came(value: Any, text: str | None) -> None:
    assert converters.ADDRESS.convert(value) == text


@pytest.mark.parametrize(
    "value",
    [
        ["https://a.example/1", "https://a.example/2,3"],
        '["https://a.example/1", "https://a.example/2,3"]',
        "https://a.example/1,https://a.example/2,3",
        " https://a.example/1 https://a.example/2,3",
    ],
)
def test_a_list_is_understood_in_every_form(value: Any) -> None:
    assert converters.TEXTS.convert(value) == ("https://a.example/1", "https://a.example/2,3")


@pytest.mark.parametrize("value", ["", "[]", {}, 3, [{}]])
def test_a_list_of_nothing_is_empty(value: Any) -> None:
    assert converters.TEXTS.convert(value) == ()


@pytest.mark.parametrize(
    ("value", "mapping"),
    [('{"otp": "1"}', {"otp": "1"}), ({"otp": 1}, {"otp": 1}), ("otp", None), ("[1]", None)],
)
def test_a_payload_is_understood_as_json_and_as_text(value: Any, mapping: Any) -> None:
    assert converters.MAPPING.convert(value) == mapping


def test_a_payload_nested_without_end_is_none() -> None:
    assert converters.MAPPING.convert('{"a":' * 100_000) is None


@pytest.mark.parametrize("value", ["no-answer", "No Answer", "NO_ANSWER", "noAnswer"])
def test_a_word_is_known_in_every_spelling(value: str) -> None:
    assert one_of(CallStatus).convert(value) is CallStatus.NO_ANSWER


@pytest.mark.parametrize(("value", "state"), [("#", IvrMenuState.HASH), (7, IvrMenuState.KEY_7)])
def test_a_key_is_a_word_as_well(value: Any, state: IvrMenuState) -> None:
    assert one_of(IvrMenuState).convert(value) is state


def test_an_unknown_word_stays_readable() -> None:
    assert one_of(BranchState).convert("Is a customer") == "Is a customer"


@pytest.mark.parametrize("value", ["", None, {}, []])
def test_no_word_is_none(value: Any) -> None:
    assert one_of(Component).convert(value) is None


@pytest.mark.parametrize(
    "converter", CONVERTERS, ids=lambda each: f"{each.python_type} {each.unit}"
)
@given(value=json_values)
def test_no_converter_raises(converter: Converter, value: Any) -> None:
    converter.convert(value)
