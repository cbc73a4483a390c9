"""An event is formatted without losing a value."""

from __future__ import annotations

import json

import httpx
import pytest

from plivo_phlo_async.cli.listen.event_format import line_parts
from plivo_phlo_async.webhooks import parse

from .samples import URL, Read, ask, listener


def test_json_has_no_infinity_and_no_depth_breaks_it(capsys: Read) -> None:
    deep = b'{"event": "ConferenceEnter", "a": Infinity, "b": ' + b"[" * 30 + b"]" * 30 + b"}"
    request = httpx.Request("POST", URL, content=deep)
    answers = ask(listener(auth_token=None, as_json=True), request)
    printed = json.loads(capsys.readouterr().out, parse_constant=lambda word: pytest.fail(word))

    assert answers[0].status_code == 200
    assert printed["raw"]["a"] == "inf"


def test_in_json_durations_are_seconds_instants_iso_8601_and_money_a_text(capsys: Read) -> None:
    form = {"call.duration": "90", "call.start_time": "1586345673", "call.bill_rate": "0.0035"}
    ask(listener(auth_token=None, as_json=True), httpx.Request("POST", URL, data=form))
    variables = json.loads(capsys.readouterr().out)["variables"]

    assert variables["duration"] == 90
    assert variables["bill_rate"] == "0.0035"
    assert variables["start_time"] == "2020-04-08T11:34:33+00:00"


@pytest.mark.parametrize(
    ("component", "variables", "style"),
    [
        ("multi_party_call", {"event": "ConferenceEnter"}, "green"),
        ("multi_party_call", {"event": "ConferenceExit"}, "yellow"),
        ("multi_party_call", {"event": "Redirect"}, "yellow"),
        ("multi_party_call", {"state": "Failed"}, "red"),
        ("call_forward", {"dial_status": "no-answer"}, "red"),
    ],
)
def test_who_leaves_and_what_fails_stand_out(
    component: str, variables: dict[str, str], style: str
) -> None:
    assert line_parts(parse(component, variables))[1][1] == style
