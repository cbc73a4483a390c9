"""Random people, clients and restarts around random PHLOs; every action is checked.

`python -m tests.emulator.flow.runtime.campaign --runs 20000 --seed 1`
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Callable

import attrs

from plivo_phlo_async.emulator import MemberRole, Phone, SmsScript
from plivo_phlo_async.emulator.calls.phlos import PhoneBehaviour, SmsOutcome
from plivo_phlo_async.emulator.errors import ApiError, CallError
from plivo_phlo_async.emulator.flow.phlo import Phlo

from ..engine.random_phlos import PhloMaker
from .watched_runs import WatchedRuns

FLOWS = 3
CALLERS = ("+12025550123", "12025550001", "2025550002", "sip:agent@phone.example", "12025550009")
PEOPLE = (*CALLERS, "14155550100")
LINES = tuple(f"+1415555010{number}" for number in range(FLOWS))
VERBS = ("hold", "unhold", "mute", "unmute", "hangup", "resume_call", "abort_transfer")
DIALS = ("call", "warm_transfer", "cold_transfer")
ANSWERS = (200, 404, {"name": "Ann"}, (200, "plain"), [1, None], OSError("refused"), "pass")
ACTIONS = {
    **{"call": 20, "text": 6, "request": 6, "press": 30, "speak": 4, "answer": 8, "reject": 3},
    **{"hang_up": 6, "stop": 1, "act": 10, "dial": 5, "join": 1, "time": 25, "phone": 6},
    **{"stub": 2, "restart": 0.6, "reload": 0.6, "reset": 0.1, "flush": 0.5},
}


class EmulatorCampaign:
    """Actions that the seed alone decides."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._maker = PhloMaker(seed)
        self._speed = self._dice.choice((None, None, 15.0, 1.0))
        self.watched = WatchedRuns([self._flow(n) for n in range(FLOWS)], self._speed)
        self.actions: Counter[str] = Counter()
        self.refused = self.actions_taken = 0

    def play(self, actions: int) -> None:
        """Take some actions, then let every run end."""
        for _ in range(actions):
            name = self._dice.choices([*ACTIONS], [*ACTIONS.values()])[0]
            self._take(name)
        self.watched.end_everything()

    def _take(self, name: str) -> None:
        act: Callable[[], None] = getattr(self, f"_{name}")
        self.actions[name] += 1
        try:
            act()
        except (ApiError, CallError):
            self.refused += 1
        self.watched.check()

    def _flow(self, number: int) -> Phlo:
        phlo = self._maker.make()
        return attrs.evolve(phlo, phlo_id=f"flow-{number}", numbers=(LINES[number],))

    def _one(self, *choices: object) -> str:
        return str(self._dice.choice(choices))

    # People

    def _call(self) -> None:
        self.watched.people.call(self._one(*CALLERS), self._one(*LINES), {})

    def _text(self) -> None:
        self.watched.people.text(self._one(*CALLERS), self._one(*LINES), "Hello.")

    def _press(self) -> None:
        keys = "".join(self._dice.choices("0123456789*#1122##", k=self._dice.choice((1, 1, 4))))
        self.watched.people.press(self._phone_in_call(), keys)

    def _speak(self) -> None:
        self.watched.people.speak(self._phone_in_call(), self._dice.choice((0.5, 3, 1000)))

    def _answer(self) -> None:
        self.watched.people.answer(self._one(*PEOPLE))

    def _reject(self) -> None:
        self.watched.people.reject(self._one(*PEOPLE))

    def _hang_up(self) -> None:
        self.watched.people.hang_up(self._phone_in_call())

    def _phone_in_call(self) -> str:
        phones = [leg.phone for _, leg in self.watched.live_legs()]
        return self._dice.choice(phones) if phones else self._one(*PEOPLE)

    def _phone(self) -> None:
        dice = self._dice
        outcome = dice.choice([*SmsOutcome])
        phone = Phone(
            dice.choice([*PhoneBehaviour]),
            dice.choice((0, 0, 1, 5, 40)),
            keys=dice.choice(((), ("1", "", "1234#"), ("", "*"))),
            confirm=dice.choice(("", "1", "2")),
            talks=dice.choice((None, None, 0, 3, 60)),
            speaks=dice.choice((None, 0, 4, 1000)),
            sms=SmsScript(outcome, dice.choice((0, 0, 2))),
        )
        self.watched.set_phone(self._one(*PEOPLE), phone)

    # Programs

    def _request(self) -> None:
        self.watched.start(self._one(*self.watched.flows), {"to": self._one(*CALLERS)})

    def _stop(self) -> None:
        runs = self.watched.live_runs()
        if runs:
            self.watched.runner.stop(self._dice.choice(runs).run_id)

    def _act(self) -> None:
        where = self._member()
        if where is not None:
            phlo_id, node_type, node_id, address = where
            path = f"/v1/phlo/{phlo_id}/{node_type}/{node_id}/members/{address}"
            self.watched.request(path, {"action": self._one(*VERBS)})

    def _dial(self) -> None:
        where = self._member()
        if where is not None:
            phlo_id, node_type, node_id, address = where
            role = self._one(*MemberRole)
            body = {"action": self._one(*DIALS), "trigger_source": address, "role": role}
            path = f"/v1/phlo/{phlo_id}/{node_type}/{node_id}"
            self.watched.request(path, {**body, "to": self._one(*PEOPLE)}, may_open=True)

    def _join(self) -> None:
        where = self._member()
        if where is not None:
            self.watched.join(where[0], where[2], self._one(*PEOPLE))

    def _member(self) -> tuple[str, str, str, str] | None:
        """Return the PHLO, the type of the node, the node and the address of a member."""
        members = self.watched.members()
        return self._dice.choice(members) if members else None

    # Everything else

    def _time(self) -> None:
        self.watched.advance(self._dice.choice((0.0, 0.4, 1, 5, 5, 30, 100, 3000)))

    def _stub(self) -> None:
        self.watched.stub("POST http://127.0.0.1:9/*", self._dice.choice(ANSWERS))

    def _flush(self) -> None:
        self.watched.flush()

    def _restart(self) -> None:
        changed = self._dice.random() < 0.3
        self.watched.restart(self._flow(self._dice.randrange(FLOWS)) if changed else None)

    def _reload(self) -> None:
        self.watched.load(self._flow(self._dice.randrange(FLOWS)))

    def _reset(self) -> None:
        self.watched.reset()


def play(runs: int, seed: int, actions: int = 120) -> tuple[int, Counter[str], int]:
    """Play campaigns until so many runs began; returns the runs, the actions, the refused ones."""
    began, taken, refused = 0, Counter[str](), 0
    while began < runs:
        campaign = EmulatorCampaign(seed)
        try:
            campaign.play(actions)
        except BaseException:
            print(f"seed {seed}, after {campaign.actions.total()} actions", file=sys.stderr)
            raise
        began += campaign.watched.began
        taken += campaign.actions
        refused += campaign.refused
        seed += 1
    return began, taken, refused


def main() -> int:
    """Run the campaign, and print what it did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    started = time.monotonic()
    began, taken, refused = play(options.runs, options.seed)
    for name, count in taken.most_common():
        print(f"{name:10} {count:8}")
    seconds = time.monotonic() - started
    print(f"{began} runs, {taken.total()} actions, {refused} of them refused, in {seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
