"""Runs of flows that were recorded: `FlowRun.dump` makes one, `load_run` repeats it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import attrs

from ..emulator.flow.engine.values import Run
from ..emulator.flow.phlo import Phlo
from ..emulator.flow.reader import load_phlo, read_phlo, read_phlo_text
from ..emulator.flow.runtime.history import replay_run

__all__ = ["RecordedRun", "load_run"]


@attrs.frozen
class RecordedRun:
    """A run at its end.

    Attributes:
        path: the names of the visited nodes, from "Start".
        states: the nodes and the states that they have reached.
        outputs: the variables of each visited node by name.
        waiting: the names of the nodes at which it waits.
        ended: why it ended, None if it has not.
        notes: what went wrong without ending it, a line each.
    """

    path: list[str]
    states: list[tuple[str, str]]
    outputs: Mapping[str, Mapping[str, object]]
    waiting: list[str]
    ended: str | None
    notes: tuple[str, ...]


def load_run(
    dump: str | PathLike[str], flow: str | PathLike[str] | Phlo | None = None
) -> RecordedRun:
    """Repeat a recorded run: what happened to it happens again, in the same order.

    With a flow that has changed since, this shows whether it still runs as it did.

    Args:
        dump: what `FlowRun.dump` returned, or the path of a file with it.
        flow: the file of the flow, its text, or its value; None for the flow as it was recorded.

    Returns:
        The run at its end.

    Raises:
        FlowError: the flow is invalid.
        OSError: a file cannot be read.
        ValueError: the dump is not of a run, or its events were not kept.
    """
    data = _read(dump)
    try:
        history = data["history"]
        phlo = read_phlo(data["flow"]) if flow is None else _read_flow(flow)
        return _recorded(replay_run(phlo, data, history))
    except (KeyError, TypeError) as error:
        raise ValueError(f"the dump is not of a run with its events ({error!r})") from error


def _read(dump: str | PathLike[str]) -> Any:
    is_text = isinstance(dump, str) and dump.lstrip().startswith("{")
    return json.loads(str(dump) if is_text else Path(dump).read_text("utf-8"))


def _read_flow(flow: str | PathLike[str] | Phlo) -> Phlo:
    if isinstance(flow, str) and "\n" in flow:
        return read_phlo_text(flow)
    return load_phlo(flow) if isinstance(flow, str | PathLike) else flow


def _recorded(run: Run) -> RecordedRun:
    return RecordedRun(
        [visit.node for visit in run.path],
        [(reached.node, reached.state) for reached in run.states],
        run.outputs,
        [token.node for token in run.tokens],
        run.ended,
        run.notes,
    )
