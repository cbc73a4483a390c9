"""The runs as JSON data that survives a restart."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import attrs

from ..engine import events
from ..engine.events import FlowEvent, Unreachable
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
    }


def _dump_timer(scheduled: ScheduledEvent, now: float) -> dict[str, Any]:
    return {
        "seconds": scheduled.due - now,
        "run_id": scheduled.run_id,
        "event": type(scheduled.event).__name__,
        "fields": attrs.asdict(scheduled.event),
    }


def restore_runs(runner: FlowRunner, data: Mapping[str, Any]) -> None:
    """Restore runs whose flows have all of their nodes; an HTTP request fails.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: the data is invalid; nothing is restored.
    """
    runs = [run_from_json(one) for one in data["runs"]]
    timers = [_read_timer(one, runner.now) for one in data["timers"]]
    conferences = read_conferences(data["conferences"])
    for run in runs:
        if _fits(runner, run):
            runner.adopt(run)
        else:
            _LOGGER.warning("The run %s is dropped: its PHLO has changed.", run.run_id)
    runner.conferences.restore(conferences)
    for timer in timers:
        if timer.run_id in runner.runs:
            runner.timers.add(timer)
    for run in runs:
        for wait in waits_of(run):
            if wait.kind is WaitKind.RESPONSE:
                runner.send(run.run_id, Unreachable(0.0, wait.number, "the emulator restarted"))


def _fits(runner: FlowRunner, run: Run) -> bool:
    phlo = runner.flows.get(run.phlo_id)
    return phlo is not None and all(token.node in phlo.nodes for token in run.tokens)


def _read_timer(data: Mapping[str, Any], now: float) -> ScheduledEvent:
    due = now + max(0.0, float(data["seconds"]))
    return ScheduledEvent(due, data["run_id"], _read_event(data["event"], data["fields"]))


def _read_event(name: str, fields: Mapping[str, Any]) -> FlowEvent:
    if name not in events.__all__:
        raise ValueError(f"unknown event {name!r}")
    event: FlowEvent = getattr(events, name)(**fields)
    return event
