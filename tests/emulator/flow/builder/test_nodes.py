"""The attributes of a node are the states and variables of its component, and nothing else."""

from __future__ import annotations

from functools import reduce

import pytest

from plivo_phlo_async.emulator.flow import Flow
from plivo_phlo_async.emulator.flow.builder.graph import BuilderNode, FlowState, StatesAndVariables
from plivo_phlo_async.emulator.flow.builder.variables import (
    JsonVariable,
    Variable,
    VariableGroup,
    attributes_of,
)
from plivo_phlo_async.emulator.flow.components import COMPONENTS, START, ComponentSpec, slug_of


def _one_of_each() -> dict[str, StatesAndVariables]:
    flow = Flow("All")
    nodes: list[BuilderNode] = [
        flow.send_sms("send_sms", from_="1", to="2"),
        flow.ivr_menu("ivr_menu", inputs="1"),
        flow.get_input("get_input"),
        flow.initiate_call("initiate_call", from_="1", to="2"),
        flow.call_forward("call_forward", from_="1", to="2"),
        flow.hangup("hangup"),
        flow.play_audio("play_audio", prompt="Hello."),
        flow.record_audio("record_audio"),
        flow.multi_party_call("multi_party_call"),
        flow.conference_bridge("conference_bridge", conference="c"),
        flow.http_request("http_request", method="GET", url="http://127.0.0.1"),
        flow.counter("counter", max=3),
        flow.branch("branch", variable="x"),
    ]
    return {"Start": flow.start(), **{node.component: node for node in nodes}}


NODES = _one_of_each()
SPECS = {"Start": START, **COMPONENTS}


def _attribute(path: str) -> str:
    return ".".join(f"{part}_" if part == "from" else part for part in path.split("."))


def _declared(kind: type, prefix: str = "") -> set[str]:
    """The paths of all states and variables that a class declares."""
    paths = set()
    for name, hint in attributes_of(kind).items():
        if not issubclass(hint, VariableGroup):
            paths.add(prefix + name)
        paths |= _declared(hint, f"{prefix}{name}.")
    return paths


def _expected(spec: ComponentSpec) -> set[str]:
    return {*map(slug_of, spec.states), *map(_attribute, spec.variables)}


def test_every_component_has_a_class() -> None:
    assert NODES.keys() == SPECS.keys()


@pytest.mark.parametrize("title", SPECS)
def test_every_state_and_every_variable_is_declared_and_nothing_else(title: str) -> None:
    assert _declared(type(NODES[title])) == _expected(SPECS[title])


@pytest.mark.parametrize(
    ("title", "state"), [(title, state) for title, spec in SPECS.items() for state in spec.states]
)
def test_a_state_is_an_attribute(title: str, state: str) -> None:
    found = getattr(NODES[title], slug_of(state))

    assert isinstance(found, FlowState)
    assert state in repr(found)


@pytest.mark.parametrize(
    ("title", "name"), [(title, name) for title, spec in SPECS.items() for name in spec.variables]
)
def test_a_variable_is_an_attribute_that_renders_itself(title: str, name: str) -> None:
    node = NODES[title]
    found = reduce(getattr, _attribute(name).split("."), node)

    assert isinstance(found, Variable)
    assert f"{found}" == f"{{{{{node.name}.{name}}}}}"


def test_a_response_is_json() -> None:
    assert attributes_of(type(NODES["HTTP Request"]))["response"] is JsonVariable


def test_a_name_with_a_space_is_spelled_as_templates_spell_it() -> None:
    menu = Flow("x").ivr_menu("Main menu-1", inputs="1")

    assert f"{menu.digits}" == "{{Main_menu_1.digits}}"


def test_an_unknown_attribute_names_the_one_that_is_near() -> None:
    menu = Flow("x").ivr_menu("Menu", inputs="1")

    with pytest.raises(AttributeError) as caught:
        menu.no_imput  # type: ignore[attr-defined]  # noqa: B018

    assert str(caught.value) == (
        "IVR Menu has no state or variable 'no_imput' (did you mean no_input?); "
        "it has no_input, wrong_input, digits, input_type."
    )


@pytest.mark.parametrize("key", ["1", 1])
def test_a_key_is_a_state(key: str | int) -> None:
    menu = Flow("x").ivr_menu("Menu", inputs=[1, "#"])

    assert repr(menu.key(key)) == "the state 1 of Menu"


def test_a_key_that_the_menu_does_not_accept_fails() -> None:
    menu = Flow("x").ivr_menu("Menu", inputs="1*")

    with pytest.raises(ValueError, match=r"^IVR Menu Menu has no key '2'; it has 1, \*\.$"):
        menu.key("2")


def test_a_condition_is_a_state() -> None:
    tier = Flow("x").branch("Tier", variable="x", conditions={"gold": {"equals": "gold"}})

    assert repr(tier.condition("gold")) == "the state gold of Tier"


def test_an_unknown_condition_names_the_one_that_is_near() -> None:
    tier = Flow("x").branch("Tier", variable="x", conditions={"gold": {"equals": "gold"}})

    with pytest.raises(ValueError, match=r"'gould' \(did you mean gold\?\); it has gold\.$"):
        tier.condition("gould")
