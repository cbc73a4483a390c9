"""Random events over random PHLOs; every step is checked against what always holds.

`python -m tests.emulator.flow.engine.campaign --phlos 3000 --steps 500000 --seed 1`
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter

from plivo_phlo_async.emulator.flow.components import COMPONENTS, TRIGGERS
from plivo_phlo_async.emulator.flow.engine import effects as fx
from plivo_phlo_async.emulator.flow.engine import events as ev
from plivo_phlo_async.emulator.flow.engine.run_json import run_from_json, run_to_json
from plivo_phlo_async.emulator.flow.engine.step import MOST_STEPS, Trigger, begin, step
from plivo_phlo_async.emulator.flow.engine.values import LegState, Run, Wait
from plivo_phlo_async.emulator.flow.phlo import Phlo

from .random_phlos import PhloMaker

KEYS = "0123456789*#"
LONG = 60
"""From how many steps on a run is too long to go through JSON at each of them."""

STATUSES = ("queued", "sent", "delivered", "undelivered", "failed", "rejected", "odd")


class RunWatch:
    """One run, and what must hold after each of its steps."""

    def __init__(self, phlo: Phlo, trigger: Trigger, number: int) -> None:
        self.phlo = phlo
        self.run, effects = begin(phlo, f"run-{number}", trigger, at=1e9)
        again = begin(phlo, f"run-{number}", trigger, at=1e9)
        assert (self.run, effects) == again, "a run begins the same each time"
        self._announced: Counter[str] = Counter()
        self._ended_legs: set[str] = set()
        self.past: list[ev.FlowEvent] = []
        self._check(None, effects)

    def take(self, event: ev.FlowEvent) -> tuple[fx.Effect, ...]:
        """Apply an event, and check everything."""
        before = self.run
        after, effects = self._step_twice(event) if before.steps < LONG else self._step(event)
        if not _concerns(before, event):
            assert after is before, "a stale event changes nothing"
            assert effects == (), "a stale event has no effect"
        self.run = after
        self.past.append(event)
        self._check(before, effects)
        return effects

    def _step(self, event: ev.FlowEvent) -> tuple[Run, tuple[fx.Effect, ...]]:
        return step(self.phlo, self.run, event)

    def _step_twice(self, event: ev.FlowEvent) -> tuple[Run, tuple[fx.Effect, ...]]:
        text = json.dumps(run_to_json(self.run))
        after, effects = self._step(event)
        assert json.dumps(run_to_json(self.run)) == text, "the run given is not changed"
        stored = run_from_json(json.loads(text))
        assert stored == self.run, "a run survives JSON"
        assert step(self.phlo, stored, event) == (after, effects), "a step is repeatable"
        return after, effects

    def _check(self, before: Run | None, effects: tuple[fx.Effect, ...]) -> None:
        run = self.run
        assert (run.ended is not None) == (not run.tokens), "ended when no token is left"
        numbers = {token.number for token in run.tokens}
        assert all(token.wait is not None for token in run.tokens), "every token waits"
        for leg in run.legs.values():
            assert not leg.live or leg.token in numbers, "a live leg belongs to a token"
        if before is not None:
            assert run.path[: len(before.path)] == before.path, "the path only grows"
            assert run.states[: len(before.states)] == before.states, "the states only grow"
            assert before.ended is None or run.ended == before.ended, "an end is final"
        assert run.steps <= MOST_STEPS + 1
        assert len(run.tokens) <= 50
        self._check_effects(effects)

    def _check_effects(self, effects: tuple[fx.Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case fx.Dial():
                    assert effect.from_, "no Dial without a caller ID"
                    assert effect.to, "no Dial without an address"
                    self._announced[effect.leg] += 1
                case fx.SendText():
                    assert effect.from_, "no message without a sender"
                    assert effect.to, "no message without a recipient"
                    self._announced[effect.message] += 1
                case fx.Record():
                    self._announced[effect.recording_id] += 1
                case fx.HangUp():
                    assert effect.leg not in self._ended_legs, "a leg is hung up once"
                    self._ended_legs.add(effect.leg)
        assert not self._announced or max(self._announced.values()) == 1, "ids are unique"
        dialled = {leg.uuid for leg in self.run.legs.values() if leg.direction == "outbound"}
        assert dialled | self.run.messages.keys() <= self._announced.keys()

    def check_path(self) -> None:
        """Check that the path follows the connections, for each token."""
        for number in {visit.token for visit in self.run.path}:
            visits = [visit.node for visit in self.run.path if visit.token == number]
            states = [s for s in self.run.states if s.token == number]
            expected = [self._after(state.node, state.state) for state in states]
            reached = visits[1:] if number == 1 else visits  # others begin at the node that forks
            assert reached == [node for node in expected if node is not None][: len(reached)]

    def _after(self, node: str, state: str) -> str | None:
        if node == "Start":
            return self.phlo.start.triggers.get(state)
        return self.phlo.nodes[node].next.get(state)


def _waits(run: Run) -> list[Wait]:
    found = [token.wait for token in run.tokens if token.wait is not None]
    return found + [attempt for wait in found for attempt in wait.attempts]


def _concerns(run: Run, event: ev.FlowEvent) -> bool:
    """Return whether an event can concern a run at all."""
    match event:
        case ev.Stopped():
            return run.ended is None
        case ev.MessageStatus():
            return event.message in run.messages
    if isinstance(event, ev.WaitEvent):
        return event.wait in {wait.number for wait in _waits(run)}
    leg = run.legs.get(event.leg)
    return leg is not None and leg.live


class Campaign:
    """Steps that the seed alone decides."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._maker = PhloMaker(seed)
        self.reached: Counter[tuple[str, str]] = Counter()
        self.steps = self.runs = 0

    def play(self, runs: int = 1) -> None:
        """Play some runs of one more PHLO."""
        phlo = self._maker.make()
        for _ in range(runs):
            self._play_run(phlo)

    def _play_run(self, phlo: Phlo) -> None:
        self.runs += 1
        watch = RunWatch(phlo, self._trigger(), self.runs)
        for _ in range(self._dice.randint(0, 60)):
            event = self._event(watch)
            if event is not None:
                watch.take(event)
                self.steps += 1
        for _ in range(20 * MOST_STEPS):  # a Call Forward has several waits
            if watch.run.ended is not None:
                break
            watch.take(self._last_event(watch.run))
            self.steps += 1
        assert watch.run.ended is not None, f"never ends: {watch.run.tokens}"
        watch.check_path()
        for state in watch.run.states:
            node = phlo.nodes.get(state.node)
            self.reached["Start" if node is None else node.component, state.state] += 1

    def _trigger(self) -> Trigger:
        name = self._dice.choice(TRIGGERS)
        if name == "API Request":
            return Trigger(name, params={"to": self._dice.choice(("12025550009", 5, None))})
        return Trigger(name, "+12025550123", "+14155550100", "Hello", headers={"header1": "x"})

    def _event(self, watch: RunWatch) -> ev.FlowEvent | None:
        if watch.past and self._dice.random() < 0.1:
            return self._dice.choice(watch.past)
        run, at = watch.run, 1e9 + len(watch.past)
        choices = [lambda wait=wait: self._answer(wait, at) for wait in _waits(run)] * 3
        choices += [lambda leg=leg: self._leg_event(leg, at) for leg in run.legs]
        choices += [lambda m=m: self._status(m, at) for m in run.messages]
        if self._dice.random() < 0.003:
            return ev.Stopped(at)
        return self._dice.choice(choices)() if choices else None

    def _answer(self, wait: Wait, at: float) -> ev.FlowEvent:
        number = wait.number
        return self._dice.choice(
            (
                ev.Played(at, number),
                ev.TimedOut(at, number),
                ev.Recorded(at, number, self._dice.choice((0.0, 3.5, 1000.0))),
                ev.Replied(at, number, self._dice.choice((200, 204, 301, 404, 500)), "text/x"),
                ev.Replied(at, number, 200, "application/json", self._json()),
                ev.Unreachable(at, number, "refused"),
                ev.Joined(at, number, "conference", "member"),
                ev.ConferenceEnded(at, number, self._dice.random() < 0.3),
                *(self._leg_event(wait.leg, at) for _ in range(3)),
                self._status(wait.subject, at),
            )
        )

    def _json(self) -> str:
        return self._dice.choice(
            ('{"name": "Ann", "n": 1.5}', "[1, null]", "{", '"\\ud800"', "NaN")
        )

    def _leg_event(self, leg: str, at: float) -> ev.FlowEvent:
        kinds = (ev.HungUp, ev.Left, ev.Answered, ev.Machine, ev.Busy, ev.NoAnswer, ev.Failed)
        if self._dice.random() < 0.5:
            return ev.Pressed(at, leg, self._dice.choice(KEYS))
        return self._dice.choice(kinds)(at, leg)

    def _status(self, message: str, at: float) -> ev.FlowEvent:
        return ev.MessageStatus(at, message, self._dice.choice(STATUSES))

    def _last_event(self, run: Run) -> ev.FlowEvent:
        wait, at = self._dice.choice(_waits(run)), 2e9
        ringing = wait.leg and run.legs[wait.leg].state is LegState.RINGING
        answers: dict[str, ev.FlowEvent] = {
            "prompt": ev.Played(at, wait.number),
            "confirm prompt": ev.Played(at, wait.number),
            "keys": ev.TimedOut(at, wait.number),
            "confirm key": ev.TimedOut(at, wait.number),
            "ring": ev.TimedOut(at, wait.number) if ringing else ev.HungUp(at, wait.leg),
            "recording": ev.TimedOut(at, wait.number),
            "message status": ev.MessageStatus(at, wait.subject, "failed"),
            "HTTP response": ev.Unreachable(at, wait.number, "refused"),
            "conference": ev.ConferenceEnded(at, wait.number),
        }
        return answers.get(wait.kind) or ev.HungUp(at, wait.subject or wait.leg)


def every_pair() -> set[tuple[str, str]]:
    """Return every component with every state that it has, a key standing for all keys."""
    pairs = {("Start", trigger) for trigger in TRIGGERS}
    return pairs | {(title, state) for title, spec in COMPONENTS.items() for state in spec.states}


def main() -> int:
    """Run the campaign, and print what it reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phlos", type=int, default=3000)
    parser.add_argument("--steps", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    campaign, began, phlos = Campaign(options.seed), time.monotonic(), 0
    while phlos < options.phlos or campaign.steps < options.steps:
        campaign.play(runs=4)
        phlos += 1
    for (component, state), count in sorted(campaign.reached.items()):
        print(f"{component:18} {state:20} {count:8}")
    missing = every_pair() - campaign.reached.keys()
    seconds = time.monotonic() - began
    print(f"{phlos} PHLOs, {campaign.runs} runs, {campaign.steps} steps in {seconds:.0f} s")
    print(f"never reached: {sorted(missing)}" if missing else "every pair was reached")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
