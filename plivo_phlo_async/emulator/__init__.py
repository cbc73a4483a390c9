"""An emulator of Plivo's PHLO runner: multi-party calls without a telephone or an account.

`PhloEmulator` is an ASGI application: a client can use it in process, without a socket; the
`server` module serves it on one.
"""

from .calls.log_entry import LogEntry
from .calls.members import Call, CallMember, MemberRole, MemberState, Transfer, TransferKind
from .calls.phlos import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    DEMO_BRIDGE_ID,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    EmulatedNode,
    EmulatedPhlo,
    NodeType,
    Phone,
    PhoneBehaviour,
    SmsOutcome,
    SmsScript,
)
from .calls.phone_mix import PhoneMix, PhoneShare, read_phone_mix
from .dashboard.request_log import RequestLogEntry
from .errors import ApiError, CallError, EmulatorError, InvalidState, MemberNotFound
from .faults.injection import BrokenExchange
from .faults.rules import FaultKind, FaultRule
from .flow_runs import FlowRun, SimulatedPhone
from .http.routes import ReceivedRequest
from .phlo_emulator import PhloEmulator
from .seed import Seed, load_seed, read_seed
from .webhooks.callbacks import Callback
from .webhooks.delivery import Delivery
from .webhooks.http_client import WebhookRequest

__all__ = [
    "DEMO_AUTH_ID",
    "DEMO_AUTH_TOKEN",
    "DEMO_BRIDGE_ID",
    "DEMO_NODE_ID",
    "DEMO_PHLO_ID",
    "ApiError",
    "BrokenExchange",
    "Call",
    "CallError",
    "CallMember",
    "Callback",
    "Delivery",
    "EmulatedNode",
    "EmulatedPhlo",
    "EmulatorError",
    "FaultKind",
    "FaultRule",
    "FlowRun",
    "InvalidState",
    "LogEntry",
    "MemberNotFound",
    "MemberRole",
    "MemberState",
    "NodeType",
    "PhloEmulator",
    "Phone",
    "PhoneBehaviour",
    "PhoneMix",
    "PhoneShare",
    "ReceivedRequest",
    "RequestLogEntry",
    "Seed",
    "SimulatedPhone",
    "SmsOutcome",
    "SmsScript",
    "Transfer",
    "TransferKind",
    "WebhookRequest",
    "load_seed",
    "read_phone_mix",
    "read_seed",
]
