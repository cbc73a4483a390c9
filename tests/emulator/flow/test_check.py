"""Warnings and notes: what a flow may be, and should perhaps not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plivo_phlo_async.emulator.flow.check import check_file, check_phlo_text, find_warnings
from plivo_phlo_async.emulator.flow.problems import Severity
from plivo_phlo_async.emulator.flow.reader import load_phlo, read_phlo

FILES = Path(__file__).parent / "files"
START = {"Incoming Call": "A"}


def say(text: str, **node: Any) -> dict[str, Any]:
    return {"component": "Play Audio", "prompt": text, **node}


def branch(**node: Any) -> dict[str, Any]:
    return {"component": "Branch", "variable": "x", **node}


def warnings(nodes: dict[str, Any], start: dict[str, Any] | None = None) -> list[str]:
    phlo = read_phlo({"phlo": "Test", "start": START if start is None else start, "nodes": nodes})
    found = find_warnings(phlo)
    return [str(problem) for problem in found if problem.severity is Severity.WARNING]


def notes(nodes: dict[str, Any]) -> list[str]:
    phlo = read_phlo({"phlo": "Test", "start": START, "nodes": nodes})
    return [str(each) for each in find_warnings(phlo) if each.severity is Severity.NOTE]


def test_the_errors_of_a_broken_file_are_these() -> None:
    found = [str(problem) for problem in check_file(FILES / "broken.phlo.yaml").problems]
    lines = [line.removeprefix(f"{FILES}/") for line in found]

    assert lines == [
        "broken.phlo.yaml:3:18: start.Incoming Call: no node 'Menuu' (did you mean Menu?).",
        "broken.phlo.yaml:7:13: nodes.Menu.inputs: '22' is no key; there are 0 to 9, * and #.",
        "broken.phlo.yaml:12:7: nodes.Menu.next: IVR Menu has no state 'No input' (did you mean No"
        " Input?); it has 1, 2, No Input, Wrong Input.",
        "broken.phlo.yaml:14:16: nodes.Agents.component: no component 'Multi Party Call' (did you"
        " mean Multiparty Call?); there are Send SMS, IVR Menu, Get Input, Initiate Call, Call"
        " Forward, Hangup, Play Audio, Record Audio, Multiparty Call, Conference Bridge, HTTP"
        " Request, Counter, Branch.",
        "broken.phlo.yaml:18:14: nodes.Tell.message: {{Menu.digit}}: IVR Menu has no variable"
        " 'digit' (did you mean digits?); it has digits, input_type.",
    ]


def test_a_text_that_needs_quotes_has_yamls_message_and_a_hint() -> None:
    lines = ["phlo: T", "nodes:", "  Tell:", "    component: Send SMS", "    from: '1'"]
    lines.append("    message: You have {{a}} and this thing: bad")
    (problem,) = check_phlo_text("\n".join(lines), "t.yaml").problems

    assert str(problem) == (
        "t.yaml:6:43: mapping values are not allowed here. A text with {{ or with ': ' in it must"
        " stand in quotes."
    )


def test_a_file_with_every_component_has_notes_only() -> None:
    read = check_file(FILES / "hotline.phlo.yaml")

    assert read.phlo == load_phlo(FILES / "hotline.phlo.yaml")
    assert {problem.severity for problem in read.problems} == {Severity.NOTE}


def test_a_file_that_cannot_be_read_is_a_problem() -> None:
    read = check_file(FILES / "missing.yaml")

    assert read.phlo is None
    assert [problem.text for problem in read.problems] == ["No such file or directory."]


def test_a_warning_has_its_position() -> None:
    text = "phlo: T\nstart: {Incoming Call: A}\nnodes:\n  A: {component: Hangup}\n"
    text += "  B:\n    component: Hangup\n"
    (problem,) = check_phlo_text(text, "t.yaml").problems

    assert str(problem) == "t.yaml:5:3: nodes.B: nothing leads to it."


def test_a_state_with_nothing_connected_is_a_note() -> None:
    assert notes({"A": say("Hi")}) == ["nodes.A.next: nothing is connected to Prompt Completed."]
    assert notes({"A": say("Hi", next="A")}) == []


def test_the_end_of_a_hangup_is_no_note() -> None:
    assert notes({"A": {"component": "Hangup"}}) == []


def test_a_node_that_nothing_leads_to_is_a_warning() -> None:
    nodes = {"A": say("Hi"), "B": say("Hi", next="C"), "C": say("Hi", next="C")}

    assert warnings(nodes) == ["nodes.B: nothing leads to it.", "nodes.C: no trigger leads to it."]


def test_a_flow_that_nothing_starts_is_one_warning() -> None:
    assert warnings({"A": say("Hi")}, {}) == [
        "start: nothing starts a run; connect Incoming Call or Incoming Message or API Request."
    ]


def test_a_loop_that_never_waits_is_a_warning() -> None:
    nodes = {
        "A": branch(next="B"),
        "B": branch(next="C"),
        "C": {"component": "Hangup", "next": "A"},
    }

    assert warnings(nodes) == [
        "nodes.A: it leads back to itself without a wait or a Counter: A, B, C, A."
    ]


@pytest.mark.parametrize(
    "between",
    [
        say("Hi", next="A"),
        {"component": "HTTP Request", "method": "GET", "url": "http://x", "next": "A"},
        {"component": "Send SMS", "from": "1", "to": "2", "next": "A"},
        {"component": "Counter", "max": 3, "next": {"Count Not Reached": "A"}},
    ],
)
def test_a_loop_with_a_wait_or_a_counter_is_none(between: dict[str, Any]) -> None:
    assert warnings({"A": branch(next="B"), "B": between}) == []


def test_a_loop_that_goes_on_when_its_counter_has_reached_is_a_warning() -> None:
    nodes = {"A": branch(next="B"), "B": {"component": "Counter", "max": 3, "next": "A"}}

    assert warnings(nodes) == [
        "nodes.A: it leads back to itself without a wait or a Counter: A, B, A."
    ]


def test_two_loops_are_two_warnings() -> None:
    nodes = {"A": branch(next={"No Match": "A"}), "B": branch(next="B")}
    found = warnings(nodes, {"Incoming Call": "A", "API Request": "B"})

    assert [line.partition(":")[0] for line in found] == ["nodes.A", "nodes.B"]


@pytest.mark.parametrize(
    ("variable", "triggers"),
    [
        ("Start.call.to", "Incoming Message or API Request"),
        ("Start.message.text", "Incoming Call or API Request"),
        ("Start.http.params.to", "Incoming Call or Incoming Message"),
        ("Start.request.uuid", "Incoming Call or Incoming Message"),
    ],
)
def test_a_variable_of_another_trigger_is_empty(variable: str, triggers: str) -> None:
    start = {"Incoming Call": "A", "Incoming Message": "A", "API Request": "A"}
    found = warnings({"A": say(f"{{{{{variable}}}}}")}, start)

    assert found == [
        f"nodes.A.prompt[0].speak: {{{{{variable}}}}}: it is empty in a run that began by"
        f" {triggers}."
    ]


def test_the_type_of_a_request_is_never_empty() -> None:
    assert warnings({"A": say("{{Start.request_type}}")}) == []


def test_only_triggers_that_lead_to_a_node_count() -> None:
    start = {"Incoming Call": "A", "API Request": "B"}

    assert warnings({"A": say("{{Start.call.to}}"), "B": say("Hi")}, start) == []


MENU: dict[str, Any] = {"component": "IVR Menu", "inputs": "1"}


def test_a_variable_of_a_node_that_a_path_misses_is_empty() -> None:
    nodes = {"A": branch(next={"No Match": "B"}), "M": MENU, "B": say("{{M.digits}}")}
    nodes["A"] |= {"conditions": {"x": {"equals": "x"}}, "next": {"x": "M", "No Match": "B"}}
    nodes["M"] = {**MENU, "next": "B"}

    assert warnings(nodes) == [
        "nodes.B.prompt[0].speak: {{M.digits}}: it is empty where the node is reached without M,"
        " after Incoming Call."
    ]


def test_a_variable_of_a_node_on_every_path_is_not_empty() -> None:
    nodes = {
        "A": {**MENU, "next": {"1": "B", "No Input": "C", "Wrong Input": "A"}},
        "B": branch(next="D"),
        "C": say("Hi", next="D"),
        "D": say("{{A.digits}}", next="A"),
    }

    assert warnings(nodes) == []


def test_paths_are_followed_for_each_trigger() -> None:
    nodes = {"A": {**MENU, "next": "B"}, "B": say("{{A.digits}}")}
    start = {"Incoming Call": "A", "API Request": "B"}

    assert warnings(nodes, start) == [
        "nodes.B.prompt[0].speak: {{A.digits}}: it is empty where the node is reached without A,"
        " after API Request."
    ]


def test_a_variable_of_the_node_itself_is_empty_at_first() -> None:
    assert warnings({"A": {**MENU, "prompt": "{{A.digits}}", "next": "A"}}) == [
        "nodes.A.prompt[0].speak: {{A.digits}}: it is empty before the node has run."
    ]


def test_a_callback_may_read_the_variables_of_its_node() -> None:
    assert warnings({"A": {**MENU, "callback": "http://x/{{A.digits}}", "next": "A"}}) == []


def test_a_variable_with_a_default_is_no_warning() -> None:
    nodes = {
        "A": say("{{Start.message.text | default: 'x'}}{{B.digits | default: 'y'}}"),
        "B": MENU,
    }

    assert warnings(nodes) == ["nodes.B: nothing leads to it."]


def test_an_unknown_filter_is_a_warning() -> None:
    assert warnings({"A": say("{{Start.call.to | upper}}")}) == [
        "nodes.A.prompt[0].speak: no filter 'upper'; the template fails when it is used."
    ]


def test_an_unknown_filter_of_the_start_is_a_warning() -> None:
    start = {**START, "callback": "http://x/{{Start.request_type | upper}}"}

    assert warnings({"A": say("Hi")}, start) == [
        "start.callback.url: no filter 'upper'; the template fails when it is used."
    ]


def test_whether_a_node_has_run_may_be_asked() -> None:
    assert warnings({"A": say("{% if A %}Again{% endif %}", next="A")}) == []


def test_a_key_that_is_nearly_one_of_the_payload_is_a_warning() -> None:
    start = {"API Request": "A", "keys": ["order", "to"]}
    nodes = {"A": say("{{Start.http.params.ordr}} {{Start.http.params.zip}}")}

    assert warnings(nodes, start) == [
        "nodes.A.prompt[0].speak: {{Start.http.params.ordr}}: `keys` has no 'ordr' (did you mean"
        " order?)."
    ]


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("Send SMS_1", "templates call it Send_SMS_1; better name it so."),
        ("Multi-Party", "templates call it Multi_Party; better name it so."),
        ("1st", "its name is no identifier; use letters, digits and _, with a letter first."),
        ("a.b", "its name is no identifier; use letters, digits and _, with a letter first."),
        ("true", "true is a word of Liquid; choose another name."),
    ],
)
def test_a_name_that_templates_cannot_spell_is_a_warning(name: str, advice: str) -> None:
    assert warnings({name: say("Hi")}, {"Incoming Call": name}) == [f"nodes.{name}: {advice}"]


def test_a_name_of_letters_of_any_language_is_no_warning() -> None:
    assert warnings({"Menü": say("Hi")}, {"Incoming Call": "Menü"}) == []
