"""A random model of durable actions: `python -m tests.durable.model --steps 5000000 --seed 1`.

Each world has one action, some workers, a queue, a network and the journal's row. A world takes
random steps; then its faults end, it comes to rest, and the next one begins.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from typing import NamedTuple

from .protocol import (
    ABSENT,
    BEGIN,
    BEGIN_AGAIN,
    BEGIN_OTHER,
    DONE,
    FAILED,
    FINISH_DONE,
    FINISH_FAILED,
    FINISH_OTHER,
    FINISH_UNKNOWN,
    FINISHED,
    FORGET,
    FRESH,
    IN_DOUBT,
    LATE,
    OTHER,
    OVERDUE,
    REDO_FAILED,
    REDO_UNKNOWN,
    SETTLE_DONE,
    SETTLE_FAILED,
    TIME_OVER,
    UNDER_WAY,
    UNDO,
    UNDO_OTHER,
    UNKNOWN,
    WRITTEN,
    Row,
)

START_WITHIN, LASTS = 10, 50  # seconds: until the last look forbids it; until it is overdue
STEPS_OF_A_WORLD = 120
_FINISHES = {DONE: FINISH_DONE, FAILED: FINISH_FAILED, UNKNOWN: FINISH_UNKNOWN}
_REDOES = {UNKNOWN: REDO_UNKNOWN, OVERDUE: REDO_UNKNOWN, FAILED: REDO_FAILED}
_PAUSES = (*[0.1] * 12, *[0.5] * 6, 2, 11, 60)  # seconds
# Where a worker is.
IDLE, ASKING, BEGUN, LOOKED, ON_THE_WIRE, ENDING = range(6)


class Switches(NamedTuple):
    """Which parts of the protocol are there, and which faults that it does not survive."""

    last_look: bool = True
    fence_check: bool = True
    durable_begin: bool = True
    content_check: bool = True
    asked_check: bool = True  # a redo is for what had begun before it was asked for
    look_by_wall_clock: bool = False
    stall_after_look: bool = False
    asynchronous_standby: bool = False
    server_clock_jumps: bool = False


class Violation(Exception):
    """A promise is broken."""


class Delivery(NamedTuple):
    """A task of the queue, or a person's request to redo the action."""

    content: int = 1
    redo: str = ""
    is_persons: bool = False


class Message(NamedTuple):
    """A question on its way to the journal."""

    kind: str
    worker: Worker
    fence: int
    content: int = 1
    redo: str = ""
    asked: float = 0.0
    status: str = ""


class Worker:
    """A process that performs one delivery at a time."""

    def __init__(self) -> None:
        self.wall = 0.0
        self.rest()

    def rest(self) -> None:
        self.stage, self.fence, self.send_by = IDLE, -1, 0.0
        self.delivery, self.status, self.redo = Delivery(), "", ""
        self.asked, self.has_dialled = 0.0, False


