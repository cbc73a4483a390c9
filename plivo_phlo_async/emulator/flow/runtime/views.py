"""Runs, flows and phones as plain data, for the page, for tests and for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ...calls.members import canonical_address
from ..engine.run_json import run_to_json
from ..engine.values import Leg, Run, Token
from ..phlo import Phlo
from ..writer import to_document
from .phones import PhoneState

__all__ = [
    "describe_flow",
    "describe_options",
    "describe_phone",
    "describe_run",
    "describe_step",
    "summarize_run",
]

PHONE_ENTRIES = 100
"""How many of the latest prompts and messages of a phone are described."""

_HIDDEN = "***"
_NOT_OPTIONS = ("component", "node_id", "next")


PATH_SHOWN = 100
"""How many of the latest visits the outline of a run has."""

NOTES_SHOWN = 20
"""How many of the latest notes the outline of a run has."""


def describe_flow(phlo: Phlo, taken: Mapping[tuple[str, str], int]) -> dict[str, object]:
    """Return a flow as plain data, with how often each node has reached each state."""
    counts: dict[str, dict[str, int]] = {}
    for (node, state), times in taken.items():
        counts.setdefault(node, {})[state] = times
    return {
        "phlo_id": phlo.phlo_id,
        "name": phlo.name,
        "numbers": list(phlo.numbers),
        "start": dict(phlo.start.triggers),
        "keys": dict(phlo.start.keys),
        "nodes": [
            {
                "name": node.name,
                "component": node.component,
                "node_id": node.node_id,
                "next": dict(node.next),
            }
            for node in phlo.nodes.values()
        ],
        "taken": counts,
    }


def describe_options(phlo: Phlo) -> dict[str, dict[str, object]]:
    """Return the options of each node by name, as a file has them, without credentials."""
    nodes: Any = to_document(phlo)["nodes"]
    return {name: _options(node) for name, node in nodes.items()}


def _options(node: Mapping[str, Any]) -> dict[str, object]:
    options = {name: value for name, value in node.items() if name not in _NOT_OPTIONS}
    if "auth" in options:
        options["auth"] = dict.fromkeys(options["auth"], _HIDDEN)
    if "headers" in options:
        headers = options["headers"].items()
        options["headers"] = {name: _header(name, value) for name, value in headers}
    return options


def _header(name: str, value: str) -> str:
    return _HIDDEN if name.lower().endswith("authorization") else value


def summarize_run(run: Run) -> dict[str, object]:
    """Return the outline of a run: where it is, and why it ended.

    It has the end of the path alone: each step of a long run would else be longer than the last.
    """
    return {
        "run_id": run.run_id,
        "phlo_id": run.phlo_id,
        "trigger": run.trigger,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "ended": run.ended,
        "steps": run.steps,
        "phones": _phones(run),
        "path": [visit.node for visit in run.path[-PATH_SHOWN:]],
        "waiting": [_describe_token(token) for token in run.tokens],
        "notes": list(run.notes[-NOTES_SHOWN:]),
    }


def describe_step(run: Run, before: Run | None) -> dict[str, object]:
    """Return the outline of a run with the states that it has reached since `before`."""
    reached = run.states[0 if before is None else len(before.states) :]
    return {**summarize_run(run), "reached": [[one.node, one.state] for one in reached]}


def _phones(run: Run) -> list[str]:
    """The addresses of the phones that a run has called, or has sent messages to."""
    addresses = (
        *(leg.phone for leg in run.legs.values()),
        *(message.to for message in run.messages.values()),
    )
    return [*dict.fromkeys(canonical_address(address) for address in addresses)]


def _describe_token(token: Token) -> Mapping[str, object]:
    assert token.wait is not None
    return {
        "token": token.number,
        "node": token.node,
        "for": str(token.wait.kind),
        "since": token.wait.at,
        "seconds": token.wait.seconds,
        "leg": token.leg,
    }


def describe_run(run: Run) -> dict[str, object]:
    """Return a run with its path, variables, calls, messages and recordings."""
    data = run_to_json(run)
    return {
        **summarize_run(run),
        "base_url": run.base_url,
        "path": [visit.node for visit in run.path],
        "notes": data["notes"],
        "visits": data["path"],
        "states": [attrs.asdict(state) for state in run.states],
        "variables": data["outputs"],
        "calls": [*data["legs"].values()],
        "messages": [*data["messages"].values()],
        "recordings": data["recordings"],
    }


def describe_phone(address: str, state: PhoneState, runs: Mapping[str, Run]) -> dict[str, object]:
    """Return what a phone has heard and received lately, and its live calls in flows."""
    found = ((runs[run_id], leg) for run_id, leg in state.legs if run_id in runs)
    return {
        "address": address,
        "heard": state.heard[-PHONE_ENTRIES:],
        "heard_count": state.heard_count,
        "received": [
            {"from": one.from_, "text": one.text, "media": list(one.media)}
            for one in state.received[-PHONE_ENTRIES:]
        ],
        "received_count": state.received_count,
        "calls": [_describe_leg(run, run.legs[leg]) for run, leg in found if run.legs[leg].live],
    }


def _describe_leg(run: Run, leg: Leg) -> dict[str, object]:
    token = next((one for one in run.tokens if one.number == leg.token), None)
    return {
        "run_id": run.run_id,
        "phlo_id": run.phlo_id,
        "call_uuid": leg.uuid,
        "direction": leg.direction,
        "state": str(leg.state),
        "from": leg.from_,
        "to": leg.to,
        "node": leg.node if token is None else token.node,
        "for": None if token is None or token.wait is None else str(token.wait.kind),
    }
