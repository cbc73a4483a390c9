"""What has happened to a run: the events that repeat it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ..engine.event_json import event_from_json, event_to_json
from ..engine.events import FlowEvent
from ..engine.step import Trigger, begin, step
from ..engine.values import Run
from ..phlo import Phlo

__all__ = ["RunHistory", "replay_run"]


@attrs.frozen
class RunHistory:
    """The beginning of a run and its events.

    Attributes:
        phlo: the PHLO as it was.
        trigger: what started the run.
        events: the events that changed it, oldest first.
    """

    phlo: Phlo
    trigger: Trigger
    events: list[FlowEvent] = attrs.field(factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the trigger and the events as plain data."""
        return {
            "trigger": attrs.asdict(self.trigger),
            "events": [event_to_json(event) for event in self.events],
        }


def replay_run(phlo: Phlo, run: Mapping[str, Any], history: Mapping[str, Any]) -> Run:
    """Repeat a run with a flow, which may have changed since; returns the run at its end.

    An event that means nothing to the changed flow has no effect.

    Args:
        phlo: the flow.
        run: the plain data of the run: its id and when it started.
        history: what `RunHistory.to_json` returned.

    Raises:
        KeyError, TypeError, ValueError: the data is invalid.
    """
    trigger = Trigger(**history["trigger"])
    repeated, _ = begin(
        phlo, run["run_id"], trigger, at=run["started_at"], base_url=run["base_url"]
    )
    for event in history["events"]:
        repeated, _ = step(phlo, repeated, event_from_json(event))
    return repeated
