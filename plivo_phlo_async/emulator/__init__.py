"""An emulator of Plivo's PHLO runner: multi-party calls with no telephone and no account.

`PhloEmulator` is an ASGI application, so a client can be given it in process with no socket; the
`server` module puts it on one.
"""

from .app import PhloEmulator
from .members import Call, Member, MemberState, Role, Transfer, TransferKind
from .phlos import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    EmulatedNode,
    EmulatedPhlo,
    NodeType,
    PhoneBehaviour,
)
from .refusals import NotHere, NotNow, Refusal
from .routes import ReceivedRequest
from .switchboard import LogEntry

__all__ = [
    "DEMO_AUTH_ID",
    "DEMO_AUTH_TOKEN",
    "DEMO_NODE_ID",
    "DEMO_PHLO_ID",
    "Call",
    "EmulatedNode",
    "EmulatedPhlo",
    "LogEntry",
    "Member",
    "MemberState",
    "NodeType",
    "NotHere",
    "NotNow",
    "PhloEmulator",
    "PhoneBehaviour",
    "ReceivedRequest",
    "Refusal",
    "Role",
    "Transfer",
    "TransferKind",
]
