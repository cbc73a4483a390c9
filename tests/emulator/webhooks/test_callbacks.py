"""What a step reports: which events, which variables, and how it is signed."""

import json
from urllib.parse import parse_qsl

import pytest

from plivo_phlo_async.emulator import ApiError
from plivo_phlo_async.emulator.calls import transfers, transitions
from plivo_phlo_async.emulator.calls.members import Call, MemberRole
from plivo_phlo_async.emulator.webhooks.callbacks import Callback, read_callback
from plivo_phlo_async.emulator.webhooks.http_client import build_request
from plivo_phlo_async.emulator.webhooks.member_events import member_events
from plivo_phlo_async.emulator.webhooks.signing import signature, signed_text

from ..scenes import (
    AGENT,
    CUSTOMER,
    SECOND,
    cold_ringing,
    machine,
    talk,
    warm_ringing,
    warm_talking,
)

TOKEN = "Y2Q2ZDgxZmY5YWRiOTI5YmQ1Njg0MTAxZWIyOTc4"
NONCE = "31627761595286130198"
U = "https://plivobin.non-prod.plivops.com/api/v1/validate_signature03.xml"
CALL_ID = "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"
SIP = "sip:PlivoSignature382029104058171078704104@"
PARAMS = {
    "Direction": "outbound",
    "From": "19792014278",
    "ALegUUID": CALL_ID,
    "CallStatus": "in-progress",
    "BillRate": "0.002",
    "ParentAuthID": "MANWVLYTK4ZWU1YTY4QA",
    "To": f"{SIP}phone-qa.voice.plivodev.com",
    "ALegRequestUUID": CALL_ID,
    "CallUUID": CALL_ID,
    "RequestUUID": CALL_ID,
    "SIP-H-To": f"<{SIP}52.9.11.55;transport=udp>;tag=1",
    "SessionStart": "2020-04-08 11:34:33.238707",
    "Event": "StartApp",
}
VARIABLES = {"event": "ConferenceEnter", "from": "+1 2", "to": ""}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{U}/?a=b&c=d", "k7Pusd4OxCIjR5IfA9iedDNu/h/gbdYqdzG/MiYtd1c="),
        (U, "iAjE5QqI37mbkYe4w3jTMudqEzbDufdqi7sYwTu64e0="),
    ],
)
def test_v3_signs_as_the_official_vectors_do(url: str, expected: str) -> None:
    assert signature(TOKEN, signed_text("V3", "POST", url, PARAMS, NONCE)) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com/hook", "2TNDYianEHQEtogamL9Ew6nbA6T2hr7N479rTAzylSQ="),
        ("https://example.com/hook?foo=bar", "yvaKmnpfpyDdmjsHUNPWF4U4PN0Rvdd0jPZj2bjsTKg="),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_v3_signs_a_url_with_no_parameters(url: str, method: str, expected: str) -> None:
    if method == "GET" or "?" not in url:
        text = signed_text("V3", method, url, {}, "12345")
        assert signature("my_auth_token", text) == expected


def test_v2_signs_as_the_official_vector_does() -> None:
    text = signed_text("V2", "POST", "https://answer.url", PARAMS, "12345")

    assert signature("my_auth_token", text) == "ehV3IKhLysWBxC1sy8INm0qGoQYdYsHwuoKjsX7FsXc="


@pytest.mark.parametrize("version", ["V2", "V3"])
@pytest.mark.parametrize(
    ("received", "signed"),
    [
        ("http://x:8443/e?a=1", "http://x/e?a=1"),
        ("http://[::1]:8443/e", "http://[::1]/e"),
        ("http://x/e:80?a=:80", "http://x/e:80?a=:80"),
    ],
)
def test_the_port_can_be_left_out_of_the_signature(
    version: str, received: str, signed: str
) -> None:
    without = Callback(received, version=version, port_in_signature=False)
    bare = Callback(signed, version=version)

    request = build_request(without, VARIABLES, "token", "n")

    assert request.url == received
    assert request.signed == build_request(bare, VARIABLES, "token", "n").signed


