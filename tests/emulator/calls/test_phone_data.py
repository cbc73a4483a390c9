"""The script of a phone: in Python, in JSON, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plivo_phlo_async.emulator import (
    ApiError,
    PhloEmulator,
    Phone,
    PhoneBehaviour,
    SmsOutcome,
    SmsScript,
    read_seed,
)
from plivo_phlo_async.emulator.calls.phone_data import dump_phone, read_phone

from ..asking import ask

SCRIPT: dict[str, Any] = {
    "does": "answer",
    "after": 3.0,
    "keys": ["2", "", "1234#"],
    "confirm": "1",
    "talks": 30.0,
    "speaks": 5.0,
    "sms": {"status": "undelivered", "after": 2.0},
}
PHONE = Phone(
    "answer",
    3,
    keys=["2", "", "1234#"],
    confirm="1",
    talks=30,
    speaks=5,
    sms=SmsScript("undelivered", 2),
)


def test_a_phone_has_no_script_by_default() -> None:
    phone = Phone()

    assert (phone.keys, phone.confirm, phone.talks, phone.speaks) == ((), "", None, None)
    assert phone.sms == SmsScript(SmsOutcome.DELIVERED, 0)
    assert dump_phone(phone) == {"does": "answer", "after": 0.0}


def test_a_phone_is_read_and_written_as_json() -> None:
    assert read_phone(SCRIPT, "phone") == PHONE
    assert json.loads(json.dumps(dump_phone(PHONE))) == SCRIPT


@pytest.mark.parametrize(
    ("short", "phone"),
    [
        ("reject", Phone("reject")),
        ({"after": 1}, Phone("answer", 1)),
        ({"does": "never", "sms": "failed"}, Phone("never", sms="failed")),
        ({"sms": {"after": 1}}, Phone(sms=SmsScript("delivered", 1))),
        ({"talks": None, "speaks": None, "keys": []}, Phone()),
        ({"talks": 0, "speaks": 0.5}, Phone(talks=0, speaks=0.5)),
    ],
)
def test_a_phone_has_short_forms(short: object, phone: Phone) -> None:
    assert read_phone(short, "phone") == phone


def test_a_script_is_set_in_python_in_a_seed_and_over_http() -> None:
    by_hand, seeded, asked = PhloEmulator(), PhloEmulator(), PhloEmulator()
    script = {key: value for key, value in SCRIPT.items() if key not in {"does", "sms"}}
    by_hand.set_phone("1", "answer", **script, sms=SmsScript("undelivered", 2))
    seeded.load(read_seed({"phones": {"1": SCRIPT}}, "seed"))
    answer = ask(asked, "POST", "/_emulator/phones/1", SCRIPT)

    assert by_hand.phones() == seeded.phones() == asked.phones() == {"1": SCRIPT}
    assert answer.json == {"phones": {"1": SCRIPT}}


def test_a_phone_that_is_given_replaces_all_other_arguments() -> None:
    emulator = PhloEmulator()
    emulator.set_phone("1", PHONE, after=9, keys=["9"])

    assert emulator.phones() == {"1": SCRIPT}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (3, "phone: give what it does, or an object with does, after, keys, confirm, talks,"),
        ({"key": "1"}, "phone: give what it does, or an object with"),
        ({"does": "sing"}, "phone.does: give one of answer, ring, reject, voicemail, never, inv"),
        ({"after": None}, "phone.after: give a number of seconds up to 86400."),
        ({"after": 86_401}, "phone.after: give a number of seconds up to 86400."),
        ({"keys": "12"}, "phone.keys: give a list of texts, one for each prompt."),
        ({"keys": None}, "phone.keys: give a list of texts, one for each prompt."),
        ({"keys": ["1", "a"]}, "phone.keys[1]: give a text of 0 to 9, * and #."),
        ({"keys": ["1\n"]}, "phone.keys[0]: give a text of 0 to 9, * and #."),
        ({"keys": ["\u0661"]}, "phone.keys[0]: give a text of 0 to 9, * and #."),
        ({"keys": [1]}, "phone.keys[0]: give a text of 0 to 9, * and #."),
        ({"keys": ["1" * 101]}, "phone.keys[0]: give a text of 0 to 9, * and #."),
        ({"keys": ["1"] * 101}, "phone.keys: give 100 texts at most."),
        ({"confirm": "12"}, "phone.confirm: give one of 0 to 9, * and #, or an empty text."),
        ({"confirm": "x"}, "phone.confirm: give one of 0 to 9, * and #, or an empty text."),
        ({"confirm": 1}, "phone.confirm: give one of 0 to 9, * and #, or an empty text."),
        ({"confirm": None}, "phone.confirm: give one of 0 to 9, * and #, or an empty text."),
        ({"talks": -1}, "phone.talks: give a number of seconds up to 86400."),
        ({"talks": True}, "phone.talks: give a number of seconds up to 86400."),
        ({"speaks": "3"}, "phone.speaks: give a number of seconds up to 86400."),
        ({"speaks": float("nan")}, "phone.speaks: give a number of seconds up to 86400."),
        (
            {"sms": "lost"},
            "phone.sms.status: give one of delivered, sent, undelivered, failed, rej",
        ),
        ({"sms": {"status": None}}, "phone.sms.status: give one of delivered"),
        ({"sms": 3}, "phone.sms: give a status, or an object with status and after."),
        ({"sms": {"delay": 3}}, "phone.sms: give a status, or an object with status and after."),
        ({"sms": {"after": "3"}}, "phone.sms.after: give a number of seconds up to 86400."),
    ],
)
def test_what_is_no_phone_is_refused_with_its_place(value: object, says: str) -> None:
    emulator = PhloEmulator()
    with pytest.raises(ApiError) as refused:
        read_phone(value, "phone")

    assert refused.value.error.startswith(says)
    assert "\n" not in refused.value.error
    assert ask(emulator, "POST", "/_emulator/phones/1", value).status == 400
    assert emulator.phones() == {}


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ({"keys": "12"}, "keys: give a list of texts"),
        ({"keys": ["x"]}, r"keys\[0\]: give a text of 0 to 9"),
        ({"confirm": "12"}, "confirm: give one of 0 to 9"),
        ({"talks": -1}, "talks: give a finite number of seconds"),
        ({"speaks": float("inf")}, "speaks: give a finite number of seconds"),
        ({"sms": "lost"}, "'lost' is not a valid SmsOutcome"),
        ({"after": float("nan")}, "after: give a finite number of seconds"),
    ],
)
def test_an_invalid_script_is_a_value_error_in_python(script: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        PhloEmulator().set_phone("1", "answer", **script)


def test_the_seconds_of_an_sms_are_not_negative() -> None:
    with pytest.raises(ValueError, match="after: give a finite number of seconds"):
        SmsScript("failed", -1)


SECONDS = st.floats(0, 86_400)
SMS = st.builds(SmsScript, st.sampled_from(SmsOutcome), SECONDS)
PHONES = st.builds(
    Phone,
    st.sampled_from(PhoneBehaviour),
    SECONDS,
    keys=st.lists(st.text("0123456789*#", max_size=9), max_size=9),
    confirm=st.sampled_from(["", *"0123456789*#"]),
    talks=st.none() | SECONDS,
    speaks=st.none() | SECONDS,
    sms=SMS,
)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(PHONES)
def test_every_phone_survives_json(phone: Phone) -> None:
    assert read_phone(json.loads(json.dumps(dump_phone(phone))), "phone") == phone
