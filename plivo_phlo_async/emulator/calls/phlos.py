"""What the emulator is told exists: PHLOs, their nodes, and what stands behind each address."""

import math
from enum import StrEnum

import attrs

DEMO_AUTH_ID = "MADEMO7461PHLOASYNC0"
"""The Auth ID the emulator knows by default: Plivo's form, nobody's account."""

DEMO_AUTH_TOKEN = "demo-token-that-only-the-emulator-knows"
"""The Auth Token that goes with `DEMO_AUTH_ID`."""

DEMO_PHLO_ID = "0f6b1c52-7d3a-4e8b-9a41-5c2d7e90b1a4"
"""The PHLO the emulator has by default."""

DEMO_NODE_ID = "a3d9e0c7-18f4-4b62-8c5d-6e7f20b9d135"
"""That PHLO's one multi-party-call node."""

CREATED_ON = "2020-08-01 09:05:11.846982+00:00"
"""When a PHLO or a node was made, unless it says otherwise, in Plivo's form."""


def _finite(_: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not math.isfinite(value):
        raise ValueError(f"{attribute.name}: give a finite number of seconds.")


class NodeType(StrEnum):
    """The nodes that can be acted on; the values are the path's words."""

    MULTI_PARTY_CALL = "multi_party_call"
    CONFERENCE_BRIDGE = "conference_bridge"


class PhoneBehaviour(StrEnum):
    """What a phone does when it is rung.

    `ANSWER`, `REJECT` and `VOICEMAIL` happen by themselves; `RING` waits for someone to answer or
    reject it; `NEVER` cannot even be told to answer.
    """

    ANSWER = "answer"
    RING = "ring"
    REJECT = "reject"
    VOICEMAIL = "voicemail"
    NEVER = "never"


@attrs.frozen
class Phone:
    """What stands behind an address.

    Attributes:
        does: what it does when it is rung.
        after: after how many seconds of ringing; of no account for a phone that waits to be told,
            and for one that never answers.

    Raises:
        ValueError: no phone does that, or the seconds are below 0 or not finite.
    """

    does: PhoneBehaviour = attrs.field(default=PhoneBehaviour.ANSWER, converter=PhoneBehaviour)
    after: float = attrs.field(default=0.0, validator=[attrs.validators.ge(0), _finite])

    @property
    def by_itself(self) -> bool:
        """Whether the phone does something with nobody telling it to."""
        return self.does not in (PhoneBehaviour.RING, PhoneBehaviour.NEVER)


@attrs.frozen
class EmulatedNode:
    """A node of an emulated PHLO.

    Attributes:
        node_id: its id.
        node_type: what it is, which is also its word in a path.
        name: its name.
        created_on: when it was made, in Plivo's form.
    """

    node_id: str
    node_type: NodeType = attrs.field(default=NodeType.MULTI_PARTY_CALL, converter=NodeType)
    name: str = "Multi-Party Call_1"
    created_on: str = CREATED_ON


@attrs.frozen
class EmulatedPhlo:
    """A PHLO the emulator is to know.

    Attributes:
        phlo_id: its id.
        name: its name.
        nodes: its nodes; no two have one id.
        created_on: when it was made, in Plivo's form.
    """

    phlo_id: str
    name: str = "Emulated PHLO"
    nodes: tuple[EmulatedNode, ...] = ()
    created_on: str = CREATED_ON


DEFAULT_PHONE = Phone()
"""What stands behind an address nothing was said about: it answers at once."""

DEMO_PHLO = EmulatedPhlo(DEMO_PHLO_ID, "Demo PHLO", (EmulatedNode(DEMO_NODE_ID),))
"""What the emulator knows when it is told nothing."""
