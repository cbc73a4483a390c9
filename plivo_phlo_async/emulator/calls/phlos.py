"""What exists in the emulator: PHLOs, their nodes, and the phone at each address."""

import math
from enum import StrEnum

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


def _finite(_: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not math.isfinite(value):
        raise ValueError(f"{attribute.name}: give a finite number of seconds.")


class NodeType(StrEnum):
    """The types of nodes that accept actions; the values are the words in the path."""

    MULTI_PARTY_CALL = "multi_party_call"
    CONFERENCE_BRIDGE = "conference_bridge"


class PhoneBehaviour(StrEnum):
    """What a phone does when it rings.

    `ANSWER`, `REJECT` and `VOICEMAIL` happen on their own; `RING` waits to be answered or rejected
    by hand; `NEVER` cannot be answered at all.
    """

    ANSWER = "answer"
    RING = "ring"
    REJECT = "reject"
    VOICEMAIL = "voicemail"
    NEVER = "never"


@attrs.frozen
class Phone:
    """The phone at an address.

    Attributes:
        does: what it does when it rings.
        after: how many seconds it rings first; ignored for `RING` and `NEVER`.

    Raises:
        ValueError: the behaviour is unknown, or the seconds are negative or not finite.
    """

    does: PhoneBehaviour = attrs.field(default=PhoneBehaviour.ANSWER, converter=PhoneBehaviour)
    after: float = attrs.field(default=0.0, validator=[attrs.validators.ge(0), _finite])

    @property
    def automatic(self) -> bool:
        """Whether the phone acts on its own."""
        return self.does not in (PhoneBehaviour.RING, PhoneBehaviour.NEVER)


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
