"""What exists in the emulator: PHLOs, their nodes, and the phone at each address."""

import math
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import attrs

DEMO_AUTH_ID = "MADEMO7461PHLOASYNC0"
"""The default Auth ID, in Plivo's form."""

DEMO_AUTH_TOKEN = "demo-token-that-only-the-emulator-knows"
"""The Auth Token of `DEMO_AUTH_ID`."""

DEMO_PHLO_ID = "0f6b1c52-7d3a-4e8b-9a41-5c2d7e90b1a4"
"""The id of the default PHLO."""

DEMO_NODE_ID = "a3d9e0c7-18f4-4b62-8c5d-6e7f20b9d135"
"""The id of its one multi-party-call node."""

DEMO_BRIDGE_ID = "6c58e1f4-2b97-4d03-a6e8-91f3d07b4c2e"
"""The id of its one conference-bridge node."""

CREATED_ON = "2020-08-01 09:05:11.846982+00:00"
"""The default creation time of a PHLO or a node, in Plivo's form."""

_MAX_PROMPTS = 100
_PRESSED = re.compile(r"[0-9*#]{0,100}").fullmatch


def _seconds(_: object, attribute: "attrs.Attribute[Any]", value: float) -> None:
    if not 0 <= value < math.inf:
        raise ValueError(f"{attribute.name}: give a finite number of seconds from 0.")


def _check_keys(_: object, attribute: "attrs.Attribute[Any]", value: tuple[str, ...]) -> None:
    if len(value) > _MAX_PROMPTS:
        raise ValueError(f"{attribute.name}: give {_MAX_PROMPTS} texts at most.")
    for number, keys in enumerate(value):
        if not isinstance(keys, str) or not _PRESSED(keys):
            raise ValueError(f"{attribute.name}[{number}]: give a text of 0 to 9, * and #.")


def _check_key(_: object, attribute: "attrs.Attribute[Any]", value: str) -> None:
    if not isinstance(value, str) or len(value) > 1 or not _PRESSED(value):
        raise ValueError(f"{attribute.name}: give one of 0 to 9, * and #, or an empty text.")


def _as_keys(value: Iterable[str]) -> tuple[str, ...]:
    if isinstance(value, str):
        raise ValueError("keys: give a list of texts, one for each prompt.")
    return tuple(value)


class NodeType(StrEnum):
    """The types of nodes that accept actions; the values are the words in the path."""

    MULTI_PARTY_CALL = "multi_party_call"
    CONFERENCE_BRIDGE = "conference_bridge"


class PhoneBehaviour(StrEnum):
    """What a phone does when it rings.

    `ANSWER`, `REJECT` and `VOICEMAIL` happen on their own; `RING` waits to be answered or rejected
    by hand; `NEVER` cannot be answered at all; `INVALID` is no phone: the call fails without
    ringing.
    """

    ANSWER = "answer"
    RING = "ring"
    REJECT = "reject"
    VOICEMAIL = "voicemail"
    NEVER = "never"
    INVALID = "invalid"


_AUTOMATIC = frozenset({PhoneBehaviour.ANSWER, PhoneBehaviour.REJECT, PhoneBehaviour.VOICEMAIL})


class SmsOutcome(StrEnum):
    """The final status of an SMS to a phone."""

    DELIVERED = "delivered"
    SENT = "sent"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    REJECTED = "rejected"


@attrs.frozen
class SmsScript:
    """What becomes of an SMS to a phone.

    Attributes:
        status: its final status.
        after: how many seconds after it is sent it has that.

    Raises:
        ValueError: the status is unknown, or the seconds are negative or not finite.
    """

    status: SmsOutcome = attrs.field(default=SmsOutcome.DELIVERED, converter=SmsOutcome)
    after: float = attrs.field(default=0.0, validator=_seconds)


def _as_sms(value: SmsScript | SmsOutcome | str) -> SmsScript:
    return value if isinstance(value, SmsScript) else SmsScript(SmsOutcome(value))


@attrs.frozen
class Phone:
    """The phone at an address.

    All but `does` and `after` is for PHLOs that the emulator runs.

    Attributes:
        does: what it does when it rings.
        after: how many seconds it rings first; ignored for `RING`, `NEVER` and `INVALID`.
        keys: the keys that it presses, a text for each prompt in their order; "" for none.
        confirm: the key that it presses where it has to accept a call, "" for none.
        talks: how many seconds after it was answered it hangs up, None for never.
        speaks: how many seconds it speaks into a recording, None for silence.
        sms: what becomes of an SMS to it: an `SmsScript`, or the final status.

    Raises:
        ValueError: the behaviour or the status is unknown, a key is none, or seconds are negative
            or not finite.
    """

    does: PhoneBehaviour = attrs.field(default=PhoneBehaviour.ANSWER, converter=PhoneBehaviour)
    after: float = attrs.field(default=0.0, validator=_seconds)
    keys: tuple[str, ...] = attrs.field(
        default=(), converter=_as_keys, validator=_check_keys, kw_only=True
    )
    confirm: str = attrs.field(default="", validator=_check_key, kw_only=True)
    talks: float | None = attrs.field(
        default=None, validator=attrs.validators.optional(_seconds), kw_only=True
    )
    speaks: float | None = attrs.field(
        default=None, validator=attrs.validators.optional(_seconds), kw_only=True
    )
    sms: SmsScript = attrs.field(default=SmsScript(), converter=_as_sms, kw_only=True)

    @property
    def automatic(self) -> bool:
        """Whether the phone acts on its own after it has rung."""
        return self.does in _AUTOMATIC


@attrs.frozen
class EmulatedNode:
    """A node of an emulated PHLO.

    Attributes:
        node_id: the node's id.
        node_type: its type, which is also its word in a path.
        name: its name.
        created_on: its creation time, in Plivo's form.
    """

    node_id: str
    node_type: NodeType = attrs.field(default=NodeType.MULTI_PARTY_CALL, converter=NodeType)
    name: str = "Multi-Party Call_1"
    created_on: str = CREATED_ON


@attrs.frozen
class EmulatedPhlo:
    """A PHLO of the emulator.

    Attributes:
        phlo_id: the PHLO's id.
        name: its name.
        nodes: its nodes, with distinct ids.
        created_on: its creation time, in Plivo's form.
    """

    phlo_id: str
    name: str = "Emulated PHLO"
    nodes: tuple[EmulatedNode, ...] = ()
    created_on: str = CREATED_ON


DEFAULT_PHONE = Phone()
"""The phone at an address that is not configured: it answers at once."""

DEMO_PHLO = EmulatedPhlo(
    DEMO_PHLO_ID,
    "Demo PHLO",
    (
        EmulatedNode(DEMO_NODE_ID),
        EmulatedNode(DEMO_BRIDGE_ID, NodeType.CONFERENCE_BRIDGE, "Conference Bridge_1"),
    ),
)
"""The default PHLO."""
