"""The runs as JSON data that survives a restart."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from ..engine.event_json import event_from_json, event_to_json
from ..engine.events import Unreachable
from ..engine.run_json import run_from_json, run_to_json
from ..engine.values import Run, WaitKind, waits_of
from .conferences import read_conferences
from .runner import FlowRunner
from .timers import ScheduledEvent

__all__ = ["dump_runs", "restore_runs"]

_LOGGER = logging.getLogger("plivo_phlo_async.emulator")


def dump_runs(runner: FlowRunner, most_ended: int) -> dict[str, Any]:
    """Return the live runs, and some of those that ended last, with their timers.

    Args:
        runner: the runner.
        most_ended: the maximum number of ended runs.
    """
    ended = [run for run in runner.runs.values() if run.ended is not None]
    live = [run for run in runner.runs.values() if run.ended is None]
    kept = [*ended[-most_ended:], *live] if most_ended else live
    return {
        "runs": [run_to_json(run) for run in kept],
        "timers": [_dump_timer(one, runner.now) for one in runner.timers],
        "conferences": runner.conferences.dump(),
        "phones": runner.phones.dump(),
        "components": {
            phlo.phlo_id: {name: node.component for name, node in phlo.nodes.items()}
            for phlo in runner.flows.values()
        },
    }


def _dump_timer(scheduled: ScheduledEvent, now: float) -> dict[str, Any]:
    return {
        "seconds": scheduled.due - now,
        "run_id": scheduled.run_id,
        "event": event_to_json(scheduled.event),
    }


def restore_runs(runner: FlowRunner, data: Mapping[str, Any]) -> None:
    """Replace the runs by those that are at nodes which are still there; an HTTP request fails.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: the data is invalid.
    """
    runs = [run_from_json(one) for one in data["runs"]]
    kept = [run for run in runs if _fits(runner, run, data["components"])]
    timers = [_read_timer(one, runner.now) for one in data["timers"]]
    conferences = read_conferences(data["conferences"])
    phones = data["phones"]
    runner.reset()
    runner.phones.restore(phones)
    runner.conferences.restore(conferences)
    _adopt(runner, kept, timers)


def _adopt(runner: FlowRunner, runs: list[Run], timers: list[ScheduledEvent]) -> None:
    for run in runs:
        runner.adopt(run)
    for scheduled in timers:
        if scheduled.run_id in runner.runs:
            runner.timers.add(scheduled)
    runner.conferences.end_dead()
    for run in runs:
        for wait in waits_of(run):
            if wait.kind is WaitKind.RESPONSE:
                runner.send(run.run_id, Unreachable(0.0, wait.number, "the emulator restarted"))


def _fits(runner: FlowRunner, run: Run, components: Mapping[str, Mapping[str, str]]) -> bool:
    phlo = runner.flows.get(run.phlo_id)
    known = {} if phlo is None else phlo.nodes
    nodes = [(known.get(token.node), components[run.phlo_id][token.node]) for token in run.tokens]
    fits = phlo is not None and all(
        node is not None and node.component == component for node, component in nodes
    )
    if not fits:
        _LOGGER.warning("The run %s is dropped: its PHLO has changed.", run.run_id)
    return fits


def _read_timer(data: Mapping[str, Any], now: float) -> ScheduledEvent:
    due = now + max(0.0, float(data["seconds"]))
    return ScheduledEvent(due, data["run_id"], event_from_json(data["event"]))
