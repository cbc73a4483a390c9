"""The events of the components that dial a call: Initiate Call and Call Forward.

https://docs.plivo.com/docs/phlo/components-library
"""

# ruff: noqa: RUF009 - `variable` and `state_field` make attrs fields, not shared values

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from attrs import frozen

from .base import Event, state_field, variable
from .converters import ADDRESS, FLAG, INSTANT, MONEY, SECONDS, TEXT, one_of
from .enums import (
    CallForwardState,
    CallStatus,
    Component,
    DialStatus,
    Direction,
    InitiateCallState,
    Leg,
)

__all__ = ["CallForwardEvent", "DialledCallEvent", "InitiateCallEvent"]


@frozen(kw_only=True)
class DialledCallEvent(Event):
    """The variables that Initiate Call and Call Forward share.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        uuid: ID of the call.
        to: the dialled number or SIP endpoint; several are joined by commas.
        from_: the displayed caller ID.
        start_time: start of the call, in UTC.
        answer_time: time of the answer, in UTC.
        end_time: end of the call, in UTC.
        direction: `outbound`.
        from_iso2: country of the number, as an ISO 3166 alpha-2 code: `US`.
        from_country: country of the number, by name.
        leg: `ALeg` of an initiated call, `BLeg` of a forwarded one.
        hangup_cause: code for the end of the call.
        duration: duration of the call since dialling; sent in seconds.
        bill_duration: billed duration; sent in seconds.
        bill_rate: price per unit, in the account's currency.
        bill_amount: total price of the call, in the account's currency.
        ring_status: whether the phone rings.
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
    """A call was dialled, or its status changed.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: result of dialling.
        voicemail_detected: whether a machine answered.
        call_status: `in-progress`.
    """

    component: ClassVar[Component | None] = Component.INITIATE_CALL
    state: InitiateCallState | str | None = state_field(one_of(InitiateCallState))
    voicemail_detected: bool | None = variable("voicemail_detected", FLAG)
    call_status: CallStatus | str | None = variable("call_status", one_of(CallStatus))


_STATES = {
    DialStatus.COMPLETED: CallForwardState.COMPLETED,
    DialStatus.NO_ANSWER: CallForwardState.NO_ANSWER,
    DialStatus.BUSY: CallForwardState.BUSY_OR_REJECTED,
    DialStatus.FAILED: CallForwardState.FAILED,
}


@frozen(kw_only=True)
class CallForwardEvent(DialledCallEvent):
    """A call was forwarded, or the status of the forwarded call changed.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: result of the forwarded call; implied by `dial_status` when it was not sent.
        parent_call_uuid: ID of the call that is forwarded.
        dial_status: result of dialling.
    """

    component: ClassVar[Component | None] = Component.CALL_FORWARD
    state: CallForwardState | str | None = state_field(
        one_of(CallForwardState), implied_by=("dial_status", _STATES.get)
    )
    parent_call_uuid: str | None = variable("parent_call_uuid", TEXT)
    dial_status: DialStatus | str | None = variable("dial_status", one_of(DialStatus))
