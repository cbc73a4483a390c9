"""Runs explained in lines of text, for the failure of a test."""

from __future__ import annotations

from collections.abc import Iterator

from ...calls.members import canonical_address
from ..engine.values import Run, Wait
from .runner import FlowRunner

__all__ = ["explain_runs"]

RUNS_SHOWN = 5
"""How many of the latest runs are explained."""

PROMPTS_SHOWN = 5
"""How many of the latest prompts of a phone are shown."""


def explain_runs(runner: FlowRunner, address: str | None = None) -> list[str]:
    """Return lines about the latest runs: path, waits, end, notes, and what phones have heard.

    Args:
        runner: the runner.
        address: only the runs with this phone; None for all.
    """
    runs = [run for run in runner.runs.values() if address is None or _has(run, address)]
    return [line for run in runs[-RUNS_SHOWN:] for line in _explain(runner, run)]


def _wait_text(wait: Wait) -> str:
    limit = "" if wait.seconds is None else f", {wait.seconds:g} seconds at most"
    return f"{wait.kind}{limit}"


def _has(run: Run, address: str) -> bool:
    wanted = canonical_address(address)
    return any(canonical_address(leg.phone) == wanted for leg in run.legs.values())


def _explain(runner: FlowRunner, run: Run) -> Iterator[str]:
    name = runner.flows[run.phlo_id].name if run.phlo_id in runner.flows else run.phlo_id
    yield f"Run of {name} ({run.trigger}): {' > '.join(visit.node for visit in run.path)}"
    for token in run.tokens:
        assert token.wait is not None
        yield f"  waits at {token.node} for: {_wait_text(token.wait)}"
        for attempt in token.wait.attempts:
            yield f"    {run.legs[attempt.leg].phone}: {_wait_text(attempt)}"
    if run.ended is not None:
        yield f"  ended: {run.ended}"
    yield from (f"  note: {note}" for note in run.notes)
    for phone in dict.fromkeys(leg.phone for leg in run.legs.values()):
        for prompt in runner.phones.at(phone).heard[-PROMPTS_SHOWN:]:
            yield f"  {phone} heard: {prompt}"
