"""Storms of expectations, events, timeouts and cancellations, checked against a plain reading.

    python -m tests.webhooks.member_storms --storms 10000 --seed 1 --backend trio

Events of several calls come in any order, late and twice, from this event loop and from a thread.
Tasks expect them at random times, give up, are cancelled and wait again. At the end, each
expectation must have what a plain reading of the log of that storm says.
"""

from __future__ import annotations

import argparse
import random
from typing import Any

import anyio
import anyio.lowlevel
from attrs import define, field

from plivo_phlo_async.webhooks import ConferenceAction, MemberTracker, MultiPartyCallEvent

from .member_events import ended, entered, exited

__all__ = ["Storm", "run_storm"]

ADDRESSES = ["12025550101", "12025550102", "sip:ann@example.com"]
SPELLINGS = {
    "12025550101": "+1 202-555-0101",
    "12025550102": "(1) 202.555.0102",
    "sip:ann@example.com": "SIP:ann@EXAMPLE.com;transport=tcp",
}
CALLS = ["c1", "c2"]
PATIENCE = 60.0  # seconds; only a lost wake-up takes that long


@define
class _Expected:
    """An expectation of a storm, and what came of it.

    `begins` and `ends` are positions in the log.
    """

    kind: str
    address: str
    call: str | None
    begins: int
    ends: int = -1
    found: Any = None
    awaited: int = 0


@define
class Storm:
    """One storm.

    Attributes:
        log: the events, in the order in which they were processed.
        expected: the expectations.
    """

    random: random.Random
    tracker: MemberTracker = field(factory=MemberTracker)
    log: list[MultiPartyCallEvent] = field(factory=list)
    expected: list[_Expected] = field(factory=list)

    async def run(self) -> None:
        """Run it; raises AssertionError on a violation."""
        events = self._events()
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as group:
                for _ in range(self.random.randint(1, 20)):
                    group.start_soon(self._expect)
                for event in events:
                    for _ in range(self.random.randint(0, 2)):
                        await anyio.lowlevel.checkpoint()
                    self.log.append(event)
                    self.tracker.update(event)
                group.start_soon(self._end)
        for each in self.expected:
            self._check(each)
        assert len(self.tracker._expectations) == 0

    def _events(self) -> list[MultiPartyCallEvent]:
        events: list[MultiPartyCallEvent] = []
        for call in CALLS:
            for number in range(self.random.randint(0, 5)):
                address = self.random.choice(ADDRESSES)
                events.append(entered(address, f"{call}-{number}", call))
                if self.random.random() < 0.7:
                    events.append(exited(address, f"{call}-{number}", call))
            if self.random.random() < 0.3:
                events.append(ended(call))
        events += [each for each in events if self.random.random() < 0.3]  # twice
        for _ in range(self.random.randint(0, len(events))):  # late
            one = self.random.randrange(len(events))
            other = min(len(events) - 1, one + self.random.randint(0, 3))
            events[one], events[other] = events[other], events[one]
        return events

    async def _expect(self) -> None:
        for _ in range(self.random.randint(0, 5)):
            await anyio.lowlevel.checkpoint()
        kind, address = self.random.choice(["enter", "exit", "end"]), self.random.choice(ADDRESSES)
        call = self.random.choice(CALLS if kind == "end" else [None, *CALLS])
        block = self._block(kind, SPELLINGS[address], call)
        async with block as it:
            each = _Expected(kind, address, call, begins=len(self.log))
            self.expected.append(each)
            for _ in range(self.random.randint(0, 3)):
                await self._try(it, each)
            each.ends, each.found = len(self.log), it.change
        if each.found is not None:
            await it

    def _block(self, kind: str, address: str, call: str | None) -> Any:
        if kind == "enter":
            return self.tracker.expect_enter(address, call=call)
        if kind == "exit":
            return self.tracker.expect_exit(address, call=call)
        assert call is not None
        return self.tracker.expect_end(call)

    async def _try(self, it: Any, each: _Expected) -> None:
        """Await it, and give up in one of several ways."""
        each.awaited += 1
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:

                async def give_up(after: int) -> None:
                    for _ in range(after):
                        await anyio.lowlevel.checkpoint()
                    scope.cancel()

                group.start_soon(give_up, self.random.randint(0, 12))
                if self.random.random() < 0.3:
                    group.start_soon(it._wait)  # a second task waits for the same
                await it
                group.cancel_scope.cancel()

    async def _end(self) -> None:
        """Events without an end: each expectation that is new must still be woken."""
        for number, address in enumerate(ADDRESSES):
            async with self.tracker.expect_enter(address) as it, anyio.create_task_group() as group:
                group.start_soon(it._wait)
                await anyio.lowlevel.checkpoint()
                self.log.append(entered(address, f"last-{number}", "last"))
                self.tracker.update(self.log[-1])

    # The plain reading

    def _check(self, each: _Expected) -> None:
        right = self._right(each)
        found = each.found
        if right is None:
            assert found is None, (each, self.log)
            return
        assert found is not None, (each, right, self.log)
        assert each.call in {None, found.call}
        assert found.call == right.conference_uuid, (each, right, self.log)
        if each.kind != "end" and found.member.member_id:
            assert found.member.address == each.address

    def _right(self, each: _Expected) -> MultiPartyCallEvent | None:
        """Return the event that fulfils an expectation."""
        known = self.log[: each.begins]
        if each.kind == "end" or (each.kind == "exit" and each.call):
            over = next((event for event in known if _is_end(event, each.call)), None)
            if over is not None:
                return over
        if each.kind == "end" and self._is_empty_again(known, each.call):
            return ended(str(each.call))
        for position in range(each.begins, each.ends):
            event = self.log[position]
            if each.call not in {None, event.conference_uuid}:
                continue
            if self._fulfils(each, event, position):
                return event
        return None

    def _fulfils(self, each: _Expected, event: MultiPartyCallEvent, position: int) -> bool:
        before = self.log[:position]
        if each.kind == "end":
            return _is_end(event, each.call) or self._is_empty_again([*before, event], each.call)
        if each.kind == "exit":
            return self._is_exit(each, event, before)
        if event.event != ConferenceAction.ENTER or event.to != each.address or event in before:
            return False
        known = self.log[: each.begins]  # had they left before it was expected?
        return not any(_is_exit_of(earlier, event) for earlier in known)

    def _is_exit(
        self, each: _Expected, event: MultiPartyCallEvent, before: list[MultiPartyCallEvent]
    ) -> bool:
        call = event.conference_uuid
        if _is_end(event, call):
            was_on_it = bool(self._present(before, call, each.address))
            return not _any_end(before, call) and (was_on_it or each.call == call)
        if event.event != ConferenceAction.EXIT or event.to != each.address or event in before:
            return False
        if _any_end(self.log[: each.begins], call):
            return False  # they left before it was expected
        if _any_end(before, call) and any(
            e.event == ConferenceAction.ENTER and e.member_id == event.member_id for e in before
        ):
            return False  # the end, or a late enter event after it, has said so
        return not self._present([*before, event], call, each.address)

    def _is_empty_again(self, events: list[MultiPartyCallEvent], call: str | None) -> bool:
        """Return whether all who were seen on a call have left."""

        def is_on_it(until: int) -> bool:
            return any(self._present(events[:until], call, address) for address in ADDRESSES)

        return not is_on_it(len(events)) and any(map(is_on_it, range(len(events))))

    def _present(
        self, events: list[MultiPartyCallEvent], call: str | None, address: str
    ) -> set[str | None]:
        of_call = [event for event in events if event.conference_uuid == call]
        if _any_end(of_call, call):
            return set()
        ids = {
            e.member_id for e in of_call if e.event == ConferenceAction.ENTER and e.to == address
        }
        return ids - {e.member_id for e in of_call if e.event == ConferenceAction.EXIT}


