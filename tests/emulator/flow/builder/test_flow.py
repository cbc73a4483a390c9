"""The methods of `Flow` and the component table; the plain data of a flow."""

from __future__ import annotations

import inspect
from typing import Any, get_args, get_type_hints

import pytest

from plivo_phlo_async.emulator import Callback
from plivo_phlo_async.emulator.flow import Flow, NodeCallback, Prompt
from plivo_phlo_async.emulator.flow.builder.options import Comparison
from plivo_phlo_async.emulator.flow.components import COMPONENTS, OPERATIONS, OptionKind

CHOICES = [
    (spec.slug, option)
    for spec in COMPONENTS.values()
    for option in spec.options.values()
    if option.kind is OptionKind.CHOICE
]


def _options(slug: str) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(getattr(Flow, slug)).parameters
    others = {"self", "name", "callback", "node_id"}
    return {name.rstrip("_"): each for name, each in parameters.items() if name not in others}


def _node(flow: Flow, name: str = "N") -> dict[str, Any]:
    nodes: Any = flow.to_document()["nodes"]
    found: dict[str, Any] = nodes[name]
    return found


@pytest.mark.parametrize("spec", COMPONENTS.values(), ids=lambda spec: spec.slug)
def test_a_method_takes_the_options_of_its_component(spec: Any) -> None:
    parameters = _options(spec.slug)
    required = {name for name, each in parameters.items() if each.default is each.empty}

    assert parameters.keys() == spec.options.keys()
    assert required == {name for name, option in spec.options.items() if option.required}


@pytest.mark.parametrize("spec", COMPONENTS.values(), ids=lambda spec: spec.slug)
def test_an_option_has_a_keyword(spec: Any) -> None:
    parameters = inspect.signature(getattr(Flow, spec.slug)).parameters
    by_place = [name for name, each in parameters.items() if each.kind != each.KEYWORD_ONLY]

    assert by_place == ["self", "name"]
    assert {"callback", "node_id"} <= parameters.keys()


@pytest.mark.parametrize(("slug", "option"), CHOICES)
def test_the_type_of_a_choice_has_its_values(slug: str, option: Any) -> None:
    hint = get_type_hints(getattr(Flow, slug))[option.name]
    values = [get_args(each) or (each,) for each in get_args(hint)]
    flat = {value for group in values for value in group} - {type(None)}

    assert flat == set(option.choices)


def test_a_comparison_has_every_operation() -> None:
    assert Comparison.__annotations__.keys() == OPERATIONS.keys()


def test_a_flow_is_plain_data() -> None:
    flow = Flow("Support", numbers=["+14155550100"], phlo_id="support")
    start = flow.start(keys=["to"], callback="http://127.0.0.1:8000/start")
    start.incoming_call >> flow.hangup("Bye")

    assert flow.to_document() == {
        "phlo": "Support",
        "id": "support",
        "numbers": ["+14155550100"],
        "start": {
            "keys": ["to"],
            "callback": "http://127.0.0.1:8000/start",
            "Incoming Call": "Bye",
        },
        "nodes": {"Bye": {"component": "Hangup"}},
    }


def test_static_keys_keep_their_values() -> None:
    flow = Flow("x")
    flow.start(keys={"to": None, "currency": "EUR"})

    assert flow.to_document()["start"] == {"keys": {"to": None, "currency": "EUR"}}


def test_numbers_and_flags_are_written_as_text() -> None:
    flow = Flow("x")
    start = flow.start()
    flow.record_audio("N", silence=2.5, max=120, beep=False)
    flow.ivr_menu("Menu", inputs=[1, "#"], timeout=5.0, interrupt=True)
    flow.counter("Count", max=start.params.tries)

    assert _node(flow) == {
        "component": "Record Audio",
        "beep": "false",
        "silence": "2.5",
        "max": "120",
    }
    assert _node(flow, "Menu")["inputs"] == ["1", "#"]
    assert _node(flow, "Menu")["timeout"] == "5"
    assert _node(flow, "Menu")["interrupt"] == "true"
    assert _node(flow, "Count")["max"] == "{{Start.http.params.tries}}"


