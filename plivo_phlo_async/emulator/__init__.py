"""An emulator of Plivo's PHLO runner: multi-party calls with no telephone and no account.

`PhloEmulator` is an ASGI application, so a client can be given it in process with no socket; the
`server` module puts it on one.
"""

from .app import PhloEmulator
from .calls.log_entry import LogEntry
from .calls.members import Call, Member, MemberState, Role, Transfer, TransferKind
from .calls.phlos import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    EmulatedNode,
    EmulatedPhlo,
    NodeType,
    Phone,
    PhoneBehaviour,
)
from .dashboard.request_log import Answered
from .errors import NotHere, NotNow, Refusal
from .faults.injection import BrokenExchange
from .faults.rules import FaultKind, FaultRule
from .http.routes import ReceivedRequest
from .seed import Seed, load_seed, read_seed
from .webhooks.callbacks import Callback, Letter
from .webhooks.deliveries import Delivery

__all__ = [
    "DEMO_AUTH_ID",
    "DEMO_AUTH_TOKEN",
    "DEMO_NODE_ID",
    "DEMO_PHLO_ID",
    "Answered",
    "BrokenExchange",
    "Call",
    "Callback",
    "Delivery",
    "EmulatedNode",
    "EmulatedPhlo",
    "FaultKind",
    "FaultRule",
    "Letter",
    "LogEntry",
    "Member",
    "MemberState",
    "NodeType",
    "NotHere",
    "NotNow",
    "PhloEmulator",
    "Phone",
    "PhoneBehaviour",
    "ReceivedRequest",
    "Refusal",
    "Role",
    "Seed",
    "Transfer",
    "TransferKind",
    "load_seed",
    "read_seed",
]
