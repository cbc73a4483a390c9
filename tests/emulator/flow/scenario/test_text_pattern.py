"""A `*` in an expected text stands for anything."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plivo_phlo_async.emulator.flow.scenario.text_pattern import matches, text_matches

letters = st.text("ab*\n", max_size=8)


@given(letters, st.text("ab\n", max_size=10))
@settings(max_examples=200, derandomize=True, deadline=None)
def test_a_pattern_matches_as_an_expression_does(pattern: str, text: str) -> None:
    expression = ".*".join(map(re.escape, pattern.split("*")))

    assert text_matches(pattern, text) == bool(re.fullmatch(expression, text, re.DOTALL))


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (["a*", "b"], ["abc", "b"]),
        ([], []),
        ({"1": ["hi *"]}, {"1": ["hi you"]}),
        ("POST http://*", {"POST http://x": {"a": "1"}}),
        ({"POST http://*": {"a": "*"}}, {"POST http://x": {"a": "1"}}),
        ({"POST http://x": '{"a": *}'}, {"POST http://x": {"a": "1"}}),
    ],
)
def test_what_is_as_expected(expected: object, got: object) -> None:
    assert matches(expected, got)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (["a"], ["a", "b"]),
        (["a", "b"], ["b", "a"]),
        (["a"], "a"),
        ("a", ["a"]),
        ({"1": ["a"]}, {"1": ["a"], "2": []}),
        ({"1": ["a"], "3": []}, {"1": ["a"], "2": []}),
        ({"POST http://x": {"a": "1"}}, "POST http://x"),
        ({"POST http://x": {"a": "1"}}, {"POST http://y": {"a": "1"}}),
    ],
)
def test_what_is_not_as_expected(expected: object, got: object) -> None:
    assert not matches(expected, got)
