"""What a hostile body costs is bounded.

Python's own steps are counted, not seconds: `python -m benchmarks.hostile_webhooks` has these.
"""

from __future__ import annotations

import re
import subprocess
import sys
from types import FrameType
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plivo_phlo_async.errors import SignatureError, WebhookError
from plivo_phlo_async.webhooks import Event, SendSmsEvent, receive, sign_v3
from plivo_phlo_async.webhooks.http_params import is_too_deep, parse_body, parse_json, parse_pairs

from .hostile import ACCEPTED, HOSTILE, REJECTED, content_type
from .samples import TOKEN, URL

BOGUS = {"X-Plivo-Signature-V3": "A" * 43 + "=", "X-Plivo-Signature-V3-Nonce": "n"}
MOST_STEPS = 60_000  # of 262,144 bytes


class _Steps:
    """Counts the lines of Python that run within."""

    def __init__(self) -> None:
        self.lines = 0

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        self.lines += event == "line"
        return self._trace

    def __enter__(self) -> _Steps:
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *error: object) -> None:
        sys.settrace(self._before)


def _signed(body: bytes) -> dict[str, str]:
    kind = content_type(body)
    return {**kind, **sign_v3("POST", URL, parse_body(kind, body, "surrogateescape"), TOKEN)}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_with_a_bogus_signature_costs_few_steps(name: str) -> None:
    body = HOSTILE[name]
    with _Steps() as steps, pytest.raises(WebhookError) as caught:
        receive("POST", URL, {**content_type(body), **BOGUS}, body, TOKEN)

    assert isinstance(caught.value, SignatureError) == (name in ACCEPTED)
    assert steps.lines < MOST_STEPS


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_hostile_body_with_a_right_signature_costs_few_steps(name: str) -> None:
    headers = _signed(ACCEPTED[name])
    with _Steps() as steps:
        event = receive("POST", URL, headers, ACCEPTED[name], TOKEN, component=SendSmsEvent)

    assert isinstance(event, Event)
    assert steps.lines < MOST_STEPS


@pytest.mark.parametrize("name", REJECTED)
def test_a_body_beyond_the_limits_is_rejected_whoever_signed_it(name: str) -> None:
    body = REJECTED[name]
    with pytest.raises(WebhookError) as caught:
        parse_body(content_type(body), body)

    assert not isinstance(caught.value, SignatureError)
    assert re.search("more than|invalid", str(caught.value))


def test_a_value_may_have_32_levels_and_no_more() -> None:
    value: Any = "x"
    for _ in range(32):
        value = {"a": [value]} if value == "x" else {"a": value}

    assert is_too_deep(value)
    assert not is_too_deep(value["a"])
    assert not is_too_deep("x")


def test_a_raised_recursion_limit_changes_nothing() -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(10**9)
    try:
        with pytest.raises(WebhookError, match="more than 2000 values"):
            parse_json("[" * 250_000)
    finally:
        sys.setrecursionlimit(before)


@pytest.mark.parametrize(
    ("begin", "unit", "most", "end", "reason"),
    [
        ('{"a":[', "1,", 1997, "1]}", "more than 2000 values"),
        ('{"', "k", 256, '":1}', "a key of more than 256 characters"),
        ('{"a":', "9", 400, "}", "a number of more than 400 digits"),
    ],
    ids=["values", "key", "digits"],
)
def test_json_is_parsed_up_to_its_limits(
    begin: str, unit: str, most: int, end: str, reason: str
) -> None:
    assert parse_json(begin + unit * most + end)
    with pytest.raises(WebhookError, match=reason):
        parse_json(begin + unit * (most + 1) + end)


def test_spaces_before_no_address_are_not_read_from_each_again() -> None:
    code = "from plivo_phlo_async.webhooks.events.converters import TEXTS as texts;"
    code += "print(len(texts.convert('a' + ' ' * 250_000 + 'b')[0]))"
    # Read from each again, they would take hours; a process can be ended.
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=60, check=True
    )

    assert found.stdout.strip() == b"250002"


def test_marks_within_a_text_are_no_values() -> None:
    text = r'{"a": "' + '[{,\\\\\\"' * 5000 + '"}'

    assert parse_json(text) == {"a": '[{,\\"' * 5000}


@given(st.text("%abAF0f4\u00e9\r\n_."), st.sampled_from(["replace", "surrogateescape"]))
def test_escapes_are_decoded_as_the_standard_library_does(text: str, errors: str) -> None:
    assert parse_pairs(f"{text}=%3D{text}", errors) == [
        (unquote(text, errors=errors), "=" + unquote(text, errors=errors))
    ]
