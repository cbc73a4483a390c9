"""Runs flows: keeps their runs, and carries out the effects of every step."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import attrs

from ...calls.members import NodeKey, canonical_address
from ...calls.phlos import PhoneBehaviour
from ...calls.switchboard import Switchboard
from ...errors import ApiError, InvalidParameter
from ...webhooks.callbacks import Callback
from ..engine.effects import (
    Bridge,
    Dial,
    Effect,
    Ended,
    Fetch,
    HangUp,
    JoinConference,
    Play,
    PostCallback,
    Record,
    SendText,
    SetTimer,
)
from ..engine.events import (
    Answered,
    FlowEvent,
    HungUp,
    LegEvent,
    Machine,
    MessageStatus,
    Stopped,
    TimedOut,
    WaitEvent,
)
from ..engine.step import Trigger, begin, step
from ..engine.values import Run, RunRecording, waits_of
from ..graph import FlowNode
from ..phlo import Phlo
from .conferences import FlowConferences
from .fetches import FlowFetches
from .history import RunHistory
from .phones import FlowPhones
from .timers import ScheduledEvent, TimerTable

_LOGGER = logging.getLogger("plivo_phlo_async.emulator")

__all__ = ["FlowRunner", "FlowSettings", "TooManyRuns"]

LIVE_LIMIT = 1000
"""The maximum number of runs that have not ended."""

RUN_LIMIT = 10_000
"""How many of the latest runs are kept."""

HISTORY_LIMIT = 200
"""How many of the latest runs keep the events that they had."""

PostEvent = Callable[[str, NodeKey, Callback, Mapping[str, object]], None]
"""Queues variables for a callback, after those of the same run."""


class TooManyRuns(ApiError):
    """`LIVE_LIMIT` runs have not ended (503)."""

    status = 503

    def __init__(self) -> None:
        super().__init__(f"{LIVE_LIMIT} runs are live already; stop some, or reset the emulator.")


class FlowSettings(Protocol):
    """How flows run; may change at any time.

    Attributes:
        prompt_speed: the characters of a prompt a second; None for prompts without length.
        base_url: the URL of the emulator, for the URLs of recordings.
    """

    prompt_speed: float | None
    base_url: str

    @property
    def allowed_hosts(self) -> Mapping[str, str | None]:
        """The hosts that HTTP Request nodes may reach, besides this machine.

        Each has the URL that its requests go to instead, None for the host itself.
        """


class FlowRunner:
    """Runs the flows of an emulator. It is used while the emulator's lock is held.

    Args:
        switchboard: the live calls and the phones.
        clock: returns monotonic seconds.
        wall: returns the seconds since 1970.
        new_id: makes the ids of runs.
        post: queues the events of callbacks.
        assign_leg: sets the id of a member's leg in webhooks, and returns the member's id.
        locked: holds the emulator's lock.
        wake: lets the background run what is due.
        changed: receives each run that has changed, and what it was before, None for a new one.
        settings: how flows run.

    Attributes:
        taken: how often each node has reached each state, by PHLO, since the last reset.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
        new_id: Callable[[], str],
        post: PostEvent,
        assign_leg: Callable[[str, str, str], str],
        locked: Callable[[], AbstractContextManager[object]],
        wake: Callable[[], None],
        changed: Callable[[Run, Run | None], None],
        settings: FlowSettings,
    ) -> None:
        self._switchboard = switchboard
        self._clock, self._wall, self._new_id = clock, wall, new_id
        self._post, self._changed = post, changed
        self.settings: FlowSettings = settings
        self.flows: dict[str, Phlo] = {}
        self.timers: TimerTable = TimerTable()
        self.phones: FlowPhones = FlowPhones(
            switchboard.phones,
            schedule=self._schedule,
            keep_timers=self.timers.keep,
            now=clock,
            prompt_speed=lambda: self.settings.prompt_speed,
        )
        self.conferences: FlowConferences = FlowConferences(
            switchboard, assign_leg, self.send, self.phones.hear
        )
        self.fetches: FlowFetches = FlowFetches(
            self.send, locked, wake, lambda: settings.allowed_hosts
        )
        self.reset()

    def reset(self) -> None:
        """Forget every run; the flows stay."""
        self.runs: dict[str, Run] = {}
        self.taken: dict[str, Counter[tuple[str, str]]] = {}
        self._live: set[str] = set()
        self.histories: dict[str, RunHistory] = {}
        self._recordings: dict[str, str] = {}
        self._queue: deque[tuple[str, FlowEvent]] = deque()
        self._draining = False
        self.timers.clear()
        self.phones.reset()
        self.conferences.reset()
        self.fetches.reset()

    def load(self, phlo: Phlo) -> None:
        """Add a flow; it replaces one with the same id, whose live runs are stopped.

        Raises `InvalidParameter` if another flow has one of its numbers.
        """
        for number in phlo.numbers:
            owner = self.flow_of(number)
            if owner is not None and owner.phlo_id != phlo.phlo_id:
                raise InvalidParameter(f"{number} belongs to the PHLO {owner.name!r} already.")
        for run_id in [*self._live]:
            if self.runs[run_id].phlo_id == phlo.phlo_id:
                self.stop(run_id, "stopped: the PHLO was replaced")
        self.flows[phlo.phlo_id] = phlo

    def flow_of(self, number: str) -> Phlo | None:
        """Return the flow that a number is attached to, None for none."""
        wanted = canonical_address(number)
        for phlo in self.flows.values():
            if wanted in map(canonical_address, phlo.numbers):
                return phlo
        return None

    # Runs

    def start(self, phlo_id: str, trigger: Trigger) -> Run:
        """Start a run; returns it as it is after its first wait.

        Raises `TooManyRuns`.
        """
        if len(self._live) >= LIVE_LIMIT:
            raise TooManyRuns
        phlo = self.flows[phlo_id]
        run, effects = begin(
            phlo, self._new_id(), trigger, at=self._wall(), base_url=self.settings.base_url
        )
        self._make_room()
        self._live.add(run.run_id)
        self.histories[run.run_id] = RunHistory(phlo, trigger)
        with self._draining_after():
            self._store(run, effects, None)
        return run

    def stop(self, run_id: str, reason: str = "stopped by hand") -> None:
        """End a run; no effect if it has ended."""
        self.send(run_id, Stopped(0.0, reason))

    def send(self, run_id: str, event: FlowEvent) -> None:
        """Send an event to a run, now; one that is unknown ignores it."""
        with self._draining_after():
            self._queue.append((run_id, event))

    @contextmanager
    def _draining_after(self) -> Iterator[None]:
        """Apply what is queued at the end of the outermost block, never within one."""
        if self._draining:
            yield
            return
        self._draining = True
        try:
            yield
            while self._queue:
                self._apply(*self._queue.popleft())
        finally:
            self._draining = False

    def _apply(self, run_id: str, event: FlowEvent) -> None:
        before = self.runs.get(run_id)
        if before is None:
            return
        if isinstance(event, HungUp):
            self.conferences.leave(event.leg)
        event = attrs.evolve(event, at=self._wall())
        run, effects = step(self.flows[before.phlo_id], before, event)
        if run is before:
            return
        if run_id in self.histories:
            self.histories[run_id].events.append(event)
        self._store(run, effects, event)

    def _store(self, run: Run, effects: tuple[Effect, ...], event: FlowEvent | None) -> None:
        before = self.runs.get(run.run_id)
        self.runs[run.run_id] = run
        self._count(run, 0 if before is None else len(before.states))
        for note in run.notes[0 if before is None else len(before.notes) :]:
            _LOGGER.warning("Run %s: %s", run.run_id, note)
        if event is None:
            for leg in run.legs.values():
                if leg.direction == "inbound":
                    self.phones.enter(run, leg.uuid)
        if isinstance(event, Answered | Machine):
            self.phones.answered(run, event.leg)
        for recording in run.recordings:
            self._recordings.setdefault(recording.recording_id, run.run_id)
        for effect in effects:
            self._perform(run, effect)
        self.timers.keep(run.run_id, lambda scheduled: _is_wanted(run, scheduled))
        self._changed(run, before)

    def _count(self, run: Run, known: int) -> None:
        """Count the states that a run has reached, after the first `known` of them."""
        taken = self.taken.setdefault(run.phlo_id, Counter())
        taken.update((reached.node, reached.state) for reached in run.states[known:])

    def _make_room(self) -> None:
        if len(self.histories) >= HISTORY_LIMIT:
            del self.histories[next(iter(self.histories))]
        if len(self.runs) < RUN_LIMIT:
            return
        for run_id in self.runs:
            if run_id not in self._live:
                for recording in self.runs.pop(run_id).recordings:
                    self._recordings.pop(recording.recording_id, None)
                return

    def recording(self, recording_id: str) -> RunRecording | None:
        """Return a recording, None if there is none with that id."""
        run = self.runs.get(self._recordings.get(recording_id, ""))
        recordings = () if run is None else run.recordings
        return next((one for one in recordings if one.recording_id == recording_id), None)

    def recent(self, most: int) -> list[Run]:
        """Return every live run, then the latest of the others, up to `most` in all."""
        latest = [*reversed(self.runs.values())]
        live = [run for run in latest if run.ended is None]
        ended = [run for run in latest if run.ended is not None]
        return [*live, *ended[: max(0, most - len(live))]]

    def behaviour(self, address: str) -> PhoneBehaviour:
        """Return what the phone at an address does, or did when it rang last."""
        return self._switchboard.phones.at(address).does

    def adopt(self, run: Run) -> None:
        """Add a run of a snapshot, with its calls."""
        self.runs[run.run_id] = run
        self._count(run, 0)
        for recording in run.recordings:
            self._recordings[recording.recording_id] = run.run_id
        if run.ended is None:
            self._live.add(run.run_id)
            for leg in run.legs.values():
                if leg.live:
                    self.phones.note(leg.phone).legs.append((run.run_id, leg.uuid))

    # Time

    @property
    def now(self) -> float:
        """The present second of the clock."""
        return self._clock()

    @property
    def due(self) -> float | None:
        """When the next event is due, by the clock; None for never."""
        return self.timers.due

    def tick(self) -> None:
        """Send the next event that is due."""
        scheduled = self.timers.pop()
        self.send(scheduled.run_id, scheduled.event)

    def _schedule(self, run_id: str, seconds: float, event: FlowEvent) -> None:
        if seconds <= 0:
            self._queue.append((run_id, event))
            return
        self.timers.add(ScheduledEvent(self._clock() + seconds, run_id, event))

    # Effects

    def _perform(self, run: Run, effect: Effect) -> None:
        match effect:
            case Play():
                self.phones.play(run, effect)
            case SetTimer():
                self._schedule(run.run_id, effect.seconds, TimedOut(0.0, effect.wait))
            case Record():
                self.phones.record(run, effect)
            case Dial():
                self._switchboard.count_dial(effect.to)
                self.phones.ring(run, effect)
            case Bridge():
                self.phones.bridge(run, effect)
            case HangUp():
                self.conferences.leave(effect.leg)
            case SendText():
                self.phones.receive(run, effect)
            case Fetch():
                self.fetches.start(run.run_id, effect)
            case JoinConference():
                self.conferences.join(run, self._node(run, effect.node), effect)
            case PostCallback():
                self._post_callback(run, effect)
            case Ended():
                self._live.discard(run.run_id)
                self.phones.forget(run)
                self.conferences.forget(run)

    def _node(self, run: Run, name: str) -> FlowNode:
        return self.flows[run.phlo_id].nodes[name]

    def _post_callback(self, run: Run, effect: PostCallback) -> None:
        phlo = self.flows[run.phlo_id]
        if effect.node == "Start":
            callback, node_id = phlo.start.callback, ""
        else:
            callback, node_id = phlo.nodes[effect.node].callback, phlo.nodes[effect.node].node_id
        assert callback is not None
        variables = {**effect.variables, "state": effect.event}
        addressed = attrs.evolve(callback.callback, url=effect.url)
        self._post(run.run_id, (run.phlo_id, node_id), addressed, variables)


def _is_wanted(run: Run, event: FlowEvent) -> bool:
    if isinstance(event, MessageStatus):
        return event.message in run.messages
    if isinstance(event, WaitEvent):
        return event.wait in {wait.number for wait in waits_of(run)}
    leg = run.legs.get(event.leg) if isinstance(event, LegEvent) else None
    return leg is not None and leg.live
