"""A token's visit to a node: what a component may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Never

import attrs

from ..components import OptionKind
from ..graph import FlowNode, Prompt
from .draft import MOST_TOKENS, Draft, RunLimitError
from .effects import Dial, Effect, Play
from .legs import NORMAL
from .values import Leg, LegState, Token, Wait, WaitKind

__all__ = ["Visit"]

_NOT_RECORDED = frozenset({"", "0", "false", "null", "{}", "[]"})
_FALSE = _NOT_RECORDED | {"no", "off"}


class Visit:
    """What a component sees and does while a token is at its node.

    Args:
        draft: the next run.
        number: the number of the token.
        node: the node.
    """

    def __init__(self, draft: Draft, number: int, node: FlowNode) -> None:
        self.draft: Draft = draft
        self.number: int = number
        self.node: FlowNode = node

    @property
    def at(self) -> float:
        """The time, in seconds since 1970."""
        return self.draft.at

    @property
    def token(self) -> Token:
        """The token."""
        return self.draft.tokens[self.number]

    @property
    def wait(self) -> Wait:
        """What the token waits for."""
        wait = self.token.wait
        assert wait is not None
        return wait

    # Options

    def text(self, name: str) -> str:
        """Return an option that is one text, rendered."""
        return self.render(self.node.text(name)).strip()

    def render(self, template: str) -> str:
        """Return a template with the run's variables."""
        return self.draft.render(template, self.node)

    def seconds(self, name: str) -> float:
        """Return an option that is a number; ends the run if it renders to none."""
        text = self.text(name)
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not 0 <= number < 1e9:
            self.stop(f"{name} is {text!r}, which is not a number of 0 or more")
        return number

    def flag(self, name: str) -> bool:
        """Return whether an option is true; for `record`, as Plivo's table has it."""
        is_record = self.node.spec.options[name].kind is OptionKind.RECORD
        return self.text(name).lower() not in (_NOT_RECORDED if is_record else _FALSE)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return an option that is a list, rendered; a text with commas is several entries."""
        rendered = [self.render(text).split(",") for text in self.node.texts(name)]
        found = tuple(part.strip() for parts in rendered for part in parts if part.strip())
        if len(found) > MOST_TOKENS:
            self.stop(f"{name} has more than {MOST_TOKENS} entries")
        return found

    def pairs(self, name: str) -> dict[str, str]:
        """Return an option that is a mapping of texts, rendered."""
        return {key: self.render(value) for key, value in self.node.pairs(name).items()}

    def prompts(self, name: str = "prompt") -> tuple[Prompt, ...]:
        """Return an option that is a prompt, rendered."""
        return self.rendered(self.node.prompts(name))

    def rendered(self, prompts: tuple[Prompt, ...]) -> tuple[Prompt, ...]:
        """Return prompts, rendered."""
        return tuple(
            attrs.evolve(one, speak=self.render(one.speak), play=self.render(one.play))
            for one in prompts
        )

    def stop(self, why: str) -> Never:
        """End the run."""
        raise RunLimitError(f"stopped at {self.node.name}: {why}")

    # The call

    @property
    def leg(self) -> Leg | None:
        """The live call that the token controls, None for none."""
        return self.draft.live_leg(self.number)

    def connect(self) -> Leg | None:
        """Return the live call, used by a component from now on; None for none."""
        leg = self.leg
        if leg is not None and not leg.connected:
            self.draft.legs[leg.uuid] = attrs.evolve(leg, connected=True)
        return leg

    def dial(
        self, token: int, from_: str, to: str, parent: str = "", headers: Mapping[str, str] = {}
    ) -> str:
        """Dial a number for a token; returns the id of the new leg."""
        address, _, extension = to.partition(";ext=")
        leg = Leg(
            self.draft.new_id(),
            token,
            self.node.name,
            from_,
            address,
            "outbound",
            LegState.RINGING,
            self.at,
            parent=parent,
            recording_id=self.draft.new_id() if self.flag("record") else "",
        )
        self.draft.update_leg(leg)
        self.do(Dial(leg.uuid, from_, address, extension, dict(headers)))
        return leg.uuid

    def answered(self, leg: str, machine: bool) -> None:
        """Note that a person or a machine has answered a leg."""
        known = self.draft.legs[leg]
        self.draft.update_leg(
            attrs.evolve(
                known, state=LegState.UP, answered_at=self.at, machine=machine, connected=True
            )
        )

    def hang_up(self, leg: str, cause: str = NORMAL) -> None:
        """Hang up a leg, if it is live."""
        self.draft.hang_up(leg, cause)

    # Waits, variables and effects

    def wait_for(
        self,
        kind: WaitKind,
        *,
        seconds: float | None = None,
        leg: str = "",
        subject: str = "",
        digits: str = "",
        attempts: tuple[Wait, ...] = (),
        pending: tuple[str, ...] = (),
    ) -> Wait:
        """Return a new wait, with its timer set."""
        number = self.draft.new_wait_number(seconds)
        return Wait(number, kind, self.at, seconds, leg, subject, digits, attempts, pending)

    def play(self, leg: str, prompts: tuple[Prompt, ...], *, accepts_keys: bool = False) -> Wait:
        """Play prompts on a leg, and return the wait for their end."""
        wait = self.wait_for(WaitKind.PROMPT, leg=leg)
        self.do(Play(wait.number, leg, prompts, accepts_keys))
        return wait

    def set_outputs(self, variables: Mapping[str, object]) -> None:
        """Set some variables of the node; the others stay."""
        self.draft.set_outputs(self.node.name, variables)

    def clear_outputs(self) -> None:
        """Set every variable of the node to "", once its options are rendered."""
        self.set_outputs(dict.fromkeys(self.node.spec.variables, ""))

    def note(self, text: str) -> None:
        """Note for a person what went wrong."""
        self.draft.notes.append(f"{self.node.name}: {text}")

    def do(self, effect: Effect) -> None:
        """Ask for an effect."""
        self.draft.effects.append(effect)
