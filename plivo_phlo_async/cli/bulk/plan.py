"""A summary of the actions in a file: how many of each verb, and how many calls."""

from __future__ import annotations

from collections import Counter
from typing import Any

from attrs import define, field

from ...actions import Action, Verb

__all__ = ["DIALS", "Plan"]

DIALS = frozenset({Verb.CALL, Verb.WARM_TRANSFER, Verb.COLD_TRANSFER})


@define
class Plan:
    """The plan of a run.

    Attributes:
        counts: number of rows by verb, in the order of first use.
        numbers: number of distinct addresses that are dialled.
    """

    counts: Counter[Verb] = field(factory=Counter)
    numbers: int = 0

    def add(self, action: Action, is_new_number: bool) -> None:
        """Add an action; `is_new_number` says whether it dials an address that none did before."""
        self.counts[action.verb] += 1
        self.numbers += is_new_number

    @property
    def verbs(self) -> dict[str, int]:
        """The number of rows by verb."""
        return {verb.value: count for verb, count in self.counts.items()}

    @property
    def dials(self) -> int:
        """The number of calls that are dialled."""
        return sum(self.counts[verb] for verb in DIALS)

    @property
    def runs(self) -> int:
        """The number of PHLO runs that are started; each may dial."""
        return self.counts[Verb.RUN]

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
