"""Webhooks of a PHLO: verified and parsed into typed events.

`verify_v3` and `verify_v2` verify a request's signature, `parse_request` parses it into an event,
and `receive` does both. For servers: `webhooks.fastapi`, `webhooks.aiohttp` and, for any other
framework, `WebhookApp`. `MemberTracker` tracks the members of each call and waits
for what they do.
"""

from __future__ import annotations

from .._addresses import same_address
from .asgi import WebhookApp
from .conference_members import MemberChange, MemberChangeKind, TrackedMember
from .diagnosis import Diagnosis, Difference, diagnose
from .events.base import Event
from .events.call import (
    GetInputEvent,
    HangupEvent,
    IvrMenuEvent,
    PlayAudioEvent,
    RecordAudioEvent,
)
from .events.conference import ConferenceBridgeEvent, ConferenceEvent, MultiPartyCallEvent
from .events.dialled import CallForwardEvent, DialledCallEvent, InitiateCallEvent
from .events.enums import (
    BranchState,
    CallForwardState,
    CallStatus,
    Component,
    ConferenceAction,
    ConferenceBridgeState,
    CounterState,
    DialStatus,
    Direction,
    GetInputState,
    HangupState,
    HttpRequestState,
    InitiateCallState,
    InputType,
    IvrMenuState,
    Leg,
    MessageStatus,
    MessageType,
    MultiPartyCallState,
    PlayAudioState,
    RecordAudioState,
    RequestType,
    SendSmsState,
    StartState,
)
from .events.logic import BranchEvent, CounterEvent, HttpRequestEvent
from .events.message import SendSmsEvent
from .events.parsing import parse, parse_request
from .events.registry import EVENTS
from .events.start import StartCallEvent, StartEvent, StartMessageEvent, StartRequestEvent
from .expectations import CallEndExpectation, MemberChanges, MemberExpectation
from .members import MemberTracker
from .nonces import AsyncNonceStore, MemoryNonces, NonceStore
from .receiver import Receiver, Rejected, receive
from .signature import sign_v2, sign_v3
from .verification import verify_v2, verify_v3

__all__ = [
    "EVENTS",
    "AsyncNonceStore",
    "BranchEvent",
    "BranchState",
    "CallEndExpectation",
    "CallForwardEvent",
    "CallForwardState",
    "CallStatus",
    "Component",
    "ConferenceAction",
    "ConferenceBridgeEvent",
    "ConferenceBridgeState",
    "ConferenceEvent",
    "CounterEvent",
    "CounterState",
    "Diagnosis",
    "DialStatus",
    "DialledCallEvent",
    "Difference",
    "Direction",
    "Event",
    "GetInputEvent",
    "GetInputState",
    "HangupEvent",
    "HangupState",
    "HttpRequestEvent",
    "HttpRequestState",
    "InitiateCallEvent",
    "InitiateCallState",
    "InputType",
    "IvrMenuEvent",
    "IvrMenuState",
    "Leg",
    "MemberChange",
    "MemberChangeKind",
    "MemberChanges",
    "MemberExpectation",
    "MemberTracker",
    "MemoryNonces",
    "MessageStatus",
    "MessageType",
    "MultiPartyCallEvent",
    "MultiPartyCallState",
    "NonceStore",
    "PlayAudioEvent",
    "PlayAudioState",
    "Receiver",
    "RecordAudioEvent",
    "RecordAudioState",
    "Rejected",
    "RequestType",
    "SendSmsEvent",
    "SendSmsState",
    "StartCallEvent",
    "StartEvent",
    "StartMessageEvent",
    "StartRequestEvent",
    "StartState",
    "TrackedMember",
    "WebhookApp",
    "diagnose",
    "parse",
    "parse_request",
    "receive",
    "same_address",
    "sign_v2",
    "sign_v3",
    "verify_v2",
    "verify_v3",
]
