"""A run that a test steps by hand: no emulator, no clock."""

from __future__ import annotations

from typing import Any

from plivo_phlo_async.emulator.flow.engine.effects import Effect
from plivo_phlo_async.emulator.flow.engine.events import (
    Answered,
    FlowEvent,
    MessageStatus,
    Played,
    Pressed,
    Replied,
    TimedOut,
)
from plivo_phlo_async.emulator.flow.engine.step import Trigger, begin, step
from plivo_phlo_async.emulator.flow.engine.values import Leg, Run, Wait, waits_of
from plivo_phlo_async.emulator.flow.reader import read_phlo

from ..flows import CALLER, NUMBER, document

CALL = Trigger("Incoming Call", CALLER, NUMBER)
API = Trigger("API Request")


class Stepper:
    """Steps a run of the flow of `document`.

    Attributes:
        run: the run.
        effects: the effects of the last step.
    """

    def __init__(
        self,
        first: str = "",
        *others: str,
        trigger: Trigger = CALL,
        flow: Any = None,
        **changes: dict[str, Any],
    ) -> None:
        self.phlo = read_phlo(flow or document(first, *others, **changes))
        self.at = 1_000_000.0
        self.run: Run
        self.effects: tuple[Effect, ...]
        self.run, self.effects = begin(self.phlo, "run", trigger, at=self.at)

    def take(self, event: FlowEvent) -> Stepper:
        """Take a step."""
        self.run, self.effects = step(self.phlo, self.run, event)
        return self

    @property
    def wait(self) -> Wait:
        """What the first token waits for."""
        wait = self.run.tokens[0].wait
        assert wait is not None
        return wait

    @property
    def states(self) -> list[tuple[str, str]]:
        """The states that nodes have reached, without Start's."""
        return [(reached.node, reached.state) for reached in self.run.states[1:]]

    @property
    def outputs(self) -> Any:
        """The variables of the nodes."""
        return self.run.outputs

    def legs(self, node: str) -> list[Leg]:
        """Return the legs that a node has dialled."""
        return [leg for leg in self.run.legs.values() if leg.node == node]

    def found(self, kind: type[Any]) -> list[Any]:
        """Return the effects of a kind."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    # What happens

    def played(self) -> Stepper:
        """The prompt ends."""
        waits = [wait for wait in waits_of(self.run) if wait.kind.endswith("prompt")]
        return self.take(Played(self.at, waits[0].number))

    def timed_out(self, index: int = -1) -> Stepper:
        """A timer runs out: by default that of the last wait."""
        return self.take(TimedOut(self.at, waits_of(self.run)[index].number))

    def presses(self, keys: str, leg: str = "") -> Stepper:
        """The caller, or the phone of a leg, presses keys."""
        for key in keys:
            self.take(Pressed(self.at, leg or next(iter(self.run.legs)), key))
        return self

    def answered(self, leg: str) -> Stepper:
        """A leg is answered."""
        return self.take(Answered(self.at, leg))

    def replied(self, status: int, text: str = "", kind: str = "application/json") -> Stepper:
        """A response comes."""
        return self.take(Replied(self.at, self.wait.number, status, kind, text))

    def status(self, status: str, index: int = 0) -> Stepper:
        """A message has a status."""
        return self.take(MessageStatus(self.at, [*self.run.messages][index], status))
