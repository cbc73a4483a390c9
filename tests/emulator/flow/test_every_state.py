"""Every state of every component is reached through the emulator: the table is complete."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from plivo_phlo_async.emulator import Phone
from plivo_phlo_async.emulator.flow.components import COMPONENTS, IVR_KEYS, TRIGGERS

from .flows import AGENT, CALLER, NUMBER, StillEmulator, document

STUB = {"GET http://127.0.0.1:9/x": 200, "GET http://127.0.0.1:9/down": 503}


@attrs.frozen
class Scenario:
    """How a state is reached: the node and its changes, what phones do, what starts it."""

    node: str
    changes: dict[str, Any] = attrs.field(factory=dict)
    agent: Phone = attrs.field(factory=Phone)
    caller: Phone = attrs.field(factory=Phone)
    trigger: str = "Incoming Call"


COUNTER = {"component": "Counter", "max": "1"}
BRANCH = {"component": "Branch", "variable": "x"}
DETECTS = {"voicemail_detection": "true"}
TALKS = Phone(talks=5)

TABLE: dict[tuple[str, str], Scenario] = {
    **{("Start", trigger): Scenario("Text", trigger=trigger) for trigger in TRIGGERS},
    ("Send SMS", "Sent"): Scenario("Text"),
    ("Send SMS", "Failed"): Scenario("Text", agent=Phone(sms="undelivered")),
    **{
        ("IVR Menu", key): Scenario("Menu", {"inputs": [*IVR_KEYS]}, caller=Phone(keys=(key,)))
        for key in IVR_KEYS
    },
    ("IVR Menu", "No Input"): Scenario("Menu"),
    ("IVR Menu", "Wrong Input"): Scenario("Menu", caller=Phone(keys=("9",))),
    ("Get Input", "Successful Input"): Scenario("Ask", caller=Phone(keys=("12#",))),
    ("Get Input", "No Input"): Scenario("Ask"),
    ("Initiate Call", "Answered"): Scenario("Ring"),
    ("Initiate Call", "No Answer"): Scenario("Ring", agent=Phone("never")),
    ("Initiate Call", "Busy/Rejected"): Scenario("Ring", agent=Phone("reject")),
    ("Initiate Call", "Failed"): Scenario("Ring", agent=Phone("invalid")),
    ("Initiate Call", "Voicemail"): Scenario("Ring", DETECTS, agent=Phone("voicemail")),
    ("Call Forward", "Completed"): Scenario("Forward", agent=TALKS),
    ("Call Forward", "No Answer"): Scenario("Forward", agent=Phone("never")),
    ("Call Forward", "Busy/Rejected"): Scenario("Forward", agent=Phone("reject")),
    ("Call Forward", "Failed"): Scenario("Forward", agent=Phone("invalid")),
    ("Hangup", "Hangup Complete"): Scenario("Bye"),
    ("Play Audio", "Prompt Completed"): Scenario("Say"),
    ("Record Audio", "Recording Completed"): Scenario("Voicemail"),
    ("Multiparty Call", "Completed"): Scenario("Agents", {"to": []}, caller=TALKS),
    ("Multiparty Call", "Failed"): Scenario("Agents", agent=Phone("invalid")),
    ("Conference Bridge", "Completed"): Scenario("Bridge", caller=TALKS),
    ("Conference Bridge", "Failed"): Scenario("Bridge", trigger="API Request"),
    ("HTTP Request", "Success"): Scenario("Fetch"),
    ("HTTP Request", "Failed"): Scenario("Fetch", {"url": "http://127.0.0.1:9/down"}),
    ("Counter", "Count Reached"): Scenario("Bye", COUNTER),
    ("Counter", "Count Not Reached"): Scenario("Bye", {**COUNTER, "max": "2"}),
    ("Branch", "No Match"): Scenario("Bye", BRANCH),
    ("Branch", "it"): Scenario("Bye", {**BRANCH, "conditions": {"it": {"equals": "x"}}}),
}


def _play(scenario: Scenario) -> list[str]:
    still = StillEmulator()
    emulator = still.emulator
    flow = document(scenario.node, **{scenario.node: scenario.changes})
    emulator.load_flow(flow, http=STUB)
    emulator.set_phone(AGENT, scenario.agent)
    emulator.set_phone(CALLER, scenario.caller)
    match scenario.trigger:
        case "Incoming Call":
            run = emulator.phone(CALLER).calls(NUMBER)
        case "Incoming Message":
            run = emulator.phone(CALLER).texts(NUMBER, "Hello")
        case _:
            run = emulator.run("test")
    still.clock.advance(120)
    return [state for _, state in run.states]


@pytest.mark.parametrize("pair", TABLE, ids=" - ".join)
def test_the_state_is_reached(pair: tuple[str, str]) -> None:
    assert pair[1] in _play(TABLE[pair])


def test_the_table_has_every_state_of_every_component() -> None:
    pairs = {("Start", trigger) for trigger in TRIGGERS}
    pairs |= {("IVR Menu", key) for key in IVR_KEYS} | {("Branch", "it")}
    pairs |= {(title, state) for title, spec in COMPONENTS.items() for state in spec.states}

    assert TABLE.keys() == pairs
