"""The phones of a flow: what they hear, receive and do when it calls them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ...calls.members import canonical_address
from ...calls.phlos import Phone, PhoneBehaviour, SmsOutcome
from ...calls.phones import PhoneRegistry
from ..engine.effects import Bridge, Dial, Play, Record, SendText
from ..engine.events import (
    Answered,
    Busy,
    Failed,
    FlowEvent,
    HungUp,
    Machine,
    MessageStatus,
    Played,
    Pressed,
    Recorded,
)
from ..engine.values import Run
from ..graph import Prompt

__all__ = ["FlowPhones", "PhoneState", "ReceivedText"]

AUDIO_SECONDS = 3.0
"""How long the audio of a URL lasts (assumed)."""

HEARD_LIMIT = 1000
"""How many of the latest prompts and texts of a phone are kept."""

PHONE_LIMIT = 10_000
"""How many phones are kept; the oldest that is in no call is forgotten."""

Schedule = Callable[[str, float, FlowEvent], None]
"""Schedules an event of a run after some seconds of the clock."""

KeepTimers = Callable[[str, Callable[[FlowEvent], bool]], None]
"""Cancels the scheduled events of a run that are not wanted."""

_RINGS: Mapping[PhoneBehaviour, type[Answered] | type[Busy] | type[Machine]] = {
    PhoneBehaviour.ANSWER: Answered,
    PhoneBehaviour.REJECT: Busy,
    PhoneBehaviour.VOICEMAIL: Machine,
}


@attrs.frozen
class ReceivedText:
    """A message that a phone has received."""

    from_: str
    text: str
    media: tuple[str, ...] = ()


@attrs.define
class PhoneState:
    """What has happened at a phone.

    Attributes:
        heard: the latest prompts it has heard, as rendered.
        received: the latest messages it has received.
        legs: the ids of runs and legs that it is or was in.
        heard_count: how many prompts it has heard.
        received_count: how many messages it has received.
    """

    heard: list[str] = attrs.field(factory=list)
    received: list[ReceivedText] = attrs.field(factory=list)
    legs: list[tuple[str, str]] = attrs.field(factory=list)
    heard_count: int = 0
    received_count: int = 0

    def hear(self, text: str) -> None:
        """Note a prompt."""
        self.heard_count += 1
        self.heard.append(text)
        del self.heard[:-HEARD_LIMIT]

    def receive(self, text: ReceivedText) -> None:
        """Note a message."""
        self.received_count += 1
        self.received.append(text)
        del self.received[:-HEARD_LIMIT]


@attrs.define
class _Recording:
    """A recording in progress: its wait, and from when until when the phone speaks."""

    wait: int
    silence: float
    finish_on: str
    began: float
    until: float


class FlowPhones:
    """The phones by address.

    Args:
        registry: what each phone does.
        schedule: schedules an event of a run.
        keep_timers: cancels the scheduled events of a run that are not wanted.
        now: returns the second of the clock at which something happens.
        prompt_speed: returns the characters of a prompt a second, None for prompts without length.
    """

    def __init__(
        self,
        registry: PhoneRegistry,
        schedule: Schedule,
        keep_timers: KeepTimers,
        now: Callable[[], float],
        prompt_speed: Callable[[], float | None],
    ) -> None:
        self._registry = registry
        self._schedule, self._keep_timers = schedule, keep_timers
        self._now = now
        self._prompt_speed = prompt_speed
        self.reset()

    def reset(self) -> None:
        """Forget what every phone has heard and received."""
        self._states: dict[str, PhoneState] = {}
        self._entries: dict[str, int] = {}
        self._recordings: dict[str, _Recording] = {}

    def dump(self) -> dict[str, Any]:
        """Return how far the scripts and the recordings are, as JSON data."""
        recordings = {leg: attrs.asdict(one) for leg, one in self._recordings.items()}
        return {"entries": dict(self._entries), "recordings": recordings}

    def restore(self, dumped: Mapping[str, Any]) -> None:
        """Restore what `dump` returned."""
        self._entries = {leg: int(entry) for leg, entry in dumped["entries"].items()}
        self._recordings = {leg: _Recording(**one) for leg, one in dumped["recordings"].items()}

    def at(self, address: str) -> PhoneState:
        """Return what has happened at a phone."""
        return self._states.get(canonical_address(address), PhoneState())

    @property
    def texted(self) -> list[str]:
        """The addresses of the phones that have received texts."""
        return [address for address, state in self._states.items() if state.received]

    def note(self, address: str) -> PhoneState:
        """Return what has happened at a phone, to add to it."""
        canonical = canonical_address(address)
        if canonical not in self._states:
            self._make_room()
            self._states[canonical] = PhoneState()
        return self._states[canonical]

    def _make_room(self) -> None:
        if len(self._states) >= PHONE_LIMIT:
            idle = (address for address, state in self._states.items() if not state.legs)
            self._states.pop(next(idle, ""), None)

    def look(self, address: str) -> PhoneState:
        """Return what has happened at a phone, without an entry for one that is unknown."""
        return self._states.get(canonical_address(address)) or PhoneState()

    def enter(self, run: Run, leg: str) -> None:
        """Note that a phone has called; a caller who talks for a while then hangs up."""
        address = run.legs[leg].phone
        self.note(address).legs.append((run.run_id, leg))
        self._talk(run.run_id, leg, self._registry.at(address))

    def forget(self, run: Run) -> None:
        """Forget the calls of a run that has ended."""
        for leg in run.legs.values():
            state = self.at(leg.phone)
            state.legs = [one for one in state.legs if one[1] != leg.uuid]
            self._entries.pop(leg.uuid, None)
            self._recordings.pop(leg.uuid, None)

    # What a flow does

    def ring(self, run: Run, effect: Dial) -> None:
        """Ring a phone; it does what it is configured to."""
        phone = self._registry.ring(effect.to)
        self.note(effect.to).legs.append((run.run_id, effect.leg))
        if phone.does is PhoneBehaviour.INVALID:
            self._schedule(run.run_id, 0.0, Failed(0.0, effect.leg))
        elif phone.automatic:
            self._schedule(run.run_id, phone.after, _RINGS[phone.does](0.0, effect.leg))

    def answered(self, run: Run, leg: str) -> None:
        """Note that a phone was answered; it hangs up after a while, if it is configured to."""
        if not run.legs[leg].parent:
            self._talk(run.run_id, leg, self._registry.at(run.legs[leg].phone))

    def bridge(self, run: Run, effect: Bridge) -> None:
        """Connect two phones."""
        self._talk(run.run_id, effect.other, self._registry.at(run.legs[effect.other].phone))

    def play(self, run: Run, effect: Play) -> None:
        """Let a phone hear a prompt, and press the keys of its script at the end."""
        address = run.legs[effect.leg].phone
        self.hear(address, effect.prompts)
        seconds = self._duration(effect.prompts)
        self._schedule(run.run_id, seconds, Played(0.0, effect.wait))
        for key in self._keys(effect, self._registry.at(address)):
            self._schedule(run.run_id, seconds, Pressed(0.0, effect.leg, key))

    def hear(self, address: str, prompts: tuple[Prompt, ...]) -> None:
        """Let a phone hear a prompt, unless it is empty."""
        text = " ".join(one.speak or one.play for one in prompts)
        if text:
            self.note(address).hear(text)

    def record(self, run: Run, effect: Record) -> None:
        """Record what a phone says: as long as its script has it speak, then the silence."""
        phone = self._registry.at(run.legs[effect.leg].phone)
        now = self._now()
        recording = _Recording(effect.wait, effect.silence, effect.finish_on, now, now)
        self._recordings[effect.leg] = recording
        self._speak(run.run_id, recording, phone.speaks or 0.0)

    def receive(self, run: Run, effect: SendText) -> None:
        """Deliver a message to a phone, with the status of its script."""
        sms = self._registry.at(effect.to).sms
        if sms.status in (SmsOutcome.SENT, SmsOutcome.DELIVERED):
            text = ReceivedText(effect.from_, effect.text, effect.media)
            self.note(effect.to).receive(text)
        if sms.status is SmsOutcome.DELIVERED:
            self._schedule(run.run_id, 0.0, MessageStatus(0.0, effect.message, "sent"))
        final = MessageStatus(0.0, effect.message, sms.status.value)
        self._schedule(run.run_id, sms.after, final)

    # What people do

    def speak(self, run: Run, leg: str, seconds: float) -> bool:
        """Speak for a recording; returns whether there is one."""
        recording = self._recording_of(run, leg)
        if recording is None:
            return False
        self._speak(run.run_id, recording, seconds)
        return True

    def ends_recording(self, run: Run, leg: str, key: str) -> Recorded | None:
        """Return the end of a phone's recording, None where a key does not end it."""
        recording = self._recording_of(run, leg)
        if recording is None or key not in recording.finish_on:
            return None
        return Recorded(0.0, recording.wait, self._length(recording))

    def recorded_seconds(self, run: Run, leg: str) -> float | None:
        """Return how long a phone's recording is, None where there is none."""
        recording = self._recording_of(run, leg)
        return None if recording is None else self._length(recording)

    def _recording_of(self, run: Run, leg: str) -> _Recording | None:
        recording = self._recordings.get(leg)
        found = recording is not None and _is_recording(run, leg, recording.wait)
        return recording if found else None

    def _length(self, recording: _Recording) -> float:
        return max(recording.until, self._now()) - recording.began

    def _speak(self, run_id: str, recording: _Recording, seconds: float) -> None:
        now, wait = self._now(), recording.wait
        recording.until = max(recording.until, now) + seconds
        end = recording.until + recording.silence
        self._keep_timers(run_id, lambda one: not (isinstance(one, Recorded) and one.wait == wait))
        self._schedule(run_id, end - now, Recorded(0.0, wait, end - recording.began))

    def _talk(self, run_id: str, leg: str, phone: Phone) -> None:
        if phone.talks is not None:
            self._schedule(run_id, phone.talks, HungUp(0.0, leg))

    def _keys(self, effect: Play, phone: Phone) -> str:
        if effect.confirms:
            return phone.confirm
        if not effect.accepts_keys:
            return ""
        entry = self._entries.get(effect.leg, 0)
        self._entries[effect.leg] = entry + 1
        return phone.keys[entry] if entry < len(phone.keys) else ""

    def _duration(self, prompts: tuple[Prompt, ...]) -> float:
        speed = self._prompt_speed()
        if speed is None:
            return 0.0
        return sum(AUDIO_SECONDS if one.play else len(one.speak) / speed for one in prompts)


def _is_recording(run: Run, leg: str, wait: int) -> bool:
    token = next((one for one in run.tokens if one.leg == leg), None)
    return token is not None and token.wait is not None and token.wait.number == wait
