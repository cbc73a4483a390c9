"""The steps of a scenario."""

from __future__ import annotations

import attrs

from ..components import IVR_KEYS
from ..options import is_null
from ..phlo import Phlo
from ..problems import Path, ProblemList, list_names, quote
from ..tree import ListValue, MapValue, ScalarValue, SourceValue
from .part_reader import PartReader
from .values import STEPS, ScenarioStep

__all__ = ["MAX_SECONDS", "WITHOUT_VALUE", "StepReader"]

MAX_SECONDS = 86_400
"""The largest number of seconds of a step."""

WITHOUT_VALUE = ("hangs_up", "answers", "rejects")
"""The steps that take no value."""

_NEEDS = {
    "hears": "a part of the prompt",
    "presses": "the keys",
    "speaks": "a number of seconds",
    "texts": "a mapping with to and message",
    "wait": "a number of seconds",
}


class StepReader(PartReader):
    """Reads steps.

    Args:
        problems: the list of problems.
        phlo: the flow; None if its numbers are not checked.
        caller: the phone of a step without an address, "" for none.
    """

    def __init__(self, problems: ProblemList, phlo: Phlo | None, caller: str) -> None:
        super().__init__(problems, phlo)
        self._caller = caller

    def steps(self, value: SourceValue | None, path: Path) -> tuple[ScenarioStep, ...]:
        """Return the steps of a list."""
        if value is None:
            return ()
        if not isinstance(value, ListValue):
            self._add(value, path, f"give a list of steps: {list_names(STEPS)}.")
            return ()
        steps: list[ScenarioStep] = []
        for number, item in enumerate(value.items):
            steps += self._step(item, (*path, number), None)
        return tuple(steps)

    def _step(self, value: SourceValue, path: Path, address: str | None) -> list[ScenarioStep]:
        """Return the steps of an item; of a phone, where it has an address."""
        if isinstance(value, ScalarValue):
            return self._one(value, value, path, address)
        if not isinstance(value, MapValue):
            self._add(value, path, f"give a step: {list_names(STEPS)}.")
            return []
        steps: list[ScenarioStep] = []
        for name, (key, inner) in value.entries.items():
            if address is None and _is_address(name):
                steps += self._step(inner, (*path, name), name)
            else:
                steps += self._one(key, inner, (*path, name), address)
        return steps

    def _one(
        self, key: ScalarValue, value: SourceValue, path: Path, address: str | None
    ) -> list[ScenarioStep]:
        """Return the step of a key and its value; without one, the key itself is given."""
        does = key.text
        if does not in STEPS:
            near = self._problems.suggest(does, STEPS)
            there = f"there are {list_names(STEPS)}, or the address of another phone."
            self._add(key, path, f"no step {quote(does)}{near}; {there}")
            return []
        is_empty = value is key or is_null(value)
        if is_empty != (does in WITHOUT_VALUE):
            needs = f"needs a value: {_NEEDS[does]}" if is_empty else "takes no value"
            self._add(key, path, f"{does} {needs}.")
            return []
        if does == "wait":
            return [self._wait(key, value, path, address)]
        phone = self._caller if address is None else address
        if not phone:
            self._add(key, path, f"no phone calls or texts here; write `ADDRESS: {does}`.")
        return [self._value(ScenarioStep(does, phone, position=key.position), value, path)]

    def _wait(
        self, key: ScalarValue, value: SourceValue, path: Path, address: str | None
    ) -> ScenarioStep:
        if address is not None:
            self._add(key, path, "wait is for all phones; write it without an address.")
        return ScenarioStep("wait", seconds=self._seconds(value, path), position=key.position)

    def _value(self, step: ScenarioStep, value: SourceValue, path: Path) -> ScenarioStep:
        """Return a step of a phone with its value."""
        if step.does == "speaks":
            return attrs.evolve(step, seconds=self._seconds(value, path))
        if step.does == "texts":
            given = self.texts_of(value, path, ("to", "message"))
            number = self.number(value, given, path)
            return attrs.evolve(step, text=given.get("message", ""), number=number)
        if step.does in WITHOUT_VALUE:
            return step
        text = self._options.text(value, path) or ""
        if step.does == "presses" and set(text) - set(IVR_KEYS):
            self._add(value, path, f"{quote(text)} is not made of 0 to 9, * and #.")
        return attrs.evolve(step, text=text)

    def _seconds(self, value: SourceValue, path: Path) -> float:
        text = self._options.text(value, path)
        if text is None:
            return 0.0
        try:
            seconds = float(text)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds <= MAX_SECONDS:
            what = f"{quote(text)} is no number of seconds above 0, up to {MAX_SECONDS}."
            self._add(value, path, what)
        return seconds


def _is_address(name: str) -> bool:
    """Return whether a key of a step is the address of a phone, and no misspelt step."""
    return any(char.isdigit() for char in name) or "@" in name or name.startswith("sip:")
