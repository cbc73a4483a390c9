"""Random steps over up to twenty calls on one node, each checked against all of them.

`python -m tests.emulator.campaign --steps 100000 --seed 7`
"""

from __future__ import annotations

import argparse
import random
import sys
import time

from plivo_phlo_async.emulator import MemberRole

from .watched import WatchedNode

CALLS = 20
AGENTS = [f"1202555{number:04}" for number in range(30)]
CUSTOMERS = [f"1303555{number:04}" for number in range(40)]
EVERYONE = [*AGENTS, *CUSTOMERS, f"+{AGENTS[0]}", f"+{CUSTOMERS[0]}", "sip:bob@phone.example"]
TRANSFERS = ("warm_transfer", "cold_transfer")
ACTIONS = (
    *("hold", "unhold", "mute", "unmute", "voicemail_drop"),
    *("hangup", "resume_call", "abort_transfer"),
)
STEPS = {"dial": 30, "act": 35, "join": 4, "phone": 20, "set": 6, "time": 5}
DOES = ("answer", "answer", "ring", "reject", "voicemail", "never", "invalid")


class Campaign:
    """Steps that the seed alone decides."""

    def __init__(self, seed: int) -> None:
        self.node = WatchedNode()
        self._dice = random.Random(seed)

    def run(self, steps: int) -> None:
        """Take so many steps; raises `AssertionError` at the first that is wrong."""
        for number in range(steps):
            self._step()
            if number % 500 == 0:
                self.node.check_views()
        self.node.check_views()
        self.node.hang_up_everyone()

    def _step(self) -> None:
        dice, node = self._dice, self.node
        full = len(node.emulator.calls) >= CALLS
        match dice.choices([*STEPS], [*STEPS.values()])[0]:
            case "dial" if dice.random() < 0.4 and not full:
                role = dice.choice(tuple(MemberRole))
                node.dial("call", dice.choice(AGENTS), dice.choice(EVERYONE), role)
            case "dial":
                to = dice.choice(AGENTS)
                node.dial(dice.choice(TRANSFERS), self._member(), to, MemberRole.AGENT)
            case "act":
                node.act(dice.choice(ACTIONS), self._member())
            case "join" if not full:
                new_call = dice.random() < 0.3
                call_id = None if new_call or dice.random() < 0.3 else self._call()
                role = dice.choice(tuple(MemberRole))
                node.join(dice.choice(EVERYONE), role, call_id, new_call)
            case "set":
                node.set_phone(dice.choice(EVERYONE), dice.choice(DOES), dice.choice((0, 0, 1, 5)))
            case "time":
                node.time_passes(dice.choice((0.5, 1, 10)))
            case _:
                act = dice.choice(("answer", "reject", "hangup") if full else ("answer", "reject"))
                call_id = self._call() if dice.random() < 0.5 else None
                node.phone(act, self._member(), call_id)

    def _call(self) -> str | None:
        calls = self.node.emulator.calls
        return self._dice.choice([*calls]) if calls else None

    def _member(self) -> str:
        """Mostly a member of some call, so that most steps are possible."""
        calls = [*self.node.emulator.calls.values()]
        if not calls or self._dice.random() < 0.1:
            return self._dice.choice(EVERYONE)
        return self._dice.choice(self._dice.choice(calls).members).address


def main() -> int:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    campaign, began = Campaign(given.seed), time.monotonic()
    campaign.run(given.steps)
    node, took = campaign.node, time.monotonic() - began
    print(
        f"{given.steps} steps over up to {node.most} calls in {took:.0f} s:"
        f" {node.accepted} requests accepted, {node.refused} refused, {node.webhooks} webhooks;"
        " no call showed in another"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