class World:
    """One action and everything that happens to it."""

    def __init__(self, rng: random.Random, switches: Switches, seen: Counter[str]) -> None:
        self.random, self.on, self.seen = rng, switches, seen
        self.now, self.server_offset = 100.0, 0.0
        self.row = self.on_disk = self.standby = Row()
        self.workers = [Worker() for _ in range(rng.randint(2, 4))]
        self.queue = [Delivery()] * rng.randint(1, 3)
        if rng.random() < 0.1:
            self.queue.append(Delivery(content=2))
        self.messages: list[Message] = []
        self.fences, self.dials = 0, 0
        self.dialled: set[int] = set()
        self.allowed = 1  # how often the phone may ring
        self.fresh: dict[int, Worker] = {}
        self.was_doubted = False  # a caller has read that it is unknown
        self.finished: dict[int, str] = {}  # by the fence that ended it

    @property
    def server_now(self) -> float:
        return self.now + self.server_offset

    # The journal

    def arrive(self, message: Message, *, answers: bool = True) -> None:
        """Let the journal read a message, and perhaps its answer arrive."""
        self.pass_time()
        if message.kind == "begin":
            answer = self.begin(message)
        elif message.kind == "finish":
            answer = self.finish(message)
        else:
            self.undo(message)
            return
        worker = message.worker
        if answers and worker.fence == message.fence:
            if worker.stage == ASKING and message.kind == "begin":
                self.answered(worker, answer)
            elif worker.stage == ENDING and message.kind == "finish":
                self.report(worker, worker.status)

    def pass_time(self) -> None:
        if self.row.state == UNDER_WAY and self.server_now >= self.row.until:
            self.row, _ = self.row.ask(TIME_OVER)

    def begin(self, message: Message) -> str:
        row, question = self.row, BEGIN
        if self.on.content_check and row.content != message.content and row.state != ABSENT:
            question = BEGIN_OTHER
        elif row.fence == message.fence and row.state != ABSENT:
            question = BEGIN_AGAIN
        elif message.redo and (row.begun < message.asked or not self.on.asked_check):
            question = message.redo
        self.row, answer = row.ask(
            question,
            content=message.content,
            fence=message.fence,
            now=self.server_now,
            lasts=LASTS,
        )
        if answer == FRESH and self.on.durable_begin:
            self.save()
        return answer

    def save(self) -> None:
        self.on_disk = self.row
        if not self.on.asynchronous_standby:
            self.standby = self.row

    def finish(self, message: Message) -> str:
        is_holder = self.row.fence == message.fence or not self.on.fence_check
        was = self.row
        self.row, answer = was.ask(_FINISHES[message.status] if is_holder else FINISH_OTHER)
        if answer == WRITTEN:
            if was.fence != message.fence:
                raise Violation("another fence than the one that began finished it")
            if self.finished.setdefault(message.fence, message.status) != message.status:
                raise Violation("a result was overwritten")
        elif answer == LATE:
            self.seen["ended late"] += 1
        return answer

    def undo(self, message: Message) -> None:
        is_holder = self.row.fence == message.fence or not self.on.fence_check
        was = self.row
        self.row, _ = was.ask(UNDO if is_holder else UNDO_OTHER)
        if self.row is not was and was.fence in self.dialled:
            raise Violation("a beginning that was dialled was taken back")

    # Workers

    def take(self, worker: Worker) -> None:
        if self.queue:
            index = self.random.randrange(len(self.queue))
            worker.delivery = self.queue.pop(index)
            worker.redo = worker.delivery.redo
            worker.asked = self.server_now  # before it waits for slot and token
            if worker.redo and self.row.state != ABSENT:  # once more than is known then
                may_still_dial = self.row.state == UNDER_WAY and self.row.fence not in self.dialled
                self.allowed = max(self.allowed, self.dials + 1 + may_still_dial)
            worker.has_dialled = False
            self.ask(worker)

    def ask(self, worker: Worker) -> None:
        self.fences += 1
        worker.stage, worker.fence = ASKING, self.fences
        worker.send_by = self.clock(worker) + START_WITHIN
        self.send_begin(worker)

    def clock(self, worker: Worker) -> float:
        return self.now + worker.wall if self.on.look_by_wall_clock else self.now

    def send_begin(self, worker: Worker) -> None:
        to = worker.delivery
        message = Message("begin", worker, worker.fence, to.content, worker.redo, worker.asked)
        self.messages.append(message)

    def answered(self, worker: Worker, answer: str) -> None:
        if answer == FRESH:
            if self.fresh.setdefault(worker.fence, worker) is not worker:
                raise Violation("two workers are fresh on one beginning")
            worker.stage = BEGUN
        elif answer == UNDER_WAY:
            worker.redo = ""  # it is being done now; it asks again
            self.ask(worker)
        elif answer == OTHER:
            self.seen["another action"] += 1
            worker.rest()
        else:
            assert answer in {FINISHED, IN_DOUBT}
            if self.row.content != worker.delivery.content:
                raise Violation("it reported the outcome of another action")
            self.report(worker, self.row.state)

    def look(self, worker: Worker) -> None:
        if self.on.last_look and self.clock(worker) > worker.send_by:
            self.seen["too late to send"] += 1
            self.not_sent(worker)
            return
        worker.stage = LOOKED
        if not self.on.stall_after_look:
            self.write(worker)

    def write(self, worker: Worker) -> None:
        """Write the request; decide what Plivo does with it."""
        chance = self.random.random()
        if chance < 0.15:  # 429: it is taken back while it waits
            self.seen["refused"] += 1
            self.messages.append(Message("undo", worker, worker.fence))
            self.arrive(self.messages.pop())
            self.ask(worker)
            return
        worker.stage, worker.status = ON_THE_WIRE, FAILED
        if chance < 0.25:
            return
        worker.status = DONE if chance < 0.75 else UNKNOWN
        if chance < 0.9:
            self.dial(worker)

    def dial(self, worker: Worker) -> None:
        self.pass_time()
        self.dials += 1
        worker.has_dialled = True
        self.seen["dialled"] += 1
        if worker.fence in self.dialled:
            raise Violation("one beginning dialled twice")
        if (self.row.fence, self.row.state) != (worker.fence, UNDER_WAY):
            raise Violation("it dialled twice: its beginning was no longer the row's")
        if self.dials > self.allowed:
            raise Violation("it dialled twice without a person's decision")
        self.dialled.add(worker.fence)

    def not_sent(self, worker: Worker) -> None:
        """Raise `NotSentError` or `JournalError`: the queue tries again."""
        if worker.has_dialled:
            raise Violation("it reported that nothing was sent, and dialled")
        self.messages.append(Message("undo", worker, worker.fence))
        self.redeliver(worker)

    def redeliver(self, worker: Worker) -> None:
        again = worker.delivery
        if again.is_persons:
            again = Delivery(again.content)  # the person asks again, and redoes nothing unseen
        self.queue.append(again)
        worker.rest()

    def end(self, worker: Worker) -> None:
        worker.stage = ENDING
        self.send_finish(worker)

    def send_finish(self, worker: Worker) -> None:
        self.messages.append(Message("finish", worker, worker.fence, status=worker.status))

    def report(self, worker: Worker, status: str) -> None:
        self.seen[f"reported {status}"] += 1
        self.was_doubted |= status in {UNKNOWN, OVERDUE}
        if worker.has_dialled and status == FAILED:
            raise Violation("it reported a failure, and dialled")
        worker.rest()

    # Steps

    def step(self) -> None:
        """Take one random step."""
        chance = self.random.random()
        if chance < 0.55:
            self.advance(self.workers[int(self.random.random() * len(self.workers))])
        elif chance < 0.80:
            self.network()
        elif chance < 0.90:
            self.now += self.random.choice(_PAUSES)
        else:
            self.misfortune()

    def advance(self, worker: Worker) -> None:
        stage = worker.stage
        if stage == IDLE:
            self.take(worker)
        elif stage == BEGUN:
            self.look(worker)
        elif stage == LOOKED:
            self.write(worker)
        elif stage == ON_THE_WIRE:
            self.end(worker)
        elif self.random.random() < 0.2:  # no answer yet
            if stage == ENDING:
                self.send_finish(worker)
            else:
                self.send_begin(worker)

    def network(self) -> None:
        """Let a message arrive, be lost, be answered in vain, or arrive and come again."""
        if not self.messages:
            return
        index = int(self.random.random() * len(self.messages))
        message, chance = self.messages[index], self.random.random()
        if chance < 0.9:
            self.messages[index] = self.messages[-1]
            self.messages.pop()
        if chance >= 0.1:
            self.arrive(message, answers=chance >= 0.2)

    def misfortune(self) -> None:
        kinds = (
            *(self.kill, self.deliver_again, self.give_up, self.jump, self.restart),
            *(self.fail_over, self.person, self.forget, self.flush),
        )
        kinds[int(self.random.random() * len(kinds))]()

    def kill(self) -> None:
        worker = self.random.choice(self.workers)
        if worker.stage != IDLE:
            self.seen["killed"] += 1
            self.redeliver(worker)

    def deliver_again(self) -> None:
        if len(self.queue) < 4:
            self.queue.append(Delivery())

    def give_up(self) -> None:
        worker = self.random.choice(self.workers)
        if worker.stage == ASKING:
            self.not_sent(worker)
        elif worker.stage == ENDING:  # the row stays begun
            self.report(worker, worker.status)

    def jump(self) -> None:
        self.random.choice(self.workers).wall += self.random.choice((-3600, -30, 30, 3600))
        if self.on.server_clock_jumps:
            self.server_offset += self.random.choice((-3600, -30, 30, 3600))

    def restart(self) -> None:
        """Kill the server: what was not on its disk is gone."""
        self.row = self.standby = self.on_disk
        self.messages.clear()

    def fail_over(self) -> None:
        self.row = self.on_disk = self.standby
        self.messages.clear()

    def flush(self) -> None:
        self.on_disk = self.standby = self.row

    def person(self) -> None:
        """Let a person settle what is unknown, or redo it."""
        self.pass_time()
        if (redo := _REDOES.get(self.row.state)) is None:
            return
        if self.row.state != FAILED and self.random.random() < 0.3:
            self.row, _ = self.row.ask(self.random.choice((SETTLE_DONE, SETTLE_FAILED)))
            self.fences += 1
            self.row = self.row._replace(fence=self.fences)
            self.flush()
            self.seen["settled"] += 1
            return
        self.flush()  # a later answer of the journal does not undo what a person has read
        commands = 1 if self.random.random() < 0.7 else 2  # also twice by mistake
        self.queue += [Delivery(self.row.content, redo, is_persons=True)] * commands
        self.seen["redone"] += 1

    def forget(self) -> None:
        """Forget the action, once no delivery and no message of it is left."""
        if self.queue or self.messages or any(w.stage != IDLE for w in self.workers):
            return
        self.row, answer = self.row.ask(FORGET)
        if answer == "removed":
            self.flush()
            self.dials, self.was_doubted = 0, False
            self.allowed = 1
            self.dialled.clear()
            self.queue.append(Delivery())
            self.seen["forgotten"] += 1

    def come_to_rest(self) -> None:
        """End all faults, let everything end, and check what the journal says."""
        self.server_offset = 0.0
        self.now += max(0.0, self.row.until - self.server_now)
        for _ in range(1000):
            arriving, self.messages = self.messages, []
            for message in arriving:
                self.arrive(message)
            busy = [worker for worker in self.workers if worker.stage != IDLE]
            if not busy and not self.queue and not self.messages:
                break
            for worker in self.workers:
                if worker.stage == ASKING:
                    self.now += 1
                    self.send_begin(worker)
                elif worker.stage == ENDING:
                    self.send_finish(worker)
                else:
                    self.advance(worker)
        else:
            raise Violation("it does not come to rest")
        self.now += LASTS + 1 + max(0.0, self.row.until - self.server_now)
        self.pass_time()
        if self.row.state == ABSENT and self.was_doubted:
            self.seen["taken back after it was reported unknown"] += 1
        elif self.row.state not in {DONE, FAILED, UNKNOWN, OVERDUE}:
            raise Violation(f"the action is lost: it is {self.row.state}")
        if self.row.fence in self.dialled and self.row.state == FAILED:
            raise Violation("the journal hides that it dialled")


