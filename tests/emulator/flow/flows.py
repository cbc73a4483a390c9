"""Small flows for tests, and an emulator whose clock stands still."""

from __future__ import annotations

from typing import Any

from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.testing import Clock

NUMBER = "+14155550100"
CALLER = "12025550000"
AGENT = "12025550001"

NODES: dict[str, dict[str, Any]] = {
    "Say": {"component": "Play Audio", "prompt": "Hello."},
    "Menu": {"component": "IVR Menu", "prompt": "Press 1 or 2.", "inputs": ["1", "2"]},
    "Ask": {"component": "Get Input", "prompt": "Your number?", "max_digits": "4"},
    "Ring": {"component": "Initiate Call", "from": NUMBER, "to": AGENT, "ring_timeout": "20"},
    "Forward": {"component": "Call Forward", "from": NUMBER, "to": AGENT},
    "Voicemail": {"component": "Record Audio", "prompt": "After the beep."},
    "Agents": {"component": "Multiparty Call", "from": NUMBER, "to": AGENT, "node_id": "mpc"},
    "Bridge": {"component": "Conference Bridge", "conference": "room", "node_id": "bridge"},
    "Fetch": {"component": "HTTP Request", "method": "GET", "url": "http://127.0.0.1:9/x"},
    "Text": {"component": "Send SMS", "from": NUMBER, "to": AGENT, "message": "Hi."},
    "Bye": {"component": "Hangup"},
}


def document(first: str, *others: str, **changes: dict[str, Any]) -> dict[str, Any]:
    """Return a flow whose triggers lead to `first`, and each node to the next one.

    `changes` are options of nodes, by the names of the nodes; with a component, all of them.
    """
    names = (first, *others)
    nodes = {name: _node(name, changes.get(name, {})) for name in names}
    for name, after in zip(names, others, strict=False):
        nodes[name].setdefault("next", after)
    triggers = dict.fromkeys(("Incoming Call", "Incoming Message", "API Request"), first)
    return {"phlo": "Test", "id": "test", "numbers": [NUMBER], "start": triggers, "nodes": nodes}


def _node(name: str, changes: dict[str, Any]) -> dict[str, Any]:
    return {**changes} if "component" in changes else {**NODES[name], **changes}


class StillEmulator:
    """An emulator whose clock only a test moves, and whose prompts take no time."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock(runs=False)
        timed = {"clock": self.clock, "wall": self.clock.wall, "sleep": self.clock.sleep}
        self.emulator = PhloEmulator(**{**timed, "prompt_speed": None, **options})

    def load(self, first: str, *others: str, **changes: dict[str, Any]) -> PhloEmulator:
        """Load the flow of `document`."""
        self.emulator.load_flow(document(first, *others, **changes))
        return self.emulator
