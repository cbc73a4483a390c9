"""The next run while a step makes it: a working copy with its effects."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from ...webhooks.callbacks import is_url
from ..graph import FlowNode, reference_of
from ..phlo import Phlo
from ..template_environment import is_liquid
from ..templates import TemplateError, nest_variables, references, render
from .effects import Effect, Ended, HangUp, PostCallback, SetTimer
from .legs import NORMAL, end_leg, leg_variables
from .values import (
    Leg,
    ReachedState,
    Run,
    RunMessage,
    RunRecording,
    Token,
    VisitedNode,
    Wait,
)

__all__ = ["Draft", "RunLimitError"]

MOST_TOKENS = 50
"""The maximum number of tokens of a run, and of recipients of a node."""

_NAMESPACE = uuid.UUID("7a0c2d5e-64f1-4f6e-9b0a-1d1f3c8e5b27")


class RunLimitError(Exception):
    """The run cannot go on; the message is the line that ends it."""


@lru_cache(maxsize=4096)
def _roots(template: str) -> frozenset[str]:
    """Return the names of the nodes that a template refers to."""
    return frozenset(reference.path[0] for reference in references(template))


SHORT = 200
"""The most characters of a variable that is kept with a state."""


class Draft:
    """A working copy of a run: one step changes it, then `freeze` returns the next run.

    Args:
        phlo: the PHLO.
        run: the run before the step; it is not changed.
        at: the time of the step, in seconds since 1970.
    """

    def __init__(self, phlo: Phlo, run: Run, at: float) -> None:
        self.phlo: Phlo = phlo
        self.at: float = at
        self.effects: list[Effect] = []
        self._before = run
        self.outputs: dict[str, Mapping[str, object]] = dict(run.outputs)
        self.counts: dict[str, int] = dict(run.counts)
        self.tokens: dict[int, Token] = {token.number: token for token in run.tokens}
        self.legs: dict[str, Leg] = dict(run.legs)
        self.messages: dict[str, RunMessage] = dict(run.messages)
        self.path: list[VisitedNode] = []
        self.states: list[ReachedState] = []
        self.recordings: list[RunRecording] = []
        self.notes: list[str] = []
        self.steps: int = run.steps
        self._last_wait = run.last_wait
        self._last_token, self._last_id = run.last_token, run.last_id
        self._ended = run.ended

    def freeze(self) -> Run:
        """Return the run after the step."""
        before = self._before
        ended_now = self._ended is not None and before.ended is None
        return Run(
            before.run_id,
            before.phlo_id,
            before.trigger,
            before.started_at,
            before.base_url,
            self.outputs,
            self.counts,
            tuple(self.tokens.values()),
            self.legs,
            (*before.path, *self.path),
            (*before.states, *self.states),
            self.messages,
            (*before.recordings, *self.recordings),
            (*before.notes, *self.notes),
            self.steps,
            self._last_wait,
            self._last_token,
            self._last_id,
            self._ended,
            self.at if ended_now else before.ended_at,
        )

    # Names and templates

    @property
    def base_url(self) -> str:
        """The URL of the emulator."""
        return self._before.base_url

    def new_id(self) -> str:
        """Return a new id, a UUID: the same for the same run and the same step."""
        self._last_id += 1
        return str(uuid.uuid5(_NAMESPACE, f"{self._before.run_id}/{self._last_id}"))

    def render(self, template: str, node: FlowNode) -> str:
        """Return a template with the run's variables; raises `RunLimitError`."""
        try:
            return self._render(template)
        except TemplateError as error:
            raise RunLimitError(f"stopped at {node.name}: {error}") from error

    def _render(self, template: str) -> str:
        if not is_liquid(template):
            return template
        now = datetime.fromtimestamp(self.at, UTC)
        return render(template, self._variables_of(template), now=now)

    def _variables_of(self, template: str) -> dict[str, object]:
        """Return the variables of the nodes that a template refers to; raises `TemplateError`."""
        outputs = {reference_of(name): variables for name, variables in self.outputs.items()}
        return {
            root: nest_variables(outputs[name])
            for root in _roots(template)
            if (name := reference_of(root)) in outputs  # in brackets, a root may have spaces
        }

    def set_outputs(self, node: str, variables: Mapping[str, object]) -> None:
        """Set some variables of a node; the others stay."""
        self.outputs[node] = {**self.outputs.get(node, {}), **variables}

    def reach(self, number: int, node: str, state: str) -> None:
        """Note that a node has reached a state, with its variables now."""
        variables = self.outputs.get(node, {})
        # A run may have a thousand states, and a response may be long.
        short = {name: value for name, value in variables.items() if _is_short(value)}
        self.states.append(ReachedState(number, node, state, self.at, short))

    # Waits and tokens

    def new_wait_number(self, seconds: float | None) -> int:
        """Return the number of a new wait, and set its timer."""
        self._last_wait += 1
        if seconds is not None:
            self.effects.append(SetTimer(self._last_wait, seconds))
        return self._last_wait

    def add_token(self, node: str, leg: str = "") -> Token:
        """Add a token at a node; raises `RunLimitError`."""
        if len(self.tokens) >= MOST_TOKENS:
            raise RunLimitError(f"stopped at {node}: more than {MOST_TOKENS} tokens")
        self._last_token += 1
        token = Token(self._last_token, node, leg=leg)
        self.tokens[token.number] = token
        return token

    def set_wait(self, number: int, wait: Wait) -> None:
        """Let a token wait."""
        token = self.tokens[number]
        self.tokens[number] = Token(number, token.node, wait, token.leg)

    def set_leg(self, number: int, leg: str) -> None:
        """Set the call that a token controls, "" for none."""
        token = self.tokens[number]
        self.tokens[number] = Token(number, token.node, token.wait, leg, token.idle)

    def live_leg(self, number: int) -> Leg | None:
        """Return the live call that a token controls, None for none."""
        leg = self.legs.get(self.tokens[number].leg)
        return leg if leg is not None and leg.live else None

    def end_token(self, number: int, reason: str) -> None:
        """Remove a token and hang up its calls; the run ends with its last token."""
        del self.tokens[number]
        for leg in [one for one in self.legs.values() if one.token == number and one.live]:
            self.hang_up(leg.uuid)
        if not self.tokens:
            self.end(reason)

    def end(self, reason: str) -> None:
        """End the run: remove every token, and hang up every call."""
        self.tokens.clear()
        for leg in [one for one in self.legs.values() if one.live]:
            self.hang_up(leg.uuid)
        self._ended = reason
        self.effects.append(Ended(reason))

    # Calls

    def hang_up(self, uuid_: str, cause: str = NORMAL) -> None:
        """Hang up a live leg."""
        if self.legs[uuid_].live:
            self.effects.append(HangUp(uuid_, cause))
            self.leg_ended(uuid_, cause)

    def leg_ended(self, uuid_: str, cause: str = NORMAL) -> None:
        """Note that a leg has ended, by itself or by us, and what it was billed."""
        leg = end_leg(self.legs[uuid_], self.at, cause)
        self.update_leg(leg)
        if leg.recording_id and leg.answered_at is not None:
            seconds = self.at - leg.answered_at
            self.recordings.append(
                RunRecording(leg.recording_id, leg.node, leg.uuid, leg.answered_at, seconds)
            )
        if leg.direction == "outbound" and not leg.parent and leg.answered_at is not None:
            self.post(leg.node, "hangup")

    def update_leg(self, leg: Leg) -> None:
        """Replace a leg, and the variables that describe it."""
        self.legs[leg.uuid] = leg
        prefix = "call." if leg.node == "Start" else ""
        self.set_outputs(leg.node, {prefix + k: v for k, v in leg_variables(leg).items()})

    # Callbacks

    def post(self, node: str, event: str, variables: Mapping[str, object] | None = None) -> None:
        """Post an event to the callback of a node, if it has one that receives it."""
        found = self.phlo.nodes.get(node)
        callback = self.phlo.start.callback if node == "Start" else found and found.callback
        if not callback or not callback.sends(event):
            return
        known = self.outputs.get(node, {}) if variables is None else variables
        try:
            url = self._render_url(callback.callback.url)
        except TemplateError as error:
            self.notes.append(f"{node}: the callback is not sent: {error}")
        else:
            self.effects.append(PostCallback(node, url, event, dict(known)))

    def _render_url(self, template: str) -> str:
        url = self._render(template)
        if not is_url(url):
            raise TemplateError(f"{url[:100]!r} is no http or https URL")
        return url


def _is_short(value: object) -> bool:
    return not isinstance(value, Mapping | list | tuple) and len(str(value)) <= SHORT
