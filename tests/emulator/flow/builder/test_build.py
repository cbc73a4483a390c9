"""`Flow.build` gives what a file that says the same gives, and the same errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from plivo_phlo_async.emulator import Callback
from plivo_phlo_async.emulator.asgi import Receive, Scope, Send
from plivo_phlo_async.emulator.flow import Flow, FlowError, NodeCallback
from plivo_phlo_async.emulator.flow.components import COMPONENTS
from plivo_phlo_async.emulator.flow.reader import load_phlo

from . import help_desk

URL = "http://127.0.0.1:8000/plivo"


def test_a_flow_and_a_file_that_say_the_same_are_equal() -> None:
    built = help_desk.flow.build()
    loaded = load_phlo(Path(__file__).with_name("help_desk.phlo.yaml"))

    assert built.nodes == loaded.nodes
    assert built == loaded


def test_the_help_desk_has_every_component() -> None:
    nodes = help_desk.flow.build().nodes.values()

    assert {node.component for node in nodes} == {*COMPONENTS}


def test_an_id_is_derived_from_the_name() -> None:
    first, second, other = (Flow(name).build() for name in ("Shop", "Shop", "Desk"))

    assert first.phlo_id == second.phlo_id != other.phlo_id


def test_an_option_that_has_its_default_is_left_out() -> None:
    flow = Flow("Shop")
    flow.ivr_menu("Menu", inputs="21", timeout=5, interrupt=True)

    assert flow.build().nodes["Menu"].options == {"inputs": ("1", "2")}


def test_every_problem_is_raised_at_once() -> None:
    flow = Flow("Shop")
    start = flow.start()
    start.incoming_call >> flow.ivr_menu("Menu", inputs=["1", "22"], timeout="soon")

    with pytest.raises(FlowError) as caught:
        flow.build()

    assert [str(problem) for problem in caught.value.problems] == [
        "Shop: nodes.Menu.inputs: '22' is no key; there are 0 to 9, * and #.",
        "Shop: nodes.Menu.timeout: 'soon' is not a number of 0 or more.",
    ]


def test_a_flow_may_grow_after_it_was_built() -> None:
    flow = Flow("Shop")
    first = flow.build()
    flow.hangup("Bye")

    assert (len(first.nodes), len(flow.build().nodes)) == (0, 1)


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    raise NotImplementedError


@pytest.mark.parametrize("events", [(), ("Hangup Complete",)])
def test_a_callback_keeps_its_application(events: tuple[str, ...]) -> None:
    flow = Flow("Shop")
    callback = NodeCallback(Callback(URL, app=_app), events)
    flow.hangup("Bye", callback=callback)

    assert flow.build().nodes["Bye"].callback == callback
