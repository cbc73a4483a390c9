"""What the components that work on a call tell.

https://docs.plivo.com/docs/phlo/components-library
"""

# ruff: noqa: RUF009 - `variable` and `ends_in` make attrs fields, no values that are shared

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from attrs import frozen

from .fields import Event, ends_in, variable
from .reading import ADDRESS, FLAG, INSTANT, MILLISECONDS, MONEY, SECONDS, TEXT, one_of
from .vocabulary import (
    CallForwardState,
    CallStatus,
    Component,
    ConferenceAction,
    ConferenceBridgeState,
    DialStatus,
    Direction,
    GetInputState,
    HangupState,
    InitiateCallState,
    InputType,
    IvrMenuState,
    Leg,
    MultiPartyCallState,
    PlayAudioState,
    RecordAudioState,
)

__all__ = [
    "CallForwardEvent",
    "ConferenceBridgeEvent",
    "ConferenceEvent",
    "DialledCallEvent",
    "GetInputEvent",
    "HangupEvent",
    "InitiateCallEvent",
    "IvrMenuEvent",
    "MultiPartyCallEvent",
    "PlayAudioEvent",
    "RecordAudioEvent",
]


@frozen(kw_only=True)
class IvrMenuEvent(Event):
    """A caller chose from a menu.

    Attributes:
        state: the key chosen, `No Input` or `Wrong Input`.
        digits: what was entered; a text, since `*`, `#` and zeros in front count.
        input_type: `digits`.
    """

    component: ClassVar[Component | None] = Component.IVR_MENU
    state: IvrMenuState | str | None = ends_in(one_of(IvrMenuState))
    digits: str | None = variable("digits", TEXT)
    input_type: InputType | str | None = variable("input_type", one_of(InputType))


@frozen(kw_only=True)
class GetInputEvent(Event):
    """A caller entered something.

    Attributes:
        state: `Successful Input` or `No Input`.
        input: what was entered; a text, since `*`, `#` and zeros in front count.
        input_type: `digits`.
    """

    component: ClassVar[Component | None] = Component.GET_INPUT
    state: GetInputState | str | None = ends_in(one_of(GetInputState))
    input: str | None = variable("input", TEXT)
    input_type: InputType | str | None = variable("input_type", one_of(InputType))


@frozen(kw_only=True)
class DialledCallEvent(Event):
    """What Initiate Call and Call Forward both tell of the call they dial.

    Attributes:
        uuid: the call's id.
        to: the number or SIP endpoint dialled; several are joined by commas.
        from_: the caller id shown.
        start_time: when the call started.
        answer_time: when it was answered.
        end_time: when it ended.
        direction: `outbound`.
        from_iso2: the number's country, as ISO 3166 alpha-2.
        from_country: the number's country, its name.
        leg: `ALeg` of an initiated call, `BLeg` of a forwarded one.
        hangup_cause: code of why the call ended.
        duration: since dialling; sent in seconds.
        bill_duration: what is billed; sent in seconds.
        bill_rate: price of a unit.
        bill_amount: price of the call.
        ring_status: whether it rings.
    """

    uuid: str | None = variable("uuid", TEXT)
    to: str | None = variable("to", ADDRESS)
    from_: str | None = variable("from", ADDRESS)
    start_time: datetime | None = variable("start_time", INSTANT)
    answer_time: datetime | None = variable("answer_time", INSTANT)
    end_time: datetime | None = variable("end_time", INSTANT)
    direction: Direction | str | None = variable("direction", one_of(Direction))
    from_iso2: str | None = variable("from_iso2", TEXT)
    from_country: str | None = variable("from_country", TEXT)
    leg: Leg | str | None = variable("leg", one_of(Leg))
    hangup_cause: str | None = variable("hangup_cause", TEXT)
    duration: timedelta | None = variable("duration", SECONDS)
    bill_duration: timedelta | None = variable("bill_duration", SECONDS)
    bill_rate: Decimal | None = variable("bill_rate", MONEY)
    bill_amount: Decimal | None = variable("bill_amount", MONEY)
    ring_status: bool | None = variable("ring_status", FLAG)


@frozen(kw_only=True)
class InitiateCallEvent(DialledCallEvent):
    """A call was dialled, or what became of it.

    Attributes:
        state: how it was met.
        voicemail_detected: whether a machine answered.
        call_status: `in-progress`.
    """

    component: ClassVar[Component | None] = Component.INITIATE_CALL
    state: InitiateCallState | str | None = ends_in(one_of(InitiateCallState))
    voicemail_detected: bool | None = variable("voicemail_detected", FLAG)
    call_status: CallStatus | str | None = variable("call_status", one_of(CallStatus))


