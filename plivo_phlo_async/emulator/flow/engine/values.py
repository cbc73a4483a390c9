"""A run as a value: its tokens, what they wait for, its call legs and what has happened."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import attrs

__all__ = [
    "Leg",
    "LegState",
    "ReachedState",
    "Run",
    "RunMessage",
    "RunRecording",
    "Token",
    "VisitedNode",
    "Wait",
    "WaitKind",
    "waits_of",
]


class WaitKind(StrEnum):
    """What a token waits for."""

    PROMPT = "prompt"
    KEYS = "keys"
    RING = "ring"
    FORWARD = "forward"
    CONFIRM_PROMPT = "confirm prompt"
    CONFIRM_KEY = "confirm key"
    BRIDGE = "bridged call"
    RECORDING = "recording"
    MESSAGE = "message status"
    RESPONSE = "HTTP response"
    CONFERENCE = "conference"


class LegState(StrEnum):
    """The state of a call leg."""

    RINGING = "ringing"
    UP = "up"
    ENDED = "ended"


@attrs.frozen
class Wait:
    """What a token waits for.

    Attributes:
        number: its number in the run, by which events find it.
        kind: its kind.
        at: when it began, in seconds since 1970.
        seconds: after how many seconds its timer ends it, None for no timer.
        leg: the leg that it concerns, "" for none.
        subject: the id of the message or recording that it concerns, "" for none.
        digits: the keys that were pressed so far.
        attempts: the legs that a Call Forward is trying, as waits.
        pending: the addresses that a Call Forward tries next.
    """

    number: int
    kind: WaitKind
    at: float
    seconds: float | None = None
    leg: str = ""
    subject: str = ""
    digits: str = ""
    attempts: tuple[Wait, ...] = ()
    pending: tuple[str, ...] = ()


@attrs.frozen
class Token:
    """A place where the run is.

    Attributes:
        number: its number in the run, from 1.
        node: the name of its node.
        wait: what it waits for; None only while a step moves it.
        leg: the call that it controls, "" for none.
        idle: how many nodes it has visited since it last waited.
    """

    number: int
    node: str
    wait: Wait | None = None
    leg: str = ""
    idle: int = 0


@attrs.frozen
class Leg:
    """A call to or from one phone.

    Attributes:
        uuid: its id, the call's UUID.
        token: the number of the token that it belongs to.
        node: the name of the node that dialled it, "Start" for an incoming call.
        from_: the address of the caller, or the caller ID.
        to: the address that is called.
        direction: "inbound" or "outbound", from Plivo's side.
        state: its state.
        started_at: when it began, in seconds since 1970.
        answered_at: when it was answered, None while it is not.
        ended_at: when it ended, None while it has not.
        cause: the code of the hangup cause, "" while it has not ended.
        parent: the leg that it is forwarded from, "" for none.
        machine: whether a machine has answered, and was detected.
        connected: whether a component has used the call, besides Hangup.
        recording_id: the id of its recording, "" for none.
    """

    uuid: str
    token: int
    node: str
    from_: str
    to: str
    direction: str
    state: LegState
    started_at: float
    answered_at: float | None = None
    ended_at: float | None = None
    cause: str = ""
    parent: str = ""
    machine: bool = False
    connected: bool = False
    recording_id: str = ""

    @property
    def live(self) -> bool:
        """Whether it has not ended."""
        return self.state is not LegState.ENDED

    @property
    def phone(self) -> str:
        """The address of the phone: the caller's, or the one that is called."""
        return self.from_ if self.direction == "inbound" else self.to


@attrs.frozen
class RunMessage:
    """A message that a run has sent.

    Attributes:
        uuid: its id.
        node: the name of the node that sent it.
        from_: the sender.
        to: the recipient.
        text: the text.
        media: the URLs of its media.
        status: its delivery status.
        error_code: the carrier's code, "" for none.
    """

    uuid: str
    node: str
    from_: str
    to: str
    text: str
    media: tuple[str, ...] = ()
    status: str = "queued"
    error_code: str = ""


@attrs.frozen
class RunRecording:
    """A recording that a run has made.

    Attributes:
        recording_id: its id.
        node: the name of the node that made it.
        leg: the leg that it is of.
        started_at: when it began, in seconds since 1970.
        seconds: how long it lasts.
    """

    recording_id: str
    node: str
    leg: str
    started_at: float
    seconds: float


@attrs.frozen
class VisitedNode:
    """A node of the path: which token came when."""

    token: int
    node: str
    at: float


@attrs.frozen
class ReachedState:
    """A state that a node has reached.

    Attributes:
        token: the number of the token.
        node: the name of the node.
        state: the state.
        at: when, in seconds since 1970.
        variables: the variables of the node then, where they are short.
    """

    token: int
    node: str
    state: str
    at: float
    variables: Mapping[str, object] = attrs.field(factory=dict)


@attrs.frozen
class Run:
    """A run of a PHLO.

    Attributes:
        run_id: its id.
        phlo_id: the id of the PHLO.
        trigger: what started it.
        started_at: when it began, in seconds since 1970.
        base_url: the URL of the emulator, for the URLs of recordings.
        outputs: the variables of each visited node by name; those of Start under "Start".
        counts: how often each Counter was visited.
        tokens: where it is; none once it has ended.
        legs: its calls by id, in the order they began.
        path: the nodes it has visited.
        states: the states that its nodes have reached.
        messages: its messages by id.
        recordings: its recordings, in the order they ended.
        notes: lines for a person about what went wrong without ending it.
        steps: how many nodes it has visited.
        last_wait: the number of the last wait.
        last_token: the number of the last token.
        last_id: the number of the last id.
        ended: why it ended, None while it has not.
        ended_at: when it ended, None while it has not.
    """

    run_id: str
    phlo_id: str
    trigger: str
    started_at: float
    base_url: str = ""
    outputs: Mapping[str, Mapping[str, object]] = attrs.field(factory=dict)
    counts: Mapping[str, int] = attrs.field(factory=dict)
    tokens: tuple[Token, ...] = ()
    legs: Mapping[str, Leg] = attrs.field(factory=dict)
    path: tuple[VisitedNode, ...] = ()
    states: tuple[ReachedState, ...] = ()
    messages: Mapping[str, RunMessage] = attrs.field(factory=dict)
    recordings: tuple[RunRecording, ...] = ()
    notes: tuple[str, ...] = ()
    steps: int = 0
    last_wait: int = 0
    last_token: int = 0
    last_id: int = 0
    ended: str | None = None
    ended_at: float | None = None


def waits_of(run: Run) -> list[Wait]:
    """Return everything that a run waits for, each attempt of a Call Forward as well."""
    found = [token.wait for token in run.tokens if token.wait is not None]
    return found + [attempt for wait in found for attempt in wait.attempts]
