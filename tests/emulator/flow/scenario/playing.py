"""A flow with a menu, a request and messages, and scenarios of it that are played in process."""

from __future__ import annotations

import anyio

from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.flow.reader import read_phlo_text
from plivo_phlo_async.emulator.flow.scenario.reader import read_scenarios
from plivo_phlo_async.emulator.flow.scenario.runner import ScenarioPlay
from plivo_phlo_async.emulator.flow.scenario.values import Scenario, ScenarioResult
from plivo_phlo_async.testing import Clock

FLOW = """\
phlo: Shop
id: shop
numbers: ["+14155550100"]
start: {Incoming Call: Menu, Incoming Message: Reply, API Request: Ring}
nodes:
  Menu:
    component: IVR Menu
    prompt: Press 1 or 2.
    inputs: [1, 2]
    timeout: 5
    next: {1: Look_up, 2: Message, No Input: Menu}
  Look_up:
    component: HTTP Request
    method: POST
    url: http://127.0.0.1:9/orders
    body: {json: {phone: "{{Start.call.from}}"}}
    expect: [name]
    next: {Success: Say, Failed: Say}
  Say: {component: Play Audio, prompt: "Hello {{Look_up.response.name | default: 'you'}}."}
  Message: {component: Record Audio, prompt: Speak., next: Text}
  Text:
    component: Send SMS
    from: "+14155550100"
    to: "12025550143"
    message: "{{Start.call.from}} spoke."
  Reply: {component: Send SMS, from: "+14155550100", to: "{{Start.message.from}}", message: Hi.}
  Ring: {component: Initiate Call, from: "+14155550100", to: "{{Start.http.params.to}}"}
"""
PHLO = read_phlo_text(FLOW)


def read(text: str) -> tuple[Scenario, ...]:
    """Read scenarios of the flow."""
    return read_scenarios(text, "shop.scenario.yaml", PHLO)


def play(text: str) -> list[ScenarioResult]:
    """Play scenarios of the flow."""
    return [_play(scenario) for scenario in read(text)]


def _play(scenario: Scenario) -> ScenarioResult:
    clock = Clock(runs=False)
    emulator = PhloEmulator(clock=clock, wall=clock.wall, sleep=clock.sleep, prompt_speed=None)
    settle = lambda: anyio.run(emulator.delivered)  # noqa: E731
    return ScenarioPlay(scenario, PHLO, emulator, clock.advance, settle).result()


def called(body: str) -> ScenarioResult:
    """Play a scenario that begins with a call."""
    (result,) = play(f"name: A call\ncall: {{from: 12025550000}}\n{body}")
    return result
