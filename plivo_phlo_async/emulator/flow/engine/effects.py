"""Effects: what a step asks the emulator to do."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..graph import Prompt

__all__ = [
    "Bridge",
    "Dial",
    "Effect",
    "Ended",
    "Fetch",
    "HangUp",
    "JoinConference",
    "Play",
    "PostCallback",
    "Record",
    "SendText",
    "SetTimer",
]


@attrs.frozen
class Play:
    """Play prompts on a leg; `Played` answers it.

    Attributes:
        wait: the number of the wait.
        leg: the leg that hears them.
        prompts: the rendered prompts.
        accepts_keys: whether the component asks for keys.
        confirms: whether it asks for the key that accepts a forwarded call.
    """

    wait: int
    leg: str
    prompts: tuple[Prompt, ...]
    accepts_keys: bool = False
    confirms: bool = False


@attrs.frozen
class SetTimer:
    """Send `TimedOut` for a wait after some seconds."""

    wait: int
    seconds: float


@attrs.frozen
class Record:
    """Record a leg; `Recorded` answers it.

    Attributes:
        wait: the number of the wait.
        leg: the leg.
        recording_id: the id of the recording.
        silence: how many seconds of silence end it.
        longest: how many seconds it may last.
        finish_on: the keys that end it.
        beep: whether a beep comes first.
    """

    wait: int
    leg: str
    recording_id: str
    silence: float
    longest: float
    finish_on: str
    beep: bool


@attrs.frozen
class Dial:
    """Ring a phone; `Answered`, `Machine`, `Busy`, `NoAnswer` or `Failed` answers it.

    Attributes:
        leg: the new leg.
        from_: the caller ID.
        to: the address.
        extension: the digits to dial on the answer, "" for none.
        headers: SIP headers.
    """

    leg: str
    from_: str
    to: str
    extension: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen
class Bridge:
    """Connect two legs."""

    leg: str
    other: str


@attrs.frozen
class HangUp:
    """End a leg, with the code of the cause."""

    leg: str
    cause: str


@attrs.frozen
class SendText:
    """Send a message; `MessageStatus` answers it."""

    message: str
    from_: str
    to: str
    text: str
    media: tuple[str, ...] = ()


@attrs.frozen
class Fetch:
    """Send an HTTP request; `Replied` or `Unreachable` answers it.

    Attributes:
        wait: the number of the wait.
        method: the HTTP method.
        url: the URL.
        headers: the headers.
        params: the parameters for the query.
        body: one of `{"json": value}`, `{"form": pairs}` and `{"multipart": pairs}`; {} for none.
        auth: one of `{"basic": (user, password)}` and `{"bearer": token}`; {} for none.
    """

    wait: int
    method: str
    url: str
    headers: Mapping[str, str]
    params: Mapping[str, str]
    body: Mapping[str, object]
    auth: Mapping[str, object]


@attrs.frozen
class JoinConference:
    """Join a conference; `Joined`, `Left` and `ConferenceEnded` answer it.

    Attributes:
        wait: the number of the wait.
        node: the name of the node.
        leg: the leg that joins, "" for none.
        conference: the name of the conference.
        role: the role of the leg.
        from_: the caller ID for those dialled.
        to: the addresses to dial.
        mute: whether a member is muted at first.
        prompts: what the leg hears.
    """

    wait: int
    node: str
    leg: str
    conference: str
    role: str
    from_: str
    to: tuple[str, ...]
    mute: bool
    prompts: tuple[Prompt, ...]


@attrs.frozen
class PostCallback:
    """Send an event to the callback of a node.

    Attributes:
        node: the name of the node.
        url: the URL, rendered.
        event: the state or the further event.
        variables: the component's variables.
    """

    node: str
    url: str
    event: str
    variables: Mapping[str, object]


@attrs.frozen
class Ended:
    """The run has ended, for this reason."""

    reason: str


Effect = (
    Play
    | SetTimer
    | Record
    | Dial
    | Bridge
    | HangUp
    | SendText
    | Fetch
    | JoinConference
    | PostCallback
    | Ended
)
"""Any effect."""
