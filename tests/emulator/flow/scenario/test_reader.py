"""Files of scenarios are read with every problem at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from plivo_phlo_async.emulator import Phone
from plivo_phlo_async.emulator.flow.problems import FlowError
from plivo_phlo_async.emulator.flow.scenario.reader import load_scenarios, read_scenarios
from plivo_phlo_async.emulator.flow.scenario.values import ScenarioStep, ScenarioTrigger

from .playing import PHLO, read


def _problems(text: str) -> list[str]:
    with pytest.raises(FlowError) as raised:
        read(text)
    return [str(problem).removeprefix("shop.scenario.yaml:") for problem in raised.value.problems]


def _of_call(body: str) -> list[str]:
    return _problems(f"name: A\ncall: {{from: 12025550000}}\n{body}")


def test_a_file_may_hold_one_scenario() -> None:
    (scenario,) = read("name: One\ncall: {from: 0123}")

    assert scenario.name == "One"
    assert scenario.trigger == ScenarioTrigger("call", "0123", "+14155550100")


def test_a_file_may_hold_a_list_of_scenarios() -> None:
    text = """\
scenarios:
  - {name: A, text: {from: 12025550000, to: 14155550100, message: no}}
  - {name: B, run: {to: 007}}
"""
    one, other = read(text)

    assert one.trigger == ScenarioTrigger("text", "12025550000", "14155550100", "no")
    assert other.trigger == ScenarioTrigger("run", params={"to": "007"})


def test_a_step_has_the_caller_or_the_phone_that_it_names() -> None:
    text = """\
name: A
call: {from: 12025550000}
steps:
  - hears: Press
    presses: 12#
  - 12025550001: answers
  - +12025550002: {speaks: 1.5, hangs_up: }
  - wait: 6
  - texts: {message: Hi}
"""
    (scenario,) = read(text)

    assert scenario.steps == (
        ScenarioStep("hears", "12025550000", "Press"),
        ScenarioStep("presses", "12025550000", "12#"),
        ScenarioStep("answers", "12025550001"),
        ScenarioStep("speaks", "+12025550002", seconds=1.5),
        ScenarioStep("hangs_up", "+12025550002"),
        ScenarioStep("wait", seconds=6.0),
        ScenarioStep("texts", "12025550000", "Hi", number="+14155550100"),
    )
    positions = [step.position for step in scenario.steps]
    assert positions == [(4, 5), (5, 5), (6, 18), (7, 20), (7, 33), (8, 5), (9, 5)]


def test_phones_are_written_as_in_a_seed() -> None:
    text = """\
