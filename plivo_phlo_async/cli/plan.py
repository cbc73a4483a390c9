"""What a file of actions asks for, in a few words: how many of what, and how many phones ring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from attrs import frozen

from ..actions import Action, Verb

__all__ = ["Plan"]

_DIALS = frozenset({Verb.CALL, Verb.WARM_TRANSFER, Verb.COLD_TRANSFER})


@frozen
class Plan:
    """What is to be done.

    Attributes:
        verbs: how many rows of each verb, in the order of their first one.
        numbers: how many different addresses are dialled.
        dials: how many times an address is dialled.
        runs: how many runs of a PHLO are started; what they dial, the PHLO knows.
    """

    verbs: dict[str, int]
    numbers: int
    dials: int
    runs: int

    @classmethod
    def of(cls, actions: Iterable[Action]) -> Plan:
        """The plan of these actions."""
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
        """How often a phone may ring."""
        return self.dials + self.runs

    def __str__(self) -> str:
        """What rings, after "it dials": "40 numbers", with all that makes it more."""
        told = []
        if self.dials:
            again = f" ({self.dials} times)" if self.dials > self.numbers else ""
            told.append(f"dials {_count(self.numbers, 'number')}{again}")
        if self.runs:
            told.append(f"starts {_count(self.runs, 'run')} of a PHLO, which may dial")
        return " and ".join(told) or "dials no number"

    def as_json(self) -> dict[str, Any]:
        """The plan as JSON knows it."""
        told = {"verbs": self.verbs, "numbers": self.numbers, "dials": self.dials}
        return {**told, "runs": self.runs}


def _count(many: int, name: str) -> str:
    return f"{many} {name}" if many == 1 else f"{many} {name}s"
