"""Runs and flows as plain data, for the page, for tests and for other programs."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..engine.run_json import run_to_json
from ..engine.values import Run, Token
from ..phlo import Phlo

__all__ = ["describe_flow", "describe_run", "summarize_run"]


PATH_SHOWN = 100
"""How many of the latest visits the outline of a run has."""

NOTES_SHOWN = 20
"""How many of the latest notes the outline of a run has."""


def describe_flow(phlo: Phlo) -> dict[str, object]:
    """Return a flow as plain data."""
    return {
        "phlo_id": phlo.phlo_id,
        "name": phlo.name,
        "numbers": list(phlo.numbers),
        "start": dict(phlo.start.triggers),
        "nodes": [
            {
                "name": node.name,
                "component": node.component,
                "node_id": node.node_id,
                "next": dict(node.next),
            }
            for node in phlo.nodes.values()
        ],
    }


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
        "path": [visit.node for visit in run.path[-PATH_SHOWN:]],
        "waiting": [_describe_token(token) for token in run.tokens],
        "notes": list(run.notes[-NOTES_SHOWN:]),
    }


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
