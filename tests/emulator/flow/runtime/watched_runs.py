"""An emulator with flows, and what holds of all of its runs whatever happens."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import count, pairwise
from typing import Any

import anyio

from plivo_phlo_async.emulator import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    Call,
    MemberRole,
    Phone,
    PhoneBehaviour,
)
from plivo_phlo_async.emulator.app import EmulatorApp
from plivo_phlo_async.emulator.calls.members import canonical_address
from plivo_phlo_async.emulator.emulated_phones import EmulatedPhones
from plivo_phlo_async.emulator.emulator import Emulator
from plivo_phlo_async.emulator.errors import CallError
from plivo_phlo_async.emulator.flow.engine.events import LegEvent, MessageStatus, WaitEvent
from plivo_phlo_async.emulator.flow.engine.values import (
    Leg,
    LegState,
    Run,
    Wait,
    WaitKind,
    waits_of,
)
from plivo_phlo_async.emulator.flow.phlo import Phlo
from plivo_phlo_async.emulator.flow.runtime.runner import FlowRunner
from plivo_phlo_async.emulator.persistence import dump_snapshot, parse_snapshot
from plivo_phlo_async.emulator.seed import Seed
from plivo_phlo_async.emulator.webhooks.http_client import WebhookRequest
from plivo_phlo_async.testing import Clock

from ....emulator.asking import Heard, ask

TIMED = (
    *(WaitKind.PROMPT, WaitKind.KEYS, WaitKind.CONFIRM_PROMPT, WaitKind.CONFIRM_KEY),
    *(WaitKind.RECORDING, WaitKind.RING),
)
"""The waits that a timer ends if nothing else does."""


ENTERING = ("join", "call", "warm_transfer", "cold_transfer")
"""The steps by which a member enters a call."""


async def _deliver(request: WebhookRequest) -> int:
    return 200


class WatchedRuns:
    """An emulator with flows, whose clock stands still."""

    def __init__(self, flows: Iterable[Phlo], prompt_speed: float | None = None) -> None:
        self.clock = Clock(runs=False)
        self._ids, self._speed = count(1), prompt_speed
        self.flows = {phlo.phlo_id: phlo for phlo in flows}
        self.began = 0
        self._foreign: set[str] = set()
        self._dialled_in: set[tuple[str, str]] = set()
        self._seen: set[str] = set()
        self._checked: dict[str, Run] = {}
        self._start()

    def _start(self) -> None:
        self.emulator = Emulator(
            Seed(DEMO_AUTH_ID, DEMO_AUTH_TOKEN, (), {}, None, {}, ()),
            rate_limiter=None,
            auto_join=False,
            latency=0.0,
            clock=self.clock,
            wall=self.clock.wall,
            sleep=self.clock.sleep,
            sleep_until_due=self.clock.sleep,
            deliver=_deliver,
            new_id=lambda: f"id-{next(self._ids)}",
        )
        self.emulator.flows.prompt_speed = self._speed
        for phlo in self.flows.values():
            self.emulator.flows.load(phlo)
        self._look_again()

    def _look_again(self) -> None:
        self._dialled, self._entries = self._dials(), self.emulator.switchboard.steps

    @property
    def runner(self) -> FlowRunner:
        """The runner, after what is due."""
        with self.emulator.current() as emulator:
            return emulator.flows.runner

    @property
    def people(self) -> EmulatedPhones:
        """The phones, after what is due."""
        with self.emulator.current() as emulator:
            return EmulatedPhones(emulator.switchboard, emulator.flows)

    # What is there

    def live_runs(self) -> list[Run]:
        """Return the runs that have not ended."""
        return [run for run in self.runner.runs.values() if run.ended is None]

    def live_legs(self) -> list[tuple[Run, Leg]]:
        """Return the live legs of live runs."""
        return [(run, leg) for run in self.live_runs() for leg in run.legs.values() if leg.live]

    def members(self) -> list[tuple[str, str, str, str]]:
        """Return the PHLO, the type of the node, the node and the address of each live member."""
        return [
            (call.phlo_id, node.node_type.value, call.node_id, member.address)
            for call in self._calls().values()
            for member in call.members
            if member.live and (node := self.emulator.api.nodes.get(call.node_key)) is not None
        ]

    def _calls(self) -> dict[str, Call]:
        with self.emulator.current() as emulator:
            return dict(emulator.switchboard.calls)

    # What is done

    def set_phone(self, address: str, phone: Phone) -> None:
        """Set what a phone does."""
        with self.emulator.current() as emulator:
            emulator.switchboard.phones.set(address, phone)

    def start(self, phlo_id: str, params: Mapping[str, object]) -> None:
        """Start a run by API request."""
        self.request(f"/v1/account/{DEMO_AUTH_ID}/phlo/{phlo_id}", params)

    def request(self, path: str, body: Mapping[str, object], *, may_open: bool = False) -> Heard:
        """Send a request of a client, which may open a call of no flow."""
        before = self._calls()
        app: Any = EmulatorApp(self.emulator)
        heard = ask(app, "POST", path, body)
        assert heard.status < 500, heard
        if may_open:
            self._foreign |= self._calls().keys() - before.keys()
        return heard

    def join(self, phlo_id: str, node_id: str, address: str) -> None:
        """Let a caller dial in to a node."""
        before = self._calls()
        with self.emulator.current() as emulator:
            emulator.api.join((phlo_id, node_id), address, MemberRole.CUSTOMER)
        after = self._calls()
        self._foreign |= after.keys() - before.keys()
        self._dialled_in |= {(call_id, canonical_address(address)) for call_id in after}

    def advance(self, seconds: float) -> None:
        """Move the clock."""
        self.clock.advance(seconds)

    def stub(self, pattern: str, answer: object) -> None:
        """Answer HTTP requests."""
        stubs = self.runner.fetches.stubs
        stubs.add(stubs.read({pattern: answer}))

    def flush(self) -> None:
        """Send the HTTP requests and the webhooks that wait."""
        anyio.run(self._flush)

    async def _flush(self) -> None:
        while self.emulator.unfinished:
            await self.emulator.flush()
            await anyio.sleep(0)  # others are sent by the background

    def load(self, phlo: Phlo) -> None:
        """Load a flow in the place of one with the same id."""
        self.flows[phlo.phlo_id] = phlo
        with self.emulator.current() as emulator:
            emulator.flows.load(phlo)

    def restart(self, changed: Phlo | None) -> None:
        """Restore what the emulator keeps, as JSON, in another one; a flow may have changed."""
        text = json.dumps(dump_snapshot(self.emulator.snapshot()))
        runs = {run.run_id for run in self.live_runs()}
        if changed is not None:
            self.flows[changed.phlo_id] = changed
        self._start()
        self.emulator.restore(parse_snapshot(json.loads(text)))
        if changed is None:
            assert runs <= self.runner.runs.keys(), "a live run survives a restart"
        self._look_again()

    def reset(self) -> None:
        """Reset the emulator."""
        self.emulator.reset()
        self._seen |= self.runner.runs.keys()
        self._look_again()

    def end_everything(self) -> None:
        """Let everyone hang up and time pass; every run must end, and leave nothing."""
        self.flush()
        self.stub("* *", 404)
        for _ in range(1200):
            if not self.live_runs() and not self._calls():
                break
            self._hang_up_everyone()
            self.advance(4000)
            self.check()
        assert not self.live_runs(), f"never end: {[run.tokens for run in self.live_runs()]}"
        late = [one.event for one in self.runner.timers]
        assert all(isinstance(event, MessageStatus) for event in late), f"timers of no run: {late}"
        self.advance(4000)
        assert not [*self.runner.timers]
        assert self.runner.conferences.dump() == []
        self.flush()
        assert self.emulator.unfinished == 0

    def _hang_up_everyone(self) -> None:
        addresses = [leg.phone for _, leg in self.live_legs()]
        addresses += [address for *_, address in self.members()]
        addresses += [m.address for call in self._calls().values() for m in call.members if m.live]
        for address in addresses:
            for act in (self.people.hang_up, self.people.reject):
                try:
                    act(address)
                except CallError:
                    continue
                self.check()

    # What holds

    def check(self) -> None:
        """Check everything."""
        runner = self.runner
        self.began += len(runner.runs.keys() - self._seen)
        self._seen |= runner.runs.keys()
        for run in runner.runs.values():
            if self._checked.get(run.run_id) is not run:
                self._check_times(run)
            if run.ended is None:
                self._check_live(runner, run)
            elif self._checked.get(run.run_id) is not run:
                self._check_ended(runner, run)
            self._checked[run.run_id] = run
        self._check_timers()
        self._check_conferences()
        self._check_dialled()

    def _check_times(self, run: Run) -> None:
        times = [run.started_at, *(visit.at for visit in run.path)]
        assert all(one <= other for one, other in pairwise(times)), "time goes on along the path"
        times = [run.started_at, *(state.at for state in run.states)]
        assert all(one <= other for one, other in pairwise(times)), "time goes on in the states"
        assert times[-1] <= self.clock.wall() + 1e-6, "nothing happens in the future"

    def _check_live(self, runner: FlowRunner, run: Run) -> None:
        for leg in run.legs.values():
            if leg.live:
                listed = runner.phones.at(leg.phone).legs
                assert listed.count((run.run_id, leg.uuid)) == 1, "a phone lists its live legs"
        assert run.tokens, "a live run is somewhere"
        for wait in waits_of(run):
            assert self._can_end(run, wait), f"something ends {wait}"

    def _can_end(self, run: Run, wait: Wait) -> bool:
        events = [one.event for one in self.runner.timers if one.run_id == run.run_id]
        match wait.kind:
            case kind if kind in TIMED:
                return any(isinstance(e, WaitEvent) and e.wait == wait.number for e in events)
            case WaitKind.MESSAGE:
                statuses = [one for one in events if isinstance(one, MessageStatus)]
                return any(one.message == wait.subject for one in statuses)
            case WaitKind.RESPONSE:
                return self.runner.fetches.unfinished > 0
            case WaitKind.CONFERENCE:
                return self._seats().count((run.run_id, wait.number)) == 1
            case WaitKind.BRIDGE:
                return run.legs[wait.subject or wait.leg].state is LegState.UP
        return bool(wait.attempts)

    def _check_ended(self, runner: FlowRunner, run: Run) -> None:
        assert not run.tokens
        for leg in run.legs.values():
            assert not leg.live, "an ended run has no live leg"
            listed = runner.phones.at(leg.phone).legs
            assert (run.run_id, leg.uuid) not in listed, "no phone lists an ended run"
        assert run.run_id not in {run_id for run_id, _ in self._seats()}, "it is in no conference"

    def _check_timers(self) -> None:
        for scheduled in self.runner.timers:
            run = self.runner.runs[scheduled.run_id]
            assert scheduled.due > self.clock(), "what is due has happened"
            match scheduled.event:
                case MessageStatus(message=message):
                    assert message in run.messages
                case event if isinstance(event, WaitEvent):
                    assert event.wait in {wait.number for wait in waits_of(run)}
                case event if isinstance(event, LegEvent):
                    assert run.legs[event.leg].live

    def _seats(self) -> list[tuple[str, int]]:
        dumped = self.runner.conferences.dump()
        return [(seat["run_id"], seat["wait"]) for one in dumped for seat in one["seats"]]

    def _check_conferences(self) -> None:
        calls, dumped = self._calls(), self.runner.conferences.dump()
        named = {one["call_id"] for one in dumped}
        assert named <= calls.keys(), "a conference is a live call"
        assert calls.keys() <= named | self._foreign, "a call of a flow has its conference"
        waiting: set[str] = set()
        seated: set[tuple[str, str]] = set()
        for one in dumped:
            for seat in one["seats"]:
                run, leg = self.runner.runs[seat["run_id"]], seat["leg"]
                wait = next(w for w in waits_of(run) if w.number == seat["wait"])
                assert wait.kind is WaitKind.CONFERENCE
                if wait.leg:
                    waiting.add(leg)
                    seated.add((one["call_id"], canonical_address(seat["address"])))
                    member = calls[one["call_id"]].find(seat["address"])
                    assert member is not None, "the caller is a member"
                    assert member.live is run.legs[leg].live, "a member is live while its leg is"
        for run, leg_ in self.live_legs():
            token = next(token for token in run.tokens if token.number == leg_.token)
            if token.wait is not None and token.wait.kind is WaitKind.CONFERENCE:
                assert leg_.uuid in waiting, "a call at a conference is in it"
        self._check_members(calls, seated)

    def _check_members(self, calls: Mapping[str, Call], seated: set[tuple[str, str]]) -> None:
        """Check that whoever a run has joined to a call is still where the run is."""
        with self.emulator.current() as emulator:
            joined = [one for one in emulator.switchboard.log if one.verb in ENTERING]
        latest = {(one.call_id, canonical_address(one.address)): one.verb for one in joined}
        for call_id, call in calls.items():
            for member in call.members:
                key = (call_id, member.canonical_address)
                if member.live and latest.get(key) == "join" and key not in self._dialled_in:
                    assert key in seated, f"{member} is in a call that its run has left"

    def _dials(self) -> int:
        with self.emulator.current() as emulator:
            legs = [leg for run in emulator.flows.runner.runs.values() for leg in run.legs.values()]
            outbound = sum(leg.direction == "outbound" for leg in legs)
            return emulator.switchboard.dialled.total() - outbound

    def _check_dialled(self) -> None:
        """Check that a count grows by the legs and the invitations; one that fails is counted."""
        with self.emulator.current() as emulator:
            log = [one for one in emulator.switchboard.log if one.number > self._entries]
            invited = sum(one.by is not None for one in log)
            phones = emulator.switchboard.phones
            invalid = any(phone.does is PhoneBehaviour.INVALID for phone in phones.listed.values())
        dialled = self._dials()
        if invalid:
            assert dialled >= self._dialled + invited
        else:
            assert dialled == self._dialled + invited, "each dial is counted once"
        self._look_again()