name: A
call: {from: 1}
phones:
  12025550001: reject
  12025550002: {does: ring, after: 2.5, keys: [1, "", 12#], talks: 30, sms: failed}
  12025550003: {sms: {status: sent, after: 2}}
"""
    (scenario,) = read(text)

    assert scenario.phones["12025550001"] == Phone("reject")
    assert scenario.phones["12025550002"].keys == ("1", "", "12#")
    assert scenario.phones["12025550002"].after == 2.5
    assert scenario.phones["12025550003"].sms.after == 2


def test_answers_are_a_status_a_body_a_pair_or_a_name() -> None:
    text = """\
name: A
call: {from: 1}
http:
  GET http://a/1: 404
  GET http://a/2: {code: 007, price: 1.10, vip: true, count: 3, none: }
  GET http://a/3: [500, Down]
  GET http://a/4: refused
  "* http://a/*": "200"
"""
    (scenario,) = read(text)

    assert scenario.http == {
        "GET http://a/1": 404,
        "GET http://a/2": {"code": "007", "price": "1.10", "vip": True, "count": 3, "none": None},
        "GET http://a/3": (500, "Down"),
        "GET http://a/4": "refused",
        "* http://a/*": "200",
    }


def test_what_is_expected_is_read_as_texts() -> None:
    text = """\
name: A
call: {from: 1}
expect:
  path: [Start, Menu]
  states: [{Start: Incoming Call}, {Menu: 1}]
  texts: {+12025550143: yes}
  ended: no
  waiting: Menu
  fetched: [GET http://a, POST http://a: {n: 1, l: [on]}]
  notes: []
"""
    (scenario,) = read(text)

    assert scenario.expected == {
        "path": ["Start", "Menu"],
        "states": [{"Start": "Incoming Call"}, {"Menu": "1"}],
        "texts": {"+12025550143": ["yes"]},
        "ended": "no",
        "waiting": ["Menu"],
        "fetched": ["GET http://a", {"POST http://a": {"n": "1", "l": ["on"]}}],
        "notes": [],
    }
    assert scenario.position("waiting") == "shop.scenario.yaml:8:3"


def test_all_problems_of_a_file_are_found_at_once() -> None:
    text = """\
scenarios:
  - nam: A
    call: {from: 12025550000}
  - name: B
    text: {to: 14155550100}
    cal: {}
  - name: B
    run: [1]
"""

    keys = "there are name, call, text, run, http, phones, steps, expect."
    assert _problems(text) == [
        f"2:5: scenarios[0]: no key 'nam' (did you mean name?); {keys}",
        "2:5: scenarios[0].name: give the scenario a name.",
        "5:11: scenarios[1].text.from: give the address of the phone.",
        f"6:5: scenarios[1]: no key 'cal' (did you mean call?); {keys}",
        "7:11: scenarios[2].name: 'B' is there twice.",
        "8:10: scenarios[2].run: give a mapping of keys and values, or {} for none.",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[1]", "1:1: give a scenario, or a mapping with scenarios: and a list of them."),
        ("scenarios: []", "1:12: scenarios: give a list of scenarios."),
        ("scenarios: x", "1:12: scenarios: give a list of scenarios."),
        ("scenarios: [x]", "1:13: scenarios[0]: give a scenario with name, call, text, run, http,"),
        ("name: A", "1:1: give one of call, text and run: what starts the run."),
        ("name: [A]\nrun: {}", "1:7: name: give a text, not a list."),
        ('name: ""\nrun: {}', "1:7: name: give a name of one line that is not empty."),
        ("{name: A, name: B, run: {}}", "1:11: 'name' is there twice."),
        ("name: A\ncall: x", "2:7: call: give a mapping with from, to."),
        (
            "name: A\ncall: {from: 1, to: 14155550101}",
            "2:21: call.to: the flow has no number '14155550101' (did you mean +14155550100?);",
        ),
    ],
)
def test_a_problem_has_its_place(text: str, problem: str) -> None:
    (found,) = _problems(text)

    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("steps: x", "3:8: steps: give a list of steps: hears, presses, speaks, hangs_up,"),
        ("steps: [[]]", "3:9: steps[0]: give a step: hears, presses,"),
        ("steps: [prese]", "3:9: steps[0]: no step 'prese' (did you mean presses?); there are"),
        ("steps: [hears]", "3:9: steps[0]: hears needs a value: a part of the prompt."),
        ("steps: [{wait: }]", "3:10: steps[0].wait: wait needs a value: a number of seconds."),
        ("steps: [{wait: 0}]", "3:16: steps[0].wait: '0' is no number of seconds above 0,"),
        ("steps: [{wait: nan}]", "3:16: steps[0].wait: 'nan' is no number of seconds above 0,"),
        ("steps: [{answers: 1}]", "3:10: steps[0].answers: answers takes no value."),
        ("steps: [{presses: 1a}]", "3:19: steps[0].presses: '1a' is not made of 0 to 9, * and #."),
        ("steps: [{1202: {wait: 1}}]", "3:17: steps[0].1202.wait: wait is for all phones;"),
        ("http: {GET: 200}", "3:8: http: 'GET' is no request; give METHOD URL, with GET, POST,"),
        ("http: [1]", "3:7: http: give a mapping of METHOD URL to an answer."),
        ("phones: {1202: rings}", "3:16: phones.1202: no phone 'rings' (did you mean ring?);"),
        ("phones: {1202: {sms: x}}", "3:22: phones.1202.sms: no status 'x'; there are delivered,"),
        ("phones: {1202: {does: x}}", "3:23: phones.1202.does: no does 'x'; there are answer,"),
        ("phones: {1202: {after: x}}", "3:24: phones.1202.after: give a number of seconds"),
        ("phones: {1202: {keys: 1}}", "3:23: phones.1202.keys: give a list of texts,"),
        ("phones: {1202: [x]}", "3:16: phones.1202: give a mapping with does,"),
        ("expect: {pat: x}", "3:10: expect: no key 'pat' (did you mean path?); there are path,"),
        ("expect: {path: [Strt]}", "3:17: expect.path[0]: no node 'Strt' (did you mean Start?)."),
        ("expect: {path: [[x]]}", "3:17: expect.path[0]: give a text, not a list."),
        ("expect: {states: [x]}", "3:19: expect.states[0]: give a list of nodes and states, such"),
        (
            "expect: {states: [{Menu: 3}]}",
            "3:26: expect.states[0].Menu: no state '3'; it has 1, 2,",
        ),
        ("expect: {states: [{Start: x}]}", "3:27: expect.states[0].Start: no state 'x'; it has"),
        ("expect: {texts: [x]}", "3:17: expect.texts: give a mapping of addresses to lists"),
        ("expect: {fetched: [[x]]}", "3:20: expect.fetched[0]: give a list of METHOD URL, or of"),
    ],
)
def test_a_problem_of_a_part_has_its_place(body: str, problem: str) -> None:
    found = _of_call(body)

    assert [one for one in found if one.startswith(problem)], found


@pytest.mark.parametrize("word", ["no answer", "No_Answer", "noanswer", "timeout", "unreachable"])
def test_a_phone_that_does_not_answer_never_does(word: str) -> None:
    for body in (f"phones: {{1202: {word}}}", f"phones: {{1202: {{does: {word}}}}}"):
        (problem,) = _of_call(body)
        assert f"'{word}' (did you mean never?); there are answer, ring, reject," in problem


def test_a_busy_phone_rejects() -> None:
    (problem,) = _of_call("phones: {1202: busy}")

    assert "no phone 'busy' (did you mean reject?)" in problem


def test_a_step_needs_a_phone_where_an_api_request_starts_the_run() -> None:
    assert _problems("name: A\nrun: {}\nsteps: [hangs_up]") == [
        "3:9: steps[0]: no phone calls or texts here; write `ADDRESS: hangs_up`."
    ]


def test_names_of_nodes_are_not_checked_without_the_flow() -> None:
    (scenario,) = read_scenarios("name: A\ncall: {from: 1, to: 2}\nexpect: {path: [Gone]}")

    assert scenario.expected == {"path": ["Gone"]}


def test_a_trigger_that_the_flow_does_not_connect_is_a_problem() -> None:
    without = PHLO.__class__("Quiet", "quiet", PHLO.numbers)

    with pytest.raises(FlowError, match="nothing is connected to Incoming Call of Start"):
        read_scenarios("name: A\ncall: {from: 1}", phlo=without)


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(FlowError, match="No such file or directory"):
        load_scenarios(tmp_path / "none.yaml")
