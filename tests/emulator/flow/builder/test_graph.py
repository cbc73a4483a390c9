"""Connecting states to nodes, and what is refused where it is written."""

from __future__ import annotations

from typing import cast

import pytest

from plivo_phlo_async.emulator.flow import Flow


def _next(flow: Flow, name: str) -> object:
    nodes = cast(dict[str, dict[str, object]], flow.to_document()["nodes"])
    return nodes[name].get("next")


def test_both_spellings_connect_and_return_the_node() -> None:
    flow = Flow("x")
    menu = flow.ivr_menu("Menu", inputs="1")
    bye = flow.hangup("Bye")

    assert menu.key("1") >> bye is bye
    assert menu.no_input.to(menu) is menu
    assert _next(flow, "Menu") == {"1": "Bye", "No Input": "Menu"}


def test_a_chain_reads_from_left_to_right() -> None:
    flow = Flow("x")
    tries = flow.counter("Tries", max=3)
    greeting = flow.play_audio("Greeting", prompt="Hello.")
    (tries.count_reached >> greeting).prompt_completed >> flow.hangup("Bye")

    assert _next(flow, "Tries") == {"Count Reached": "Greeting"}
    assert _next(flow, "Greeting") == {"Prompt Completed": "Bye"}


def test_every_state_is_connected_at_once() -> None:
    flow = Flow("x")
    menu = flow.ivr_menu("Menu", inputs="1")
    menu.every_state >> flow.hangup("Bye")

    assert _next(flow, "Menu") == {"1": "Bye", "No Input": "Bye", "Wrong Input": "Bye"}


def test_other_states_are_those_that_lead_nowhere_yet() -> None:
    flow = Flow("x")
    menu = flow.ivr_menu("Menu", inputs="1")
    menu.key("1") >> flow.play_audio("Hello", prompt="Hello.")
    menu.other_states >> flow.hangup("Bye")

    assert _next(flow, "Menu") == {"1": "Hello", "No Input": "Bye", "Wrong Input": "Bye"}


def test_no_other_state_is_left_to_connect() -> None:
    flow = Flow("x")
    bye = flow.hangup("Bye")
    bye.every_state >> bye

    with pytest.raises(ValueError, match=r"^Bye: every state leads to a node already\.$"):
        bye.other_states  # noqa: B018


def test_a_state_leads_to_one_node() -> None:
    flow = Flow("x")
    menu = flow.ivr_menu("Menu", inputs="1")
    menu.no_input >> menu

    with pytest.raises(ValueError, match=r"^Menu: No Input leads to 'Menu' already\.$"):
        menu.no_input >> flow.hangup("Bye")
    with pytest.raises(ValueError, match=r"^Menu: No Input leads to 'Menu' already\.$"):
        menu.every_state >> menu

    assert _next(flow, "Menu") == {"No Input": "Menu"}


def test_a_trigger_leads_to_one_node() -> None:
    flow = Flow("x")
    start = flow.start()
    start.incoming_call >> flow.hangup("Bye")

    with pytest.raises(ValueError, match=r"^Start: Incoming Call leads to 'Bye' already\.$"):
        start.incoming_call >> flow.hangup("Other")


def test_a_node_of_another_flow_is_refused() -> None:
    flow, other = Flow("x"), Flow("y")
    menu = flow.ivr_menu("Menu", inputs="1")
    theirs = other.ivr_menu("Menu", inputs="1")

    with pytest.raises(ValueError, match=r"^Menu: the node 'Menu' is in another flow\.$"):
        menu.no_input >> theirs


def test_a_state_leads_to_a_node_only() -> None:
    flow = Flow("x")
    start = flow.start()
    menu = flow.ivr_menu("Menu", inputs="1")

    with pytest.raises(TypeError, match="not to the state Wrong Input of Menu"):
        menu.no_input >> menu.wrong_input  # type: ignore[type-var]
    with pytest.raises(TypeError, match="not to the node Start"):
        menu.no_input >> start  # type: ignore[type-var]
    with pytest.raises(TypeError, match="not to 'Menu'"):
        menu.no_input.to("Menu")  # type: ignore[type-var]


@pytest.mark.parametrize("name", ["Menu 1", "Menu_1", "Menu-1"])
def test_a_name_is_used_once_as_templates_spell_it(name: str) -> None:
    flow = Flow("x")
    flow.hangup("Menu 1")

    with pytest.raises(ValueError, match=r"there is a node 'Menu 1' already; rename this one\.$"):
        flow.hangup(name)


def test_no_node_is_called_start() -> None:
    with pytest.raises(ValueError, match="there is a node 'Start' already"):
        Flow("x").hangup("Start")


def test_a_flow_starts_once() -> None:
    flow = Flow("x")
    flow.start()

    with pytest.raises(ValueError, match=r"^x: there is a Start node already\.$"):
        flow.start()