@frozen(kw_only=True)
class CallForwardEvent(DialledCallEvent):
    """A call was bridged to somebody else, or what became of that.

    Attributes:
        state: how it ended; when it was not sent, what `dial_status` implies.
        parent_call_uuid: id of the call that is forwarded.
        dial_status: how dialling ended.
    """

    component: ClassVar[Component | None] = Component.CALL_FORWARD
    state: CallForwardState | str | None = ends_in(one_of(CallForwardState))
    parent_call_uuid: str | None = variable("parent_call_uuid", TEXT)
    dial_status: DialStatus | str | None = variable("dial_status", one_of(DialStatus))


@frozen(kw_only=True)
class HangupEvent(Event):
    """The call was hung up; the component has no variables.

    Attributes:
        state: `Hangup Complete`.
    """

    component: ClassVar[Component | None] = Component.HANGUP
    state: HangupState | str | None = ends_in(one_of(HangupState))


@frozen(kw_only=True)
class PlayAudioEvent(Event):
    """Messages were played; the component has no variables.

    Attributes:
        state: `Prompt Completed`.
    """

    component: ClassVar[Component | None] = Component.PLAY_AUDIO
    state: PlayAudioState | str | None = ends_in(one_of(PlayAudioState))


@frozen(kw_only=True)
class RecordAudioEvent(Event):
    """A message was recorded.

    Attributes:
        state: `Recording Completed`.
        call_uuid: the incoming call's id.
        recording_url: where the recording is.
        recording_uuid: the recording's id.
        recording_duration: its length; sent in milliseconds.
        recording_start_time: when it started; sent as a Unix time.
        recording_end_time: when it ended; sent as a Unix time.
    """

    component: ClassVar[Component | None] = Component.RECORD_AUDIO
    state: RecordAudioState | str | None = ends_in(one_of(RecordAudioState))
    call_uuid: str | None = variable("call_uuid", TEXT)
    recording_url: str | None = variable("recording_url", TEXT)
    recording_uuid: str | None = variable("recording_uuid", TEXT)
    recording_duration: timedelta | None = variable("recording_duration", MILLISECONDS)
    recording_start_time: datetime | None = variable("recording_start_time", INSTANT)
    recording_end_time: datetime | None = variable("recording_end_time", INSTANT)


@frozen(kw_only=True)
class ConferenceEvent(Event):
    """What a Multiparty Call and a Conference Bridge tell: the same variables.

    Attributes:
        from_: the number or SIP endpoint that calls.
        direction: `outbound` when Plivo dialled the member, `inbound` when the member called.
        caller_name: the caller's name; the number or SIP endpoint when it has none.
        to: the number or SIP endpoint called.
        event: what happened: somebody entered, left, or was sent on.
        bill_rate: price of a unit.
        call_status: `in-progress`.
        conference_name: the bridge's name, as set in the PHLO.
        call_uuid: the id of the member's call.
        conference_uuid: the conference's id.
        member_id: the member's id inside this conference; not the `member_address` of requests.
        to_iso2: country of `to`, as ISO 3166 alpha-2.
        from_iso2: country of `from_`, as ISO 3166 alpha-2.
        to_country: country of `to`, its name.
        from_country: country of `from_`, its name.
    """

    from_: str | None = variable("from", ADDRESS)
    direction: Direction | str | None = variable("direction", one_of(Direction))
    caller_name: str | None = variable("caller_name", TEXT)
    to: str | None = variable("to", ADDRESS)
    event: ConferenceAction | str | None = variable("event", one_of(ConferenceAction))
    bill_rate: Decimal | None = variable("bill_rate", MONEY)
    call_status: CallStatus | str | None = variable("call_status", one_of(CallStatus))
    conference_name: str | None = variable("conference_name", TEXT)
    call_uuid: str | None = variable("call_uuid", TEXT)
    conference_uuid: str | None = variable("conference_uuid", TEXT)
    member_id: str | None = variable("member_id", TEXT)
    to_iso2: str | None = variable("to_iso2", TEXT)
    from_iso2: str | None = variable("from_iso2", TEXT)
    to_country: str | None = variable("to_country", TEXT)
    from_country: str | None = variable("from_country", TEXT)


@frozen(kw_only=True)
class MultiPartyCallEvent(ConferenceEvent):
    """Something happened on a multi-party call.

    Attributes:
        state: `Completed` when nobody is left on the call, `Failed` when it broke.
    """

    component: ClassVar[Component | None] = Component.MULTI_PARTY_CALL
    state: MultiPartyCallState | str | None = ends_in(one_of(MultiPartyCallState))


@frozen(kw_only=True)
class ConferenceBridgeEvent(ConferenceEvent):
    """Something happened on a conference bridge.

    Attributes:
        state: `Completed` when nobody is left on the bridge, `Failed` when it broke.
    """

    component: ClassVar[Component | None] = Component.CONFERENCE_BRIDGE
    state: ConferenceBridgeState | str | None = ends_in(one_of(ConferenceBridgeState))
