"""A summary of the actions in a file: how many of each verb, and how many calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from attrs import frozen

from ...actions import Action, Verb

__all__ = ["Plan"]

_DIALS = frozenset({Verb.CALL, Verb.WARM_TRANSFER, Verb.COLD_TRANSFER})


@frozen
class Plan:
    """The plan of a run.

    Attributes:
        verbs: number of rows by verb, in the order of first use.
        numbers: number of distinct addresses that are dialled.
        dials: number of calls that are dialled.
        runs: number of PHLO runs that are started; each may dial.
    """

    verbs: dict[str, int]
    numbers: int
    dials: int
    runs: int

    @classmethod
    def of(cls, actions: Iterable[Action]) -> Plan:
        """Make the plan of these actions."""
        verbs: Counter[str] = Counter()
        numbers: set[str | None] = set()
        for action in actions:
            verbs[action.verb.value] += 1
            if action.verb in _DIALS:
                numbers.add(action.to)
        dials = sum(verbs[verb.value] for verb in _DIALS)
        return cls(dict(verbs), len(numbers), dials, verbs[Verb.RUN.value])

    @property
    def rings(self) -> int:
        """The number of calls and runs."""
        return self.dials + self.runs

    def __str__(self) -> str:
        """Describe the calls: "dials 40 numbers"."""
        parts = []
        if self.dials:
            again = f" ({self.dials} times)" if self.dials > self.numbers else ""
            parts.append(f"dials {_count(self.numbers, 'number')}{again}")
        if self.runs:
            parts.append(f"starts {_count(self.runs, 'run')} of a PHLO, which may dial")
        return " and ".join(parts) or "dials no number"

    def as_json(self) -> dict[str, Any]:
        """Return the plan as a JSON value."""
        counts = {"numbers": self.numbers, "dials": self.dials, "runs": self.runs}
        return {"verbs": self.verbs, **counts}


def _count(many: int, name: str) -> str:
    return f"{many} {name}" if many == 1 else f"{many} {name}s"