@pytest.mark.parametrize(
    ("before", "after", "reported"),
    [
        (Call(), talk(), {AGENT: "ConferenceEnter", CUSTOMER: "ConferenceEnter"}),
        (talk(), transitions.hold(talk(), CUSTOMER), {}),
        (talk(), transitions.mute(talk(), CUSTOMER), {}),
        (talk(), transitions.hangup(talk(), CUSTOMER), {CUSTOMER: "ConferenceExit"}),
        (talk(), warm_ringing(), {}),
        (warm_ringing(), transitions.reject(warm_ringing(), SECOND), {}),
        (warm_ringing(), warm_talking(), {AGENT: "Redirect", SECOND: "ConferenceEnter"}),
        (
            warm_talking(),
            transfers.resume_call(warm_talking(), AGENT),
            {AGENT: "Redirect", SECOND: "Redirect"},
        ),
        (
            cold_ringing(),
            transitions.answer(cold_ringing(), SECOND),
            {AGENT: "ConferenceExit", CUSTOMER: "Redirect", SECOND: "ConferenceEnter"},
        ),
        (machine(), transitions.voicemail_drop(machine(), CUSTOMER), {CUSTOMER: "ConferenceExit"}),
        (Call(), transitions.join(Call(), "5", MemberRole.CUSTOMER), {"5": "ConferenceEnter"}),
    ],
)
def test_a_step_yields_these_events(before: Call, after: Call, reported: dict[str, str]) -> None:
    events = member_events(before, after)

    assert {event.member.address: event.name.value for event in events} == reported


def test_a_form_is_posted_unless_set_otherwise() -> None:
    request = build_request(Callback("http://x/e?a=1"), VARIABLES, "token", "n")

    assert (request.method, request.url) == ("POST", "http://x/e?a=1")
    assert dict(parse_qsl(request.body.decode(), keep_blank_values=True)) == VARIABLES
    assert request.signed == "http://x/e?a=1.eventConferenceEnterfrom+1 2to.n"
    assert request.headers["X-Plivo-Signature-V3"] == signature("token", request.signed)
    assert request.headers["X-Plivo-Signature-V3-Nonce"] == "n"


def test_json_can_be_posted() -> None:
    request = build_request(Callback("http://x/e", format="json"), VARIABLES, "token", "n")

    assert json.loads(request.body) == VARIABLES
    assert request.headers["Content-Type"] == "application/json"


def test_a_get_carries_all_in_its_url_and_signs_that() -> None:
    request = build_request(Callback("http://x/e?z=1", method="GET"), VARIABLES, "token", "n")

    assert (request.body, request.url) == (
        b"",
        "http://x/e?z=1&event=ConferenceEnter&from=%2B1+2&to=",
    )
    assert request.signed == "http://x/e?event=ConferenceEnter&from=+1 2&to=&z=1.n"


def test_v2_signs_the_bare_url() -> None:
    request = build_request(Callback("http://x/e?z=1", version="V2"), VARIABLES, "token", "n")

    assert request.signed == "http://x/en"
    assert request.headers["X-Plivo-Signature-V2"] == signature("token", request.signed)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (3, "callback: give a URL, or an object"),
        ({"url": "http://x", "retries": 3}, "callback: unknown key 'retries'"),
        ({"url": "http://x", "format": "xml"}, "callback.format: give form or json"),
        ({"url": "http://x", "port_in_signature": 0}, "callback.port_in_signature: give true"),
        ({}, "callback.url"),
        ("http://x:0/e", "callback.url"),
        ("http://x/a b", "callback.url"),
    ],
)
def test_a_callback_that_is_none_is_refused_with_the_reason(given: object, names: str) -> None:
    with pytest.raises(ApiError) as refused:
        read_callback(given)

    assert refused.value.error.startswith(names)


def test_a_callback_is_said_by_its_url_or_whole() -> None:
    url = "https://x:8443/e?a=1"
    texts = {"url": url, "method": "GET", "format": "json", "version": "V2"}
    whole = {**texts, "port_in_signature": False}

    assert read_callback(url) == Callback(url)
    assert read_callback(whole) == Callback(url, "GET", "json", "V2", port_in_signature=False)
