"""Events: what happens to a run. Each has its time in seconds since 1970."""

from __future__ import annotations

import attrs

__all__ = [
    "Answered",
    "Busy",
    "ConferenceEnded",
    "Failed",
    "FlowEvent",
    "HungUp",
    "Joined",
    "Left",
    "Machine",
    "MessageStatus",
    "NoAnswer",
    "Played",
    "Pressed",
    "Recorded",
    "Replied",
    "Stopped",
    "TimedOut",
    "Unreachable",
]


@attrs.frozen
class Played:
    """A prompt was played to its end, for the wait with a number."""

    at: float
    wait: int


@attrs.frozen
class TimedOut:
    """The timer of a wait has run out."""

    at: float
    wait: int


@attrs.frozen
class Recorded:
    """A recording of some seconds has ended, for the wait with a number."""

    at: float
    wait: int
    seconds: float


@attrs.frozen
class Replied:
    """The response to an HTTP request, for the wait with a number."""

    at: float
    wait: int
    status: int
    content_type: str = ""
    text: str = ""


@attrs.frozen
class Unreachable:
    """No response came to an HTTP request, for the wait with a number."""

    at: float
    wait: int
    reason: str


@attrs.frozen
class Joined:
    """The call of a wait has joined a conference."""

    at: float
    wait: int
    conference_uuid: str
    member_id: str = ""


@attrs.frozen
class ConferenceEnded:
    """The last member has left the conference of a wait, or it failed."""

    at: float
    wait: int
    failed: bool = False


@attrs.frozen
class Pressed:
    """A key was pressed on the phone of a leg."""

    at: float
    leg: str
    key: str


@attrs.frozen
class HungUp:
    """The phone of a leg has hung up, after it has spoken for some seconds of a recording."""

    at: float
    leg: str
    spoken: float = 0.0


@attrs.frozen
class Left:
    """A leg has left its conference."""

    at: float
    leg: str


@attrs.frozen
class Answered:
    """A person has answered a leg."""

    at: float
    leg: str


@attrs.frozen
class Machine:
    """A machine has answered a leg."""

    at: float
    leg: str


@attrs.frozen
class Busy:
    """A leg was rejected, or its line is busy."""

    at: float
    leg: str


@attrs.frozen
class NoAnswer:
    """A leg has stopped to ring without an answer."""

    at: float
    leg: str


@attrs.frozen
class Failed:
    """A leg could not be dialled."""

    at: float
    leg: str


@attrs.frozen
class MessageStatus:
    """The status of a message has changed."""

    at: float
    message: str
    status: str
    error_code: str = ""


@attrs.frozen
class Stopped:
    """A person has stopped the run."""

    at: float
    reason: str = "stopped by hand"


WaitEvent = Played | TimedOut | Recorded | Replied | Unreachable | Joined | ConferenceEnded
"""An event for the wait with its number."""

LegEvent = Pressed | HungUp | Left | Answered | Machine | Busy | NoAnswer | Failed
"""An event for its leg."""

FlowEvent = WaitEvent | LegEvent | MessageStatus | Stopped
"""Any event."""