def _is_end(event: MultiPartyCallEvent, call: str | None) -> bool:
    return event.state is not None and event.conference_uuid == call


def _any_end(events: list[MultiPartyCallEvent], call: str | None) -> bool:
    return any(_is_end(event, call) for event in events)


def _is_exit_of(event: MultiPartyCallEvent, entry: MultiPartyCallEvent) -> bool:
    if event.conference_uuid != entry.conference_uuid:
        return False
    return _is_end(event, entry.conference_uuid) or (
        event.event == ConferenceAction.EXIT and event.member_id == entry.member_id
    )


def run_storm(seed: str, backend: str) -> Storm:
    """Run one storm.

    Args:
        seed: what makes it this storm.
        backend: `asyncio` or `trio`.
    """
    storm = Storm(random.Random(seed))
    anyio.run(storm.run, backend=backend)
    return storm


def main() -> None:
    """Run many storms and print what they did."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--storms", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--backend", choices=["asyncio", "trio"], default="asyncio")
    chosen = parser.parse_args()
    totals = [0, 0, 0, 0]
    for number in range(chosen.storms):
        storm = run_storm(f"{chosen.seed} {number}", chosen.backend)
        fulfilled = sum(each.found is not None for each in storm.expected)
        awaited = sum(each.awaited for each in storm.expected)
        figures = (len(storm.log), len(storm.expected), fulfilled, awaited)
        totals = [sum(pair) for pair in zip(totals, figures, strict=True)]
    print(
        f"{chosen.storms} storms on {chosen.backend}: {totals[0]} events, {totals[1]} expectations"
        f" of which {totals[2]} fulfilled, {totals[3]} times awaited; no violation."
    )


if __name__ == "__main__":
    main()
