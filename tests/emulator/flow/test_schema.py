"""The JSON Schema and the reader accept and refuse the same."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from plivo_phlo_async.emulator.flow.components import COMPONENTS, find_component
from plivo_phlo_async.emulator.flow.problems import FlowError
from plivo_phlo_async.emulator.flow.reader import read_phlo
from plivo_phlo_async.emulator.flow.schema import json_schema
from plivo_phlo_async.emulator.flow.writer import to_document

from .documents import documents

VALIDATOR = Draft202012Validator(json_schema())
few = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def _refused(document: object) -> tuple[bool, bool]:
    """Whether the schema refuses a document, and whether the reader does."""
    try:
        read_phlo(document)
    except FlowError:
        return not VALIDATOR.is_valid(document), True
    return not VALIDATOR.is_valid(document), False


def _one_node(document: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    node: dict[str, Any] = document["nodes"][data.draw(st.sampled_from(list(document["nodes"])))]
    return node


def test_the_schema_is_a_json_schema() -> None:
    schema = json.loads(json.dumps(json_schema()))
    Draft202012Validator.check_schema(schema)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("spec", COMPONENTS.values(), ids=list(COMPONENTS))
def test_every_option_has_its_description(spec: Any) -> None:
    properties = json_schema()["$defs"][spec.slug]["properties"]

    for name, option in spec.options.items():
        assert properties[name]["description"].startswith(option.help)


@few
@given(documents())
def test_both_accept_a_valid_document(document: dict[str, Any]) -> None:
    assert _refused(document) == (False, False)


@few
@given(documents())
def test_both_accept_what_is_written(document: dict[str, Any]) -> None:
    assert _refused(to_document(read_phlo(document))) == (False, False)


@few
@given(documents(), st.data())
def test_both_refuse_an_unknown_option(document: dict[str, Any], data: st.DataObject) -> None:
    broken = deepcopy(document)
    _one_node(broken, data)["promt"] = "Hi"

    assert _refused(broken) == (True, True)


@few
@given(documents(), st.data())
def test_both_refuse_an_unknown_state(document: dict[str, Any], data: st.DataObject) -> None:
    broken = deepcopy(document)
    node = _one_node(broken, data)
    assume(find_component(node["component"]) is not COMPONENTS["Branch"])  # names its own states
    node["next"] = {"No inputs": next(iter(document["nodes"]))}

    assert _refused(broken) == (True, True)


@few
@given(documents(), st.data())
def test_both_refuse_a_missing_required_option(
    document: dict[str, Any], data: st.DataObject
) -> None:
    broken = deepcopy(document)
    node = _one_node(broken, data)
    spec = find_component(node["component"])
    assert spec is not None
    required = [name for name, option in spec.options.items() if option.required]
    assume(required)
    del node[data.draw(st.sampled_from(required))]

    assert _refused(broken) == (True, True)


@pytest.mark.parametrize(
    "change",
    [
        {"component": "Send SMS", "from": "1", "to": "2", "log": "maybe"},
        {"component": "Counter", "max": 0},
        {"component": "Counter", "max": 1.5},
        {"component": "Get Input", "timeout": -1},
        {"component": "Get Input", "timeout": "soon"},
        {"component": "Hangup", "reason": "busy"},
        {"component": "IVR Menu", "inputs": ["12"]},
        {"component": "Record Audio", "finish_on": "x"},
        {"component": "Play Audio", "prompt": {"play": "u", "speak": "t"}},
        {"component": "Branch", "variable": "v", "conditions": {"a": {"equal": "x"}}},
        {"component": "HTTP Request", "method": "GET", "url": "u", "auth": {"basic": "u:p"}},
        {"component": "HTTP Request", "method": "PUT", "url": "u", "body": {"xml": "x"}},
        {"component": "Call Forward", "from": "1", "to": "2", "confirm": {"key": "1"}},
        {"component": "Hangup", "callback": "ftp://x"},
        {"component": "Hangup", "callback": {"format": "json"}},
        {"component": "Hangup", "node_id": "a/b"},
        {"component": "Hangs up"},
        {},
    ],
)
def test_both_refuse_a_value_of_another_form(change: dict[str, Any]) -> None:
    assert _refused({"phlo": "T", "nodes": {"One": change}}) == (True, True)


@pytest.mark.parametrize(
    "document",
    [[], {}, {"phlo": ""}, {"phlo": "T", "node": {}}, {"phlo": "T", "start": {"a": "b"}}],
)
def test_both_refuse_what_is_wrong_beside_the_nodes(document: object) -> None:
    assert _refused(document) == (True, True)
