"""What is written is read back as an equal flow, and reads as a person writes it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from plivo_phlo_async.emulator.flow.reader import read_phlo, read_phlo_text
from plivo_phlo_async.emulator.flow.writer import to_document

from .documents import documents

once = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@once
@given(documents())
def test_yaml_and_back_changes_nothing(document: dict[str, Any]) -> None:
    phlo = read_phlo(document)

    assert read_phlo_text(phlo.to_yaml()) == phlo


@once
@given(documents())
def test_plain_data_and_back_changes_nothing(document: dict[str, Any]) -> None:
    phlo = read_phlo(document)
    written = to_document(phlo)

    assert read_phlo(written) == phlo
    assert to_document(read_phlo(written)) == written


@once
@given(documents())
def test_plain_data_is_json_which_is_read_as_it_is(document: dict[str, Any]) -> None:
    phlo = read_phlo(document)

    assert read_phlo_text(json.dumps(to_document(phlo))) == phlo
    assert read_phlo_text(json.dumps(to_document(phlo), indent="\t", ensure_ascii=False)) == phlo


@pytest.mark.parametrize("text", ["1", "1e5", "-0.5", "true", "null", "~", "", "1" * 400])
@pytest.mark.parametrize("key", ["a", "inputs", "next", "1"])
def test_a_text_in_a_json_body_stays_a_text(text: str, key: str) -> None:
    body = {"json": {key: text, "list": [text], "inputs": [text]}}
    node = {"component": "HTTP Request", "method": "PUT", "url": "u", "body": body}
    phlo = read_phlo({"phlo": "T", "nodes": {"One": node}})

    assert read_phlo_text(phlo.to_yaml()).nodes["One"].options["body"] == body


WRITTEN = """\
phlo: T
id: p

nodes:
  Menu:
    component: IVR Menu
    prompt:
    - >-
      Hello {{Start.call.from}}. We are closed today, and open again tomorrow at nine. Press 1
      to leave a message, or 2 to hear this again.
    - |-
      a
      b
    - {play: 'http://x/a.mp3'}
    inputs: [1, 2, '#']
    timeout: 7.5
    interrupt: false
    next:
      1: Text
      No Input: Menu

  Text:
    component: Send SMS
    from: '+14155550100'
    to: ['1', '2']
    next: Menu
"""


def test_yaml_is_written_as_a_person_writes_it() -> None:
    text = (
        "Hello {{Start.call.from}}. We are closed today, and open again tomorrow at nine. Press 1"
        " to leave a message, or 2 to hear this again."
    )
    menu = {
        "component": "IVR Menu",
        "prompt": [text, "a\nb", {"play": "http://x/a.mp3"}],
        "inputs": "12#",
        "timeout": 7.5,
        "interrupt": False,
        "next": {"1": "Text", "No Input": "Menu"},
    }
    sms = {"component": "Send SMS", "from": "+14155550100", "to": "1, 2", "next": "Menu"}
    phlo = read_phlo({"phlo": "T", "id": "p", "nodes": {"Menu": menu, "Text": sms}})

    assert phlo.to_yaml() == WRITTEN
