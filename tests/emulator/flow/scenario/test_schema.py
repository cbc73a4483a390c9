"""The JSON Schema of scenarios accepts what the reader accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from plivo_phlo_async.emulator.flow.problems import FlowError
from plivo_phlo_async.emulator.flow.scenario.reader import KEYS, read_scenarios
from plivo_phlo_async.emulator.flow.scenario.schema import scenario_schema
from plivo_phlo_async.emulator.flow.scenario.values import EXPECT_KEYS, STEPS

VALIDATOR = Draft202012Validator(scenario_schema())
EXAMPLES = sorted((Path(__file__).parents[4] / "examples" / "flows").glob("*.scenario.yaml"))


def _refuses(document: object) -> tuple[bool, bool]:
    """Whether the schema refuses a document, and whether the reader does."""
    try:
        read_scenarios(json.dumps(document))
    except FlowError:
        return not VALIDATOR.is_valid(document), True
    return not VALIDATOR.is_valid(document), False


def test_it_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(json.loads(json.dumps(scenario_schema())))


def test_it_has_every_key() -> None:
    defined = scenario_schema()["$defs"]
    step = defined["step"]["anyOf"][1]

    assert {*defined["scenario"]["properties"]} == {*KEYS}
    assert {*defined["scenario"]["properties"]["expect"]["properties"]} == {*EXPECT_KEYS}
    assert {*step["properties"]} == {*STEPS}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_valid(path: Path) -> None:
    assert VALIDATOR.is_valid(yaml.load(path.read_text(), yaml.BaseLoader))


CALL: dict[str, Any] = {"name": "A", "call": {"from": "1202"}}


@pytest.mark.parametrize(
    "document",
    [
        CALL,
        {"scenarios": [CALL]},
        {"name": 1, "run": {"a": True}},
        {**CALL, "steps": ["hangs_up", {"hangs_up": None}, {"wait": 1.5, "hears": "x"}]},
        {**CALL, "steps": [{"12025550001": "answers"}, {"1202": {"presses": "12#"}}]},
        {**CALL, "phones": {"1202": "ring", "1203": {"after": 1, "sms": {"status": "sent"}}}},
        {**CALL, "http": {"GET http://a": {"a": [1]}}},
        {**CALL, "expect": {"path": "Start", "states": [{"A": 1}], "fetched": [{"GET a": {}}]}},
    ],
)
def test_both_accept(document: object) -> None:
    assert _refuses(document) == (False, False)


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"scenarios": []},
        {"scenarios": [CALL], "name": "A"},
        {"name": "A"},
        {"call": {"from": "1202"}},
        {**CALL, "run": {}},
        {**CALL, "call": {}},
        {**CALL, "call": {"from": "1202", "message": "x"}},
        {**CALL, "what": 1},
        {**CALL, "steps": ["wait"]},
        {**CALL, "steps": [{"presses": "x"}]},
        {**CALL, "steps": [{"answers": 1}]},
        {**CALL, "steps": [{"1202": {"wait": 1}}]},
        {**CALL, "phones": {"1202": "rings"}},
        {**CALL, "phones": {"1202": {"afte": 1}}},
        {**CALL, "http": {"http://a": 200}},
        {**CALL, "expect": {"paths": []}},
        {**CALL, "expect": {"states": ["A"]}},
    ],
)
def test_both_refuse(document: object) -> None:
    assert _refuses(document) == (True, True)