class Found(NamedTuple):
    """What a campaign found."""

    steps: int
    worlds: int
    violation: str
    seen: Counter[str]


def run(steps: int, seed: int, switches: Switches | None = None) -> Found:
    """Take random steps until one breaks a promise, or there are enough."""
    seen: Counter[str] = Counter()
    rng, taken, worlds = random.Random(seed), 0, 0
    try:
        while taken < steps:
            world = World(rng, switches or Switches(), seen)
            worlds += 1
            for _ in range(min(STEPS_OF_A_WORLD, steps - taken)):
                taken += 1
                world.step()
            world.come_to_rest()
    except Violation as broken:
        return Found(taken, worlds, str(broken), seen)
    return Found(taken, worlds, "", seen)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.durable.model", description=__doc__)
    parser.add_argument("--steps", type=int, default=5_000_000)
    parser.add_argument("--seed", type=int, default=1)
    for name in Switches._fields:
        parser.add_argument(f"--{name.replace('_', '-')}", action=argparse.BooleanOptionalAction)
    args = parser.parse_args()
    given = {n: getattr(args, n) for n in Switches._fields if getattr(args, n) is not None}
    started = time.perf_counter()
    found = run(args.steps, args.seed, Switches(**given))
    took = time.perf_counter() - started
    print(f"{found.steps:,} steps, {found.worlds:,} worlds, seed {args.seed}, {took:.0f} s")
    print(", ".join(f"{what}: {count:,}" for what, count in sorted(found.seen.items())))
    print(found.violation or "no violation")
    return 1 if found.violation else 0


if __name__ == "__main__":
    sys.exit(main())
