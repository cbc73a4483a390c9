"""Scenarios as values, and what came of running one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ...calls.phlos import Phone
from .text_pattern import matches

__all__ = [
    "ANSWERS",
    "EXPECT_KEYS",
    "STEPS",
    "ExpectDifference",
    "Scenario",
    "ScenarioResult",
    "ScenarioStep",
    "ScenarioTrigger",
    "as_passed",
    "find_differences",
    "position_text",
]

Position = tuple[int, int]
"""A line and a column, from 1."""

STEPS = ("hears", "presses", "speaks", "hangs_up", "answers", "rejects", "texts", "wait")
"""What a step is."""

EXPECT_KEYS = ("path", "states", "texts", "ended", "waiting", "fetched", "notes")
"""What can be expected of a run."""

ANSWERS = ("pass", "refused")
"""The names that answer an HTTP request: it is sent, or its server is down."""


def _copied(values: Mapping[Any, Any]) -> dict[Any, Any]:
    return dict(values)


@attrs.frozen
class ScenarioTrigger:
    """What starts the run of a scenario.

    Attributes:
        kind: `call`, `text` or `run`.
        caller: the address of the phone, "" for an API request.
        number: the number that it calls or texts; "" for the first one of the flow.
        message: the text of a message.
        params: the payload of an API request.
    """

    kind: str
    caller: str = ""
    number: str = ""
    message: str = ""
    params: Mapping[str, str] = attrs.field(factory=dict, converter=_copied)


@attrs.frozen
class ScenarioStep:
    """One step.

    Attributes:
        does: one of `STEPS`.
        address: the phone, "" for a wait.
        text: the text to hear, the keys to press, or the message.
        seconds: how long the phone speaks, or the wait lasts.
        number: the number that receives the message; "" for the first one of the flow.
        position: the line and the column.
    """

    does: str
    address: str = ""
    text: str = ""
    seconds: float = 0.0
    number: str = ""
    position: Position = attrs.field(default=(0, 0), eq=False)


@attrs.frozen
class Scenario:
    """A scenario.

    Attributes:
        name: its name.
        trigger: what starts the run.
        http: the answers to HTTP requests, by "METHOD URL" with `*`: a status, a JSON value, a
            pair of both, or one of `ANSWERS`.
        phones: what phones do, as in a seed.
        steps: what happens after the trigger.
        expected: what is expected, by the keys of `EXPECT_KEYS`, in their order.
        positions: the line and the column of the scenario, at "", and of each expected key.
        source: the name of its file.
    """

    name: str
    trigger: ScenarioTrigger
    http: Mapping[str, object] = attrs.field(factory=dict, converter=_copied)
    phones: Mapping[str, Phone] = attrs.field(factory=dict, converter=_copied)
    steps: tuple[ScenarioStep, ...] = ()
    expected: Mapping[str, object] = attrs.field(factory=dict, converter=_copied)
    positions: Mapping[str, Position] = attrs.field(factory=dict, converter=_copied, eq=False)
    source: str = ""

    def position(self, key: str = "") -> str:
        """Return the file, line and column of an expected key, or of the scenario."""
        return position_text(self.source, self.positions.get(key, (0, 0)))


def position_text(source: str, position: Position) -> str:
    """Return a file with a line and a column, as far as there are any."""
    line, column = position
    return f"{source}:{line}:{column}" if line else source


@attrs.frozen
class ExpectDifference:
    """What was expected and did not happen.

    Attributes:
        key: the key of `EXPECT_KEYS`.
        expected: what was expected.
        got: what happened.
    """

    key: str
    expected: object
    got: object


@attrs.frozen
class ScenarioResult:
    """What came of a scenario.

    Attributes:
        scenario: the scenario.
        differences: what was expected and did not happen, in the order of `EXPECT_KEYS`.
        failures: what else went wrong, a line each: a step that failed, a request without an
            answer, an answer without a request.
        got: what happened, by the keys of `EXPECT_KEYS`; empty if nothing was started.
        explanation: lines about the runs: path, waits, end, notes, and what phones heard.
        seconds: how long it took.
    """

    scenario: Scenario
    differences: tuple[ExpectDifference, ...] = ()
    failures: tuple[str, ...] = ()
    got: Mapping[str, object] = attrs.field(factory=dict, converter=_copied)
    explanation: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether everything happened as expected."""
        return not (self.differences or self.failures)


def as_passed(result: ScenarioResult) -> ScenarioResult:
    """Return the result after its scenario was updated: nothing differs."""
    return attrs.evolve(result, differences=())


def find_differences(
    expected: Mapping[str, object], got: Mapping[str, object]
) -> tuple[ExpectDifference, ...]:
    """Return the keys whose values differ, with those that match left out."""
    return tuple(
        ExpectDifference(key, value, got[key])
        for key, value in expected.items()
        if not matches(value, got[key])
    )
