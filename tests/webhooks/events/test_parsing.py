"""From what was sent to the event: every spelling, every form, and which component it is."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from attrs import fields
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from plivo_phlo_async.errors import InvalidArgumentError, WebhookError
from plivo_phlo_async.webhooks import (
    EVENTS,
    BranchEvent,
    CallForwardEvent,
    CallForwardState,
    CallStatus,
    Component,
    ConferenceAction,
    ConferenceBridgeEvent,
    CounterEvent,
    Direction,
    Event,
    GetInputEvent,
    HangupEvent,
    HttpRequestEvent,
    HttpRequestState,
    InitiateCallEvent,
    IvrMenuEvent,
    Leg,
    MultiPartyCallEvent,
    PlayAudioEvent,
    RecordAudioEvent,
    RequestType,
    SendSmsEvent,
    SendSmsState,
    StartCallEvent,
    StartEvent,
    StartMessageEvent,
    StartRequestEvent,
    StartState,
    parse,
    parse_request,
)
from plivo_phlo_async.webhooks.http_params import parse_pairs

from ..samples import FORM, JSON, MEMBER, MEMBER_FORM

EXPECTED = MultiPartyCallEvent(
    from_="12025550000",
    direction=Direction.INBOUND,
    caller_name="+12025550000",
    to="12025551111",
    event=ConferenceAction.ENTER,
    bill_rate=Decimal("0.0035"),
    call_status=CallStatus.IN_PROGRESS,
    conference_name="support",
    call_uuid="3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36",
    conference_uuid="6f1c1f5e-8a5e-4c4a-9d6f-0d8d8f1f5a11",
    member_id="1234",
    to_iso2="US",
    from_iso2="US",
    to_country="United States",
    from_country="United States",
    raw=MEMBER,
)


def _camel(key: str) -> str:
    words = {"uuid": "UUID", "id": "ID", "iso2": "ISO2"}
    return "".join(words.get(part, part.title()) for part in key.split("_"))


def test_a_multi_party_call_is_typed_throughout() -> None:
    assert parse(Component.MULTI_PARTY_CALL, MEMBER) == EXPECTED


@pytest.mark.parametrize(
    ("method", "url", "headers", "body"),
    [
        ("GET", f"https://example.com/plivo?{urlencode(MEMBER)}", {}, b""),
        ("get", f"/plivo?{urlencode(MEMBER)}#ct=500", {}, b""),
        ("POST", "https://example.com/plivo", FORM, MEMBER_FORM),
        ("POST", "https://example.com/plivo", {}, MEMBER_FORM + b"\r\n"),
        ("POST", "https://example.com/plivo", JSON, json.dumps(MEMBER).encode()),
        ("POST", "https://example.com/plivo", {}, json.dumps(MEMBER).encode()),
        ("POST", "https://example.com/plivo", FORM, json.dumps(MEMBER).encode()),
        ("PUT", "https://example.com/plivo", [("Content-Type", "text/plain")], MEMBER_FORM),
        ("POST", "https://example.com/plivo", JSON, "\ufeff" + json.dumps(MEMBER)),
    ],
)
def test_query_form_and_json_give_the_same_event(
    method: str, url: str, headers: Any, body: bytes | str
) -> None:
    assert parse_request(method, url, headers, body) == EXPECTED


@pytest.mark.parametrize(
    "params",
    [
        {_camel(key): value for key, value in MEMBER.items()},
        {key.upper(): value for key, value in MEMBER.items()},
        {key.replace("_", "."): value for key, value in MEMBER.items() if key[:4] != "call"}
        | {key: value for key, value in MEMBER.items() if key[:4] == "call"},
        {"data": MEMBER},
        {"Multiparty_Call_1": MEMBER, "id": "7"},
        {f"Multiparty_Call_1.{key}": value for key, value in MEMBER.items()},
        {f"data[{key}]": value for key, value in MEMBER.items()},
    ],
    ids=["CamelCase", "UPPER", "dotted", "wrapped", "by node", "dotted by node", "brackets"],
)
def test_keys_are_understood_in_every_spelling(params: dict[str, Any]) -> None:
    keep = {key: value for key, value in params.items() if not key.startswith(("conf", "caller"))}
    event = parse("Multiparty Call", params)

    assert event.raw == params
    assert (event.to, event.from_iso2, event.direction) == ("12025551111", "US", "inbound")  # type: ignore[attr-defined]
    assert parse_request("POST", "/", JSON, json.dumps(keep)).component == "multi_party_call"


CALL = {"uuid": "u1", "to": "12025551111", "from": "sip:bob@phone.plivo.com", "duration": "61"}


@pytest.mark.parametrize(
    "params",
    [
        {f"call.{key}": value for key, value in CALL.items()},
        {f"call_{key}": value for key, value in CALL.items()},
        {f"Call{key.title()}": value for key, value in CALL.items()},
        {f"call[{key}]": value for key, value in CALL.items()},
        {"call": CALL},
        {"Start": {"call": CALL}},
        {"Start": {"call.uuid": "u1"}} | {f"Start.call.{key}": CALL[key] for key in CALL},
    ],
    ids=["dotted", "underscored", "CamelCase", "brackets", "nested", "below its node", "mixed"],
)
def test_what_started_a_phlo_is_understood_in_every_spelling(params: dict[str, Any]) -> None:
    event = parse_request("POST", "/", JSON, json.dumps(params))

    assert event == StartCallEvent(
        uuid="u1",
        to="12025551111",
        from_="sip:bob@phone.plivo.com",
        duration=timedelta(seconds=61),
        raw=params,
    )


@pytest.mark.parametrize(
    "params",
    [
        {"request.uuid": "r1", "request.params": '{"otp": "1", "To": "2"}'},
        {"request": {"uuid": "r1", "params": {"otp": "1", "To": "2"}}},
        {"http": {"uuid": "r1", "params": {"otp": "1", "To": "2"}}},
        {"request.uuid": "r1", "request.params.otp": "1", "request.params.To": "2"},
        {"Start.http.uuid": "r1", "Start.http.params.otp": "1", "Start.http.params.To": "2"},
    ],
)
def test_a_payload_keeps_its_own_keys(params: dict[str, Any]) -> None:
    event = parse(StartRequestEvent, params)

    assert (event.uuid, event.params) == ("r1", {"otp": "1", "To": "2"})


def _deep(levels: int) -> Any:
    params: Any = {"event": "ConferenceEnter"}
    for _ in range(levels):
        params = {"data": params}
    return params


@pytest.mark.parametrize(
    ("params", "event"),
    [
        (_deep(5), "ConferenceEnter"),
        (_deep(5000), None),
        ({"x." * 40 + "event": "ConferenceEnter"}, "ConferenceEnter"),
        ({"x." * 50 + "event": "ConferenceEnter"}, None),
    ],
    ids=["nested", "nested without end", "dotted", "dotted without end"],
)
def test_no_variable_is_looked_for_without_end(params: dict[str, Any], event: str | None) -> None:
    assert parse(MultiPartyCallEvent, params).event == event


@pytest.mark.parametrize("whole", [{"otp": "1"}, '{"otp": "1"}'])
def test_of_a_payload_sent_whole_and_in_parts_the_first_counts(whole: Any) -> None:
    params = {"request.params": whole, "request.params.otp": "2"}
    turned = dict(reversed(params.items()))

    assert parse(StartRequestEvent, params).params == {"otp": "1"}
    assert parse(StartRequestEvent, turned).params == {"otp": "2"}


def test_what_a_payload_names_is_no_variable() -> None:
    params = {"request": {"uuid": "r1", "params": {"call": {"uuid": "c"}, "digits": "1"}}}

    assert type(parse_request("POST", "/", JSON, json.dumps(params))) is StartRequestEvent


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({"request_type": "call"}, StartCallEvent),
        ({"request_type": "sms"}, StartMessageEvent),
        ({"request_type": "http"}, StartRequestEvent),
        ({"request_type": "fax"}, StartEvent),
        ({"message.msg": "hi", "message.from": "1"}, StartMessageEvent),
        ({"message_uuid": "m", "units": "1", "status": "sent"}, SendSmsEvent),
        ({"to.iso2": "US", "from.iso2": "US", "msg": "hi", "to": "1"}, SendSmsEvent),
        ({"digits": "1", "input_type": "digits"}, IvrMenuEvent),
        ({"input": "1", "input_type": "digits"}, GetInputEvent),
        ({"uuid": "u", "to": "1", "from": "2", "voicemail_detected": "true"}, InitiateCallEvent),
        ({"uuid": "u", "to": "1", "from": "2", "dial_status": "busy"}, CallForwardEvent),
        ({"uuid": "u", "to": "1", "from": "2", "leg": "ALeg"}, InitiateCallEvent),
        ({"uuid": "u", "to": "1", "from": "2", "leg": "BLeg"}, CallForwardEvent),
        ({"recording_url": "https://x", "call_uuid": "c"}, RecordAudioEvent),
        ({"event": "Redirect", "member_id": "1"}, MultiPartyCallEvent),
        ({"status_code": "200", "content_type": "text/plain"}, HttpRequestEvent),
        ({"state": "Hangup Complete"}, HangupEvent),
        ({"state": "Prompt Completed"}, PlayAudioEvent),
        ({"state": "Count Not Reached"}, CounterEvent),
        ({"state": "No Match"}, BranchEvent),
        ({"state": "#"}, IvrMenuEvent),
        ({"state": "?"}, Event),
        ({"node_type": "conference_bridge", "member_id": "1"}, ConferenceBridgeEvent),
        ({"uuid": "u", "to": "1", "from": "2"}, Event),
        ({"from": "2"}, Event),
        ({"input_type": "digits"}, Event),
        ({"otp": "1"}, Event),
        ({}, Event),
    ],
)
def test_the_component_is_recognised_by_what_was_sent(
    params: dict[str, str], kind: type[Event]
) -> None:
    assert type(parse_request("POST", "/", FORM, urlencode(params))) is kind


@pytest.mark.parametrize("component", [*EVENTS, "Send SMS", "Get.Input", "ivrmenu"])
def test_a_component_can_be_named_in_any_spelling(component: str) -> None:
    letters = "".join(filter(str.isalnum, component)).lower()
    found = parse(component, {}).component

    assert found is not None
    assert found.replace("_", "") == letters


def test_a_class_names_its_component() -> None:
    event = parse(ConferenceBridgeEvent, MEMBER)

    assert type(event) is ConferenceBridgeEvent
    assert event.component is Component.CONFERENCE_BRIDGE


def test_a_request_is_read_as_the_component_that_is_named() -> None:
    event = parse_request("POST", "/", FORM, MEMBER_FORM, "conference_bridge")

    assert type(event) is ConferenceBridgeEvent


def test_no_such_component_is_the_callers_mistake() -> None:
    with pytest.raises(InvalidArgumentError, match="fax"):
        parse("fax", {})


def test_a_start_is_typed() -> None:
    params = {
        "request_type": "call",
        "call.answer_time": "2020-04-08 11:34:33",
        "call.bill_duration": "120",
        "call.leg": "ALeg",
        "call.bill_amount": "0.007",
    }
    event = parse(StartCallEvent, params)

    assert (event.request_type, event.state) == (RequestType.CALL, StartState.INCOMING_CALL)
    assert event.answer_time == datetime(2020, 4, 8, 11, 34, 33, tzinfo=UTC)
    assert (event.bill_duration, event.leg) == (timedelta(minutes=2), Leg.A)
    assert event.bill_amount == Decimal("0.007")


def test_a_recording_is_typed() -> None:
    params = {"recording_duration": "2500", "recording_start_time": "1586345673"}
    event = parse(RecordAudioEvent, params)

    assert event.recording_duration == timedelta(seconds=2.5)
    assert event.recording_start_time == datetime(2020, 4, 8, 11, 34, 33, tzinfo=UTC)


def test_digits_keep_their_zeros_and_stars() -> None:
    assert parse(IvrMenuEvent, {"digits": "00*#"}).digits == "00*#"


@pytest.mark.parametrize(
    ("kind", "params", "state"),
    [
        (SendSmsEvent, {"status": "delivered"}, SendSmsState.SENT),
        (SendSmsEvent, {"status": "undelivered"}, SendSmsState.FAILED),
        (SendSmsEvent, {"status": "queued"}, None),
        (SendSmsEvent, {"status": "lost"}, None),
        (CallForwardEvent, {"dial_status": "no-answer"}, CallForwardState.NO_ANSWER),
        (HttpRequestEvent, {"status_code": "204"}, HttpRequestState.SUCCESS),
        (HttpRequestEvent, {"status_code": "300"}, HttpRequestState.FAILED),
        (HttpRequestEvent, {}, None),
        (SendSmsEvent, {"status": "delivered", "state": "Failed"}, SendSmsState.FAILED),
        (BranchEvent, {"state": "Is a customer"}, "Is a customer"),
    ],
)
def test_a_state_that_was_not_sent_is_what_the_variables_imply(
    kind: type[Event], params: dict[str, str], state: object
) -> None:
    assert parse(kind, params).state == state  # type: ignore[attr-defined]


def test_an_unknown_word_stays_a_text_and_an_unreadable_value_none() -> None:
    params = {"event": "ConferenceMute", "bill_rate": "cheap", "new": "x"}
    event = parse(MultiPartyCallEvent, params)

    assert (event.event, event.bill_rate, event.raw) == ("ConferenceMute", None, params)


def test_a_repeated_key_is_not_one_of_its_values() -> None:
    event = parse_request("GET", "/?to=1&to=2&units=1&units=2", {}, b"", SendSmsEvent)

    assert (event.raw["to"], event.to, event.units) == (["1", "2"], "1,2", None)


def test_query_and_body_are_read_together_and_the_body_counts() -> None:
    event = parse_request("POST", "/?tenant=5&digits=9", FORM, b"digits=1", "ivr_menu")

    assert event.raw == {"tenant": "5", "digits": "1"}


def test_the_body_of_a_get_is_not_looked_at() -> None:
    event = parse_request("GET", "/?digits=1", FORM, b"digits=2", "ivr_menu")

    assert event.raw == {"digits": "1"}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (FORM, b"hello"),
        ({}, b"<Response a='b'/>"),
        ({}, b"[1, 2=3]"),
        ({}, b'{"a": '),
        (JSON, b"a=b"),
        (JSON, b"[]"),
        (JSON, b"\xff\xfe"),
        ({}, b'{"a":' * 100_000),
        ({"content-type": "multipart/form-data; boundary=x"}, b"--x\r\nname=a"),
        (FORM, b"a=b&" * 1001),
    ],
    ids=range(10),
)
def test_a_body_that_is_neither_form_nor_json_is_an_error(
    headers: dict[str, str], body: bytes
) -> None:
    with pytest.raises(WebhookError):
        parse_request("POST", "/", headers, body)


def test_nothing_given_is_changed() -> None:
    params = {"call": dict(CALL), "request": {"params": {"a": [1]}}, "request.params.b": "2"}
    before = copy.deepcopy(params)
    event = parse("start", params)

    assert params == before
    assert event.raw is not params


def test_an_event_is_frozen_and_can_be_hashed_and_pickled() -> None:
    event = parse(StartRequestEvent, {"request.params": {"a": [1]}})

    assert hash(event) == hash(pickle.loads(pickle.dumps(event)))
    assert pickle.loads(pickle.dumps(event)) == event
    with pytest.raises(FrozenInstanceError):
        event.uuid = "x"  # type: ignore[misc]


@given(st.text(alphabet="ab=&+%20;\u00e9#", max_size=40))
def test_forms_are_decoded_as_pythons_own_way_does(text: str) -> None:
    assert parse_pairs(text) == parse_qsl(text, keep_blank_values=True)


@pytest.mark.parametrize("component", Component)
def test_every_event_is_a_json_value_as_a_dict(component: Component) -> None:
    sent = {"call.duration": "90", "call.bill_rate": "0.0035", "list": [float("inf"), {"a": None}]}
    event = parse(component, sent)
    written = json.loads(json.dumps(event.to_dict(), allow_nan=False))

    assert written["component"] == component
    assert written["type"] == type(event).__name__
    assert written["raw"] == {**sent, "list": ["inf", {"a": None}]}
    assert set(written["variables"]) == {each.name for each in fields(type(event)) if each.metadata}
