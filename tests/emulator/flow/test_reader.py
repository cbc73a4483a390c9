"""Flows from files, from text and from data: what is read, and how each mistake is reported."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import yaml

from plivo_phlo_async.emulator.flow.graph import NodeCallback, Prompt
from plivo_phlo_async.emulator.flow.ids import derive_id
from plivo_phlo_async.emulator.flow.phlo import Phlo
from plivo_phlo_async.emulator.flow.problems import FlowError
from plivo_phlo_async.emulator.flow.reader import load_phlo, read_phlo, read_phlo_text
from plivo_phlo_async.emulator.flow.yaml_tree import LOADER, tree_of_text
from plivo_phlo_async.emulator.webhooks.callbacks import Callback

MENU: dict[str, Any] = {"component": "IVR Menu", "inputs": ["1", "2"]}
SMS: dict[str, Any] = {"component": "Send SMS", "from": "111", "to": ["222"]}


def of(nodes: dict[str, Any], **more: Any) -> Phlo:
    return read_phlo({"phlo": "Test", "nodes": nodes, **more}, "")


def options(**node: Any) -> dict[str, object]:
    return dict(of({"One": node}).nodes["One"].options)


def errors(document: object) -> list[str]:
    with pytest.raises(FlowError) as caught:
        read_phlo(document, "")
    return str(caught.value).splitlines()


def node_errors(**node: Any) -> list[str]:
    return errors({"phlo": "Test", "nodes": {"One": node}})


def test_a_file_text_and_data_that_say_the_same_are_equal(tmp_path: Path) -> None:
    text = "phlo: Test\nnodes:\n  One: {component: Counter, max: 3}\n"
    path = tmp_path / "test.phlo.yaml"
    path.write_text(text)
    data = {"phlo": "Test", "nodes": {"One": {"component": "Counter", "max": 3}}}

    assert load_phlo(path) == read_phlo_text(text) == read_phlo(data)


@pytest.mark.parametrize(
    "text", ["on", "no", "1", "007", "+14155550100", "12025550000", "1e3", "0x10", "2020-01-01"]
)
def test_every_scalar_is_text(text: str) -> None:
    phlo = read_phlo_text(
        f"phlo: Test\nnodes:\n  One: {{component: Send SMS, from: {text}, to: 1, message: {text}}}"
    )

    assert phlo.nodes["One"].options["from"] == text
    assert phlo.nodes["One"].options["message"] == text


def test_every_problem_of_a_source_is_reported_in_its_order(tmp_path: Path) -> None:
    lines = ["phlo: Test", "start: {Incoming Call: Nine}", "nodes:", "  One: {component: Menu}"]

    with pytest.raises(FlowError) as caught:
        read_phlo_text("\n".join(lines), "a.yaml")

    first, second = str(caught.value).splitlines()
    assert first.startswith("a.yaml:2:24: start.Incoming Call: no node 'Nine'")
    assert second.startswith("a.yaml:4:20: nodes.One.component: no component 'Menu'")


def test_an_error_survives_pickling() -> None:
    with pytest.raises(FlowError) as caught:
        read_phlo([], "data")
    again = pickle.loads(pickle.dumps(caught.value))

    assert again.problems == caught.value.problems
    assert str(again) == str(caught.value)


def test_a_component_has_a_title_a_slug_and_other_names() -> None:
    names = ("Send SMS", "send_sms", "send_message")

    assert {of({"One": {**SMS, "component": name}}).nodes["One"].component for name in names} == {
        "Send SMS"
    }


def test_ids_are_derived_from_names() -> None:
    phlo = of({"One": SMS})

    assert phlo.phlo_id == derive_id("Test")
    assert phlo.nodes["One"].node_id == derive_id(phlo.phlo_id, "One")


def test_given_ids_are_kept() -> None:
    phlo = of({"One": {**SMS, "node_id": "n-1"}}, id="p-1")

    assert (phlo.phlo_id, phlo.nodes["One"].node_id) == ("p-1", "n-1")


def test_a_default_is_the_same_as_nothing() -> None:
    assert options(**MENU, timeout=5, interrupt=True, prompt="") == {"inputs": ("1", "2")}


@pytest.mark.parametrize("inputs", [["2", "1"], [2, 1], "21", "2, 1", 21])
def test_keys_are_a_list_or_a_text_in_the_order_of_a_phone(inputs: object) -> None:
    assert options(component="IVR Menu", inputs=inputs)["inputs"] == ("1", "2")


def test_every_key_of_a_phone_is_in_its_place() -> None:
    assert options(component="IVR Menu", inputs="#0*91")["inputs"] == ("1", "9", "0", "*", "#")


@pytest.mark.parametrize(
    ("given", "to"),
    [
        ("111", ("111",)),
        ("111, 222,", ("111", "222")),
        (["111", "222"], ("111", "222")),
        ("{{Start.call.to}}", ("{{Start.call.to}}",)),
        (
            "{{ Start.call.to | append: ',1' }}, 222",
            ("{{ Start.call.to | append: ',1' }}", "222"),
        ),
    ],
)
def test_recipients_are_a_text_a_list_or_separated_by_commas(given: object, to: object) -> None:
    assert options(**{**SMS, "to": given})["to"] == to


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ("Hello", (Prompt("Hello"),)),
        ({"play": "http://x/a.mp3"}, (Prompt(play="http://x/a.mp3"),)),
        (
            ["Hello", {"speak": "Hallo", "language": "de-DE", "voice": "Polly.Marlene"}],
            (Prompt("Hello"), Prompt("Hallo", language="de-DE", voice="Polly.Marlene")),
        ),
    ],
)
def test_a_prompt_is_a_text_audio_or_a_list(given: object, parts: object) -> None:
    assert options(component="Play Audio", prompt=given)["prompt"] == parts


def test_headers_of_a_call_are_a_mapping_or_plivos_text() -> None:
    call = {"component": "Initiate Call", "from": "1", "to": "2"}

    assert options(**call, headers={"a": "1", "b": "2"})["headers"] == {"a": "1", "b": "2"}
    assert options(**call, headers="a=1, b=2")["headers"] == {"a": "1", "b": "2"}


def test_a_json_body_has_texts() -> None:
    phlo = read_phlo_text(
        "phlo: T\nnodes:\n  One:\n    component: HTTP Request\n    method: PUT\n    url: http://x\n"
        "    body:\n      json: {phone: 12025550000, list: [no, {deep: 1e3}]}\n"
    )

    body = {"phone": "12025550000", "list": ["no", {"deep": "1e3"}]}
    assert phlo.nodes["One"].options["body"] == {"json": body}


def test_a_node_after_next_is_that_of_every_state() -> None:
    phlo = of({"One": {**MENU, "next": "Two"}, "Two": SMS})

    assert phlo.nodes["One"].next == {
        "1": "Two",
        "2": "Two",
        "No Input": "Two",
        "Wrong Input": "Two",
    }


def test_states_and_triggers_have_slugs() -> None:
    nodes = {"One": {**MENU, "next": {"no_input": "Two", 1: "Two"}}, "Two": SMS}
    phlo = of(nodes, start={"api_request": "One"})

    assert phlo.nodes["One"].next == {"1": "Two", "No Input": "Two"}
    assert phlo.start.triggers == {"API Request": "One"}


@pytest.mark.parametrize(
    ("keys", "read"),
    [
        (["to", "order"], {"to": None, "order": None}),
        ({"to": None, "order": 17}, {"to": None, "order": "17"}),
        ("to, order", {"to": None, "order": None}),
    ],
)
def test_the_keys_of_an_api_request_may_have_values(keys: object, read: object) -> None:
    assert of({}, start={"keys": keys}).start.keys == read


@pytest.mark.parametrize(
    ("given", "callback"),
    [
        ("http://x/a", NodeCallback(Callback("http://x/a"))),
        (Callback("http://x/a", "GET"), NodeCallback(Callback("http://x/a", "GET"))),
        (
            {"url": "http://x/a", "format": "json", "port_in_signature": "no"},
            NodeCallback(Callback("http://x/a", format="json", port_in_signature=False)),
        ),
        (
            {"url": "http://x/a", "events": ["delivered", "Sent"]},
            NodeCallback(Callback("http://x/a"), ("Sent", "delivered")),
        ),
        (
            NodeCallback(Callback("http://x/a"), ("Sent",)),
            NodeCallback(Callback("http://x/a"), ("Sent",)),
        ),
        ("http://x/{{ Start.call.to }}", NodeCallback(Callback("http://x/{{ Start.call.to }}"))),
    ],
)
def test_a_callback_is_a_url_an_object_or_a_callback(given: object, callback: object) -> None:
    assert of({"One": {**SMS, "callback": given}}).nodes["One"].callback == callback


def test_no_value_is_the_same_as_no_key() -> None:
    assert of({"One": {**SMS, "media": None, "next": None, "callback": None}}) == of({"One": SMS})


@pytest.mark.parametrize(
    ("node", "problem"),
    [
        (
            {**MENU, "promt": "Hi"},
            "nodes.One: IVR Menu has no option 'promt' (did you mean prompt?); it has prompt,"
            " inputs, timeout, interrupt, component, next, callback, node_id.",
        ),
        (
            {"component": "IVR Menu"},
            "nodes.One: IVR Menu needs inputs: the keys that it accepts.",
        ),
        ({"max": 3}, "nodes.One: it has no component; there are Send SMS, IVR Menu, "),
        (
            {**MENU, "inputs": ["1", "22"]},
            "nodes.One.inputs: '22' is no key; there are 0 to 9, * and #.",
        ),
        ({**MENU, "inputs": "11"}, "nodes.One.inputs: '1' is there twice."),
        (
            {**MENU, "next": {"No input": "One"}},
            "nodes.One.next: IVR Menu has no state 'No input' (did you mean No Input?); it has 1,"
            " 2, No Input, Wrong Input.",
        ),
        (
            {**MENU, "next": {"No Input": "One", "no_input": "One"}},
            "nodes.One.next: the state No Input is there twice.",
        ),
        ({**MENU, "next": "Two"}, "nodes.One.next: no node 'Two'; there are One."),
        ({**MENU, "next": "Onee"}, "nodes.One.next: no node 'Onee' (did you mean One?)."),
        ({**MENU, "timeout": -1}, "nodes.One.timeout: '-1' is not a number of 0 or more."),
        ({**MENU, "timeout": "nan"}, "nodes.One.timeout: 'nan' is not a number of 0 or more."),
        ({**MENU, "timeout": 1e300}, "nodes.One.timeout: '1e+300' is not a number of 0 or more."),
        (
            {"component": "Counter", "max": 0.5},
            "nodes.One.max: '0.5' is not a whole number of 1 or more.",
        ),
        (
            {"component": "Get Input", "max_digits": 0},
            "nodes.One.max_digits: '0' is not a whole number of 1 or more.",
        ),
        ({**MENU, "interrupt": "maybe"}, "nodes.One.interrupt: 'maybe' is no flag; give true or"),
        ({**MENU, "prompt": {}}, "nodes.One.prompt: give a text, {play: URL} or {speak: text, "),
        ({**MENU, "prompt": ["a", ""]}, "nodes.One.prompt[1]: give a text, {play: URL} or "),
        ({**SMS, "message": b"x"}, "nodes.One.message: give a text, not a bytes."),
        ({**SMS, "message": float("nan")}, "nodes.One.message: give a text, not a float."),
        ({**SMS, "to": ["1", ""]}, "nodes.One.to[1]: give a text that is not empty."),
        ({**SMS, "node_id": "a/b"}, "nodes.One.node_id: 'a/b' is no id; give up to 100 letters, "),
        ({**SMS, "callback": "ftp://x"}, "nodes.One.callback: give a URL that begins with http"),
        (
            {**SMS, "callback": {"url": "http://x", "method": "PUT"}},
            "nodes.One.callback.method: give POST or GET.",
        ),
        (
            {**SMS, "callback": {"url": "http://x", "events": ["sen"]}},
            "nodes.One.callback.events: Send SMS has no event 'sen' (did you mean Sent?); it has "
            "Sent, Failed, queued, sent, delivered, undelivered, failed, rejected.",
        ),
        ({**SMS, "callback": {"format": "json"}}, "nodes.One.callback: give a url."),
        ({**SMS, "callback": ["x"]}, "nodes.One.callback: give a URL, or a mapping with url, "),
        ({**SMS, "to": {}}, "nodes.One.to: give a text or a list of texts."),
        ({**SMS, "next": ["One"]}, "nodes.One.next: give a node, or a mapping of states to nodes."),
        ([SMS], "nodes.One: give a mapping with a component and its options."),
        ({**MENU, "inputs": "{{x}}"}, "nodes.One.inputs: '{{x}}' is no key; there are 0 to 9, "),
        ({**MENU, "inputs": {"1": "2"}}, "nodes.One.inputs: give a list of keys, or a text such"),
        ({**MENU, "prompt": {"speak": "a", "play": "b"}}, "nodes.One.prompt: give a text, {play"),
        (
            {**MENU, "prompt": {"play": "a", "voice": "b"}},
            "nodes.One.prompt: language and voice are for a text to speak.",
        ),
        (
            {"component": "Record Audio", "finish_on": "##"},
            "nodes.One.finish_on: '##' is no key; there are 0 to 9, * and #.",
        ),
        (
            {"component": "Hangup", "reason": "busy"},
            "nodes.One.reason: no reason 'busy' (did you mean Busy?); there are Rejected, Busy.",
        ),
        (
            {"component": "Branch", "variable": "a", "conditions": {"x": {"equal": "a"}}},
            "nodes.One.conditions.x: no comparison 'equal' (did you mean equals?); there are "
            "equals, not_equals, contains, starts_with, ends_with, greater_than, less_than, "
            "is_empty.",
        ),
        (
            {"component": "Branch", "variable": "a", "conditions": {"x": {"is_empty": "no"}}},
            "nodes.One.conditions.x.is_empty: give true; not_equals compares with a text.",
        ),
        (
            {"component": "Branch", "variable": "a", "conditions": {"No Match": {"equals": ""}}},
            "nodes.One.conditions: 'No Match' is a state already; choose another name.",
        ),
        (
            {"component": "HTTP Request", "method": "GET", "url": "u", "body": {"form": {"a": 1}}},
            "nodes.One.body: a GET request has no body.",
        ),
        (
            {"component": "HTTP Request", "method": "PUT", "url": "u", "body": {"xml": {}}},
            "nodes.One.body: no key 'xml'; there are json, form, multipart.",
        ),
        (
            {"component": "HTTP Request", "method": "PUT", "url": "u", "auth": {"basic": "a:b"}},
            "nodes.One.auth.basic: give a list of the user and the password.",
        ),
        (
            {"component": "Call Forward", "from": "1", "to": "2", "confirm": {"key": "1"}},
            "nodes.One.confirm: give a prompt and a key.",
        ),
        (
            {
                **{"component": "Call Forward", "from": "1", "to": "2"},
                "confirm": {"prompt": "", "key": "1"},
            },
            "nodes.One.confirm: give a prompt and a key.",
        ),
        (
            {"component": "Call Forward", "from": "1", "to": "2", "confirm": "1"},
            "nodes.One.confirm: give a mapping with prompt, key.",
        ),
        (
            {"component": "Call Forward", "from": "1", "to": "2", "record": "no"},
            "nodes.One.record: 'no' would record, as every text but 0, false and null records; "
            "write false.",
        ),
        (
            {"component": "Initiate Call", "from": "1", "to": "2", "headers": "a"},
            "nodes.One.headers: 'a' is not name=value.",
        ),
        (
            {"component": "Initiate Call", "from": "1", "to": "2", "headers": "a=1,a=2"},
            "nodes.One.headers: 'a' is there twice.",
        ),
        (
            {"component": "HTTP Request", "method": "GET", "url": "u", "headers": "a=1"},
            "nodes.One.headers: give a mapping of names and texts.",
        ),
        (
            {"component": "HTTP Request", "method": "GET", "url": "u", "params": {"": "1"}},
            "nodes.One.params: give a name that is not empty.",
        ),
        (
            {"component": "HTTP Request", "method": "PUT", "url": "u", "body": "x"},
            "nodes.One.body: give a mapping with json, form, multipart.",
        ),
        (
            {"component": "HTTP Request", "method": "PUT", "url": "u", "body": {"json": {1: b"x"}}},
            "nodes.One.body.json.1: give a text, not a bytes.",
        ),
        (
            {"component": "HTTP Request", "method": "GET", "url": "u", "auth": "x"},
            "nodes.One.auth: give a mapping with basic, bearer.",
        ),
        (
            {"component": "HTTP Request", "method": "GET", "url": "u", "auth": {}},
            "nodes.One.auth: give {basic: [user, password]} or {bearer: token}.",
        ),
    ],
)
def test_a_mistake_in_a_node_has_one_line(node: object, problem: str) -> None:
    found = errors({"phlo": "Test", "nodes": {"One": node}})

    assert found[0].startswith(problem)
    assert [line for line in found if line.startswith("nodes.One")] == found


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([], "give a mapping with phlo, id, numbers, start, nodes."),
        (None, "it is empty."),
        ({}, "phlo: give the name of the PHLO."),
        (
            {"phlo": "T", "node": {}},
            "no key 'node' (did you mean nodes?); there are phlo, id, numbers, start, nodes.",
        ),
        ({"phlo": ["T"]}, "phlo: give a text, not a list."),
        (
            {"phlo": "T", "start": []},
            "start: give a mapping with keys, callback, Incoming Call, "
            "Incoming Message, API Request.",
        ),
        ({"phlo": "T", "start": {"keys": {"": 1}}}, "start.keys: give a name that is not empty."),
        (
            {
                **{"phlo": "T", "nodes": {"a": SMS}},
                "start": {"API Request": "a", "api_request": "a"},
            },
            "start: API Request is there twice.",
        ),
        ({"phlo": "T", b"x": 1}, "no key '<bytes>'; there are phlo, id, numbers, start, nodes."),
        ({"phlo": "T", "nodes": []}, "nodes: give a mapping of names to nodes."),
        ({"phlo": "T", "numbers": ["1", "1"]}, "numbers: '1' is there twice."),
        (
            {"phlo": "T", "start": {"Incoming call": "One"}},
            "start: no key 'Incoming call' (did you mean Incoming Call?); there are keys, callback,"
            " Incoming Call, Incoming Message, API Request.",
        ),
        (
            {"phlo": "T", "nodes": {"Start": SMS}},
            "nodes: Start is the node that `start` describes; rename this one.",
        ),
        (
            {"phlo": "T", "nodes": {"Send SMS": SMS, "Send-SMS": SMS}},
            "nodes: 'Send SMS' and 'Send-SMS' are one name in templates; rename one.",
        ),
        (
            {"phlo": "T", "nodes": {" a": SMS}},
            "nodes: ' a' is no name; give up to 100 printable characters.",
        ),
        (
            {"phlo": "T", "nodes": {"a": {**SMS, "node_id": "x"}, "b": {**SMS, "node_id": "x"}}},
            "nodes.b.node_id: the node 'a' has the same node_id.",
        ),
        (
            {"phlo": "T", "nodes": {f"n{n}": SMS for n in range(501)}},
            "nodes: there are 501 nodes; at most 500 are possible.",
        ),
    ],
)
def test_a_mistake_beside_the_nodes_has_one_line(document: object, problem: str) -> None:
    assert errors(document) == [problem]


def test_data_of_too_many_values_is_an_error() -> None:
    assert errors({"phlo": "T", "numbers": ["1"] * 100_001}) == ["it has more than 100,000 values."]


def test_data_that_holds_itself_is_an_error() -> None:
    document: dict[str, object] = {"phlo": "T"}
    document["nodes"] = document

    assert errors(document) == ["it is nested more than 50 deep."]


def test_a_secret_is_in_no_problem() -> None:
    auth = {"basic": ["user", "secret", "secret"], "bearer": {"a": "secret"}}
    found = node_errors(component="HTTP Request", method="GET", url="u", auth=auth)

    assert "secret" not in "".join(found)


HINT = "A text with {{ or with ': ' in it must stand in quotes."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "t.yaml: it is empty."),
        ("# nothing\n", "t.yaml: it is empty."),
        ("a: b: c", f"t.yaml:1:5: mapping values are not allowed here. {HINT}"),
        ("phlo: {{x}}", f"t.yaml:1:8: a key must be one text. {HINT}"),
        ("phlo: 'x", "t.yaml:1:9: found unexpected end of stream."),
        ("a:\n\tb: 1", "t.yaml:2:1: YAML allows no tab here; indent with spaces."),
        ("a: 1\n---\na: 2", "t.yaml:2:1: a second document begins here; write one document in a"),
        (
            "phlo: !!python/object/apply:os.system [ls]",
            "t.yaml:1:7: remove the tag '!!python/object/apply:os.system'; every value is read",
        ),
        ("phlo: T\nphlo: U", "t.yaml:2:1: 'phlo' is there twice."),
        ("phlo: *x", "t.yaml:1:7: no value above has the anchor &x."),
        ("phlo: &x [T]\nid: {*x : 1}", f"t.yaml:2:6: a key must be one text. {HINT}"),
        ("phlo: &x [*x]", "t.yaml:1:11: no value above has the anchor &x."),
        ("phlo: a\0b", "t.yaml:1:8: the character U+0000 is not allowed; write an escape in"),
        ("[" * 1000, "t.yaml:1:51: it is nested more than 50 deep."),
        ("- 1\n" * 100_001, "t.yaml:100000:3: it has more than 100,000 values, with its aliases."),
        ("#" * 1_048_577, "t.yaml: it is larger than 1 MiB."),
        ('{"phlo": "\\ud83d"}', "t.yaml:1:13: found invalid Unicode character escape code."),
    ],
)
def test_what_is_no_flow_has_one_line(text: str, problem: str) -> None:
    with pytest.raises(FlowError) as caught:
        read_phlo_text(text, "t.yaml")

    line, *more = str(caught.value).splitlines()
    assert line.startswith(problem)
    assert more == ([] if "twice" not in line else more)


@pytest.mark.parametrize("loader", [yaml.SafeLoader, LOADER])
@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("a: b: c", (1, 5)),
        ("a:\n\tb: 1", (2, 1)),
        ('a: "\\U00110000"', None),
        ("a: [1, 2\nb: 3", (2, 2)),
        ("%YAML 3.0\n---\na: 1", (1, 1)),
    ],
)
def test_a_loader_in_c_or_in_python_finds_the_same_mistakes(
    loader: Any, text: str, position: tuple[int, int] | None
) -> None:
    with pytest.raises(FlowError) as caught:
        tree_of_text(text, "t.yaml", loader)

    (problem,) = caught.value.problems
    assert position in (None, (problem.line, problem.column))


def test_a_loader_in_c_or_in_python_makes_the_same_tree() -> None:
    text = "a: 'x'\nb: [1, {c: \"\\u00e9\"}]\nd: |\n  long\n  text\ne: &x ~\nf: *x\n"

    assert tree_of_text(text, "", yaml.SafeLoader) == tree_of_text(text, "")


def test_aliases_that_multiply_are_refused() -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    with pytest.raises(FlowError, match="it has more than 100,000 values, with its aliases"):
        read_phlo_text("\n".join(["a0: &a0 x", *levels]))


def test_an_alias_repeats_a_value() -> None:
    phlo = read_phlo_text(
        "phlo: T\nnodes:\n"
        "  One: {component: Send SMS, from: &n '1', to: '2'}\n"
        "  Two: {component: Send SMS, from: *n, to: '2'}\n"
    )

    assert phlo.nodes["Two"].options["from"] == "1"


def test_json_is_read_as_yaml_is() -> None:
    text = '{\t"phlo": "\\ud83d\\ude00 \\/ \u2028\\\\ud83d",\n\t"nodes": {}}'

    with pytest.raises(FlowError, match=r"1:11: phlo: .* is no name"):
        read_phlo_text(text)
    assert read_phlo_text(text.replace("\u2028", "")).name == "\U0001f600 / \\ud83d"


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfphlo: T\n")

    assert load_phlo(path).name == "T"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"phlo: T\nnumbers: \xff", "x.yaml:2:10: byte 0xff is not UTF-8; save the file as UTF-8."),
        (b"x" * 1_048_577, "x.yaml: it is larger than 1 MiB."),
    ],
)
def test_a_file_that_is_no_text_has_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.yaml").write_bytes(data)

    with pytest.raises(FlowError) as caught:
        load_phlo("x.yaml")
    assert str(caught.value) == problem


@pytest.mark.parametrize("path", ["missing.yaml", ".", "a\0b"])
def test_a_file_that_cannot_be_opened_has_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(FlowError) as caught:
        load_phlo(path)
    assert len(str(caught.value).splitlines()) == 1
    assert not caught.value.problems[0].line
