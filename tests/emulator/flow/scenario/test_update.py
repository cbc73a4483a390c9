"""The `expect` of a scenario is rewritten in place; every other byte stays."""

from __future__ import annotations

import json
import uuid

import attrs
import pytest

from plivo_phlo_async.emulator.flow.scenario.update import (
    UpdateRefused,
    updated_keys,
    updated_text,
)

from .playing import play

HEAD = "# My scenarios: ä € \U0001f600\n"
ONE = """\
name: A  # a name
call: {from: 12025550000}
expect:  # what happens
  # the path
  path: [Start, Say]  # wrong
  waiting: Menu
"""


def _updated(text: str) -> str:
    return updated_text(text, play(text))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_only_the_value_that_differs_changes(newline: str, mark: str) -> None:
    text = mark + (HEAD + ONE).replace("\n", newline)

    assert _updated(text) == text.replace("[Start, Say]", "[Start, Menu]")


def test_what_is_as_expected_stays() -> None:
    text = ONE.replace("Say", "Menu")

    assert _updated(text) == text


def test_an_updated_file_passes_and_is_not_updated_again() -> None:
    updated = _updated(ONE)

    assert all(result.passed for result in play(updated))
    assert _updated(updated) == updated


def test_a_list_in_lines_stays_one() -> None:
    text = """\
scenarios:
  - name: A
    call: {from: 12025550000}
    expect:
      path:
      - Start
      - Say

      # the states
      states:
        - Start: Incoming Call   # one

  # another
  - {name: B, call: {from: 12025550000}, expect: {path: [Start]}}
"""

    assert _updated(text) == text.replace("- Say\n", "- Menu\n").replace(
        "path: [Start]", "path: [Start, Menu]"
    )


def test_an_empty_list_takes_the_place_of_lines() -> None:
    text = "name: A\ncall: {from: 1202}\nexpect:\n  notes:\n  - Failed\n  path: [Start, Menu]\n"

    assert _updated(text) == text.replace("notes:\n  - Failed", "notes: []")


def test_a_text_in_lines_is_replaced_up_to_its_end() -> None:
    rest = "\n\n# more\nname: A\ncall: {from: 1202}\nsteps: [hangs_up]\n"
    text = f"expect:\n  ended: |\n    A text{rest}"

    assert _updated(text) == f"expect:\n  ended: the caller hung up at Menu{rest}"


def test_patterns_that_match_stay() -> None:
    text = """\
name: A
text: {from: 12025550000, message: x}
steps: [texts: {message: y}]
expect:
  texts:
    12025550000: [H*, Hello]
    12025550001: []
"""

    assert _updated(text) == text.replace(
        "12025550000: [H*, Hello]\n    12025550001: []",
        '12025550000: ["H*", "Hi."]\n    12025550001: []',
    )


@pytest.mark.parametrize("end", ["", "\n", "\n\n# the end\n", "  # a comment\n"])
def test_a_scenario_without_expect_gets_one(end: str) -> None:
    text = f"name: A\ncall:\n  from: 12025550000{end}"
    line, newline, rest = end.partition("\n")

    assert _updated(text) == (
        f"name: A\ncall:\n  from: 12025550000{line}"
        f"\nexpect:\n  path: [Start, Menu]\n  waiting: [Menu]{newline}{rest}"
    )


def test_a_scenario_without_expect_gets_its_texts() -> None:
    text = "name: A\ncall: {from: 12025550000}\nsteps: [presses: 2, speaks: 4, hangs_up]\n"
    updated = _updated(text)
    (changed,) = play(updated.replace("12025550000 spoke.", "12025550000 talked."))

    assert "  texts: {12025550143: [12025550000 spoke.]}\n" in updated.replace('"', "")
    assert [one.key for one in changed.differences] == ["texts"]


def test_a_scenario_without_expect_gets_its_requests() -> None:
    text = """\
name: A
call: {from: 12025550000}
http: {"POST http://127.0.0.1:9/orders": {name: Ann}}
steps: [presses: 1]
"""
    (result,) = play(_updated(text))

    assert result.passed
    assert result.scenario.expected["fetched"] == [
        {"POST http://127.0.0.1:9/orders": {"phone": "12025550000"}}
    ]


def test_the_ids_of_recordings_are_not_expected() -> None:
    (result,) = play("name: A\ncall: {from: 12025550000}\n")
    url = f"http://127.0.0.1:7461/_emulator/recordings/{uuid.uuid4()}.wav"
    got = {
        **result.got,
        "texts": {"1202": [f"Hear {url}"]},
        "fetched": [{f"GET {url}": {"u": url}}],
    }
    keys = updated_keys(attrs.evolve(result, got=got))

    shown = "http://127.0.0.1:7461/_emulator/recordings/*.wav"
    assert keys["texts"] == {"1202": [f"Hear {shown}"]}
    assert keys["fetched"] == [{f"GET {shown}": {"u": shown}}]


def test_a_list_may_grow_above_another_scenario() -> None:
    text = """\
scenarios:
  - name: A
    call: {from: 1202}
    steps: [wait: 5]
    expect:
      states:
        - Start: API Request  # one
  - name: B
    call: {from: 1202}
    steps: [presses: 2]
"""
    one, other = play(_updated(text))

    assert one.scenario.expected == {"states": [{"Start": "Incoming Call"}, {"Menu": "No Input"}]}
    assert other.scenario.expected["path"] == ["Start", "Menu", "Message"]


@pytest.mark.parametrize("empty", ["expect:", "expect: {}"])
def test_an_expect_that_is_empty_is_filled(empty: str) -> None:
    text = f"{empty}\nname: A\ncall: {{from: 12025550000}}\n"
    (result,) = play(_updated(text))

    assert result.scenario.expected == {"path": ["Start", "Menu"], "waiting": ["Menu"]}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("expect", [{"expect": {"path": ["Start"], "ended": "x"}}, {}])
def test_json_stays_json(indent: int | None, expect: dict[str, object]) -> None:
    text = json.dumps(
        {"scenarios": [{"name": "A", "call": {"from": "1202"}, **expect}]}, indent=indent
    )
    updated = _updated(text)

    assert json.loads(updated)["scenarios"][0]["expect"]["path"] == ["Start", "Menu"]


def test_a_scenario_whose_step_fails_keeps_its_expect() -> None:
    (result,) = play(ONE + "steps: [hears: Hello]\n")

    assert updated_keys(result) == {}


def test_a_value_with_an_alias_is_not_replaced() -> None:
    text = """\
scenarios:
- {name: A, call: {from: 1202}, expect: &e {path: [Start]}}
- {name: B, call: {from: 1202}, expect: *e}
"""
    with pytest.raises(UpdateRefused, match="write `expect` without anchors"):
        _updated(text)


def test_json_that_is_no_yaml_is_not_replaced() -> None:
    text = '{"name": "\\ud83d\\ude00", "call": {"from": "1202"}, "expect": {"path": ["Start"]}}'

    with pytest.raises(UpdateRefused, match="cannot be replaced"):
        _updated(text)
