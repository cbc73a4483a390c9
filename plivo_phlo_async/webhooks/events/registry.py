"""The event class of each component."""

from __future__ import annotations

from collections.abc import Mapping

from .base import Event
from .call import GetInputEvent, HangupEvent, IvrMenuEvent, PlayAudioEvent, RecordAudioEvent
from .conference import ConferenceBridgeEvent, MultiPartyCallEvent
from .dialled import CallForwardEvent, InitiateCallEvent
from .enums import Component
from .logic import BranchEvent, CounterEvent, HttpRequestEvent
from .message import SendSmsEvent
from .start import StartEvent

__all__ = ["EVENTS"]

EVENTS: Mapping[Component, type[Event]] = {
    Component.START: StartEvent,
    Component.SEND_SMS: SendSmsEvent,
    Component.IVR_MENU: IvrMenuEvent,
    Component.GET_INPUT: GetInputEvent,
    Component.INITIATE_CALL: InitiateCallEvent,
    Component.CALL_FORWARD: CallForwardEvent,
    Component.HANGUP: HangupEvent,
    Component.PLAY_AUDIO: PlayAudioEvent,
    Component.RECORD_AUDIO: RecordAudioEvent,
    Component.MULTI_PARTY_CALL: MultiPartyCallEvent,
    Component.CONFERENCE_BRIDGE: ConferenceBridgeEvent,
    Component.HTTP_REQUEST: HttpRequestEvent,
    Component.COUNTER: CounterEvent,
    Component.BRANCH: BranchEvent,
}
"""The event class of each component, in the order of Plivo's documentation."""