def test_a_prompt_is_texts_variables_and_parts() -> None:
    flow = Flow("x")
    start = flow.start()
    flow.play_audio(
        "N",
        prompt=[
            "Hello.",
            start.params.name,
            Prompt(play="https://example.com/a.mp3"),
            Prompt(speak="Bonjour.", language="fr-FR", voice="WOMAN"),
        ],
    )

    assert _node(flow)["prompt"] == [
        "Hello.",
        "{{Start.http.params.name}}",
        {"play": "https://example.com/a.mp3"},
        {"speak": "Bonjour.", "language": "fr-FR", "voice": "WOMAN"},
    ]


def test_a_json_body_has_texts() -> None:
    flow = Flow("x")
    start = flow.start()
    flow.http_request(
        "N",
        method="POST",
        url="http://127.0.0.1:8000/",
        body={"json": {"a": [1, 2.5, True, start.call.from_], "b": {"c": "1"}}},
        auth={"basic": ("user", start.params.password)},
        params={"page": 2},
    )

    assert _node(flow)["body"] == {
        "json": {"a": ["1", "2.5", "true", "{{Start.call.from}}"], "b": {"c": "1"}}
    }
    assert _node(flow)["auth"] == {"basic": ["user", "{{Start.http.params.password}}"]}
    assert _node(flow)["params"] == {"page": "2"}


def test_a_key_called_json_is_a_text_elsewhere() -> None:
    flow = Flow("x")
    flow.http_request(
        "N", method="GET", url="http://127.0.0.1:8000/", params={"json": 1}, headers={"json": 2}
    )

    assert _node(flow)["params"] == {"json": "1"}
    assert _node(flow)["headers"] == {"json": "2"}


def test_a_confirm_and_conditions_are_mappings() -> None:
    flow = Flow("x")
    flow.call_forward("N", from_="1", to="2, 3", confirm={"prompt": "Press 1.", "key": 1})
    flow.branch("Age", variable="x", conditions={"adult": {"greater_than": 17}})

    assert _node(flow)["confirm"] == {"prompt": "Press 1.", "key": "1"}
    assert _node(flow)["to"] == "2, 3"
    assert _node(flow, "Age")["conditions"] == {"adult": {"greater_than": "17"}}


def test_a_callback_is_a_url_or_an_object() -> None:
    flow = Flow("x")
    url = "http://127.0.0.1:8000/plivo"
    flow.hangup("A", callback=url)
    flow.hangup("B", callback=Callback(url, format="json"), node_id="b")
    flow.hangup("C", callback=NodeCallback(Callback(url), ("Hangup Complete",)))

    assert _node(flow, "A")["callback"] == url
    assert _node(flow, "B")["callback"]["format"] == "json"
    assert _node(flow, "B")["node_id"] == "b"
    assert _node(flow, "C")["callback"]["events"] == ["Hangup Complete"]


@pytest.mark.parametrize("value", [None, object(), b"x"])
def test_what_is_no_option_fails_where_it_is_written(value: Any) -> None:
    with pytest.raises(TypeError, match="is no option; give a text, a number, True, False or"):
        Flow("x").play_audio("N", prompt=["Hello.", value])


def test_a_group_of_variables_is_no_option() -> None:
    flow = Flow("x")
    start = flow.start()

    with pytest.raises(TypeError, match=r"CallVariables\('Start.call'\) is no option"):
        flow.play_audio("N", prompt=start.call)  # type: ignore[arg-type]


def test_an_option_that_fails_adds_no_node() -> None:
    flow = Flow("x")
    with pytest.raises(TypeError):
        flow.play_audio("N", prompt=[b"x"])  # type: ignore[list-item]

    assert flow.to_document()["nodes"] == {}


@pytest.mark.parametrize("inputs", ["12", "1, 2", [1, "2"]])
def test_keys_are_a_text_or_a_list(inputs: Any) -> None:
    flow = Flow("x")
    flow.ivr_menu("N", inputs=inputs)

    assert _node(flow)["inputs"] == ["1", "2"]
