"""What the components that dial tell of the calls they make.

https://docs.plivo.com/docs/phlo/components-library
"""

# ruff: noqa: RUF009 - `variable` and `ends_in` make attrs fields, no values that are shared

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from attrs import frozen

from .fields import Event, ends_in, variable
from .kinds import ADDRESS, FLAG, INSTANT, MONEY, SECONDS, TEXT, one_of
from .vocabulary import (
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
    """What Initiate Call and Call Forward both tell of the call they dial.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        uuid: the call's id.
        to: the number or SIP endpoint dialled; several are joined by commas.
        from_: the caller id shown.
        start_time: when the call started, in UTC.
        answer_time: when it was answered, in UTC.
        end_time: when it ended, in UTC.
        direction: `outbound`.
        from_iso2: the number's country, as ISO 3166 alpha-2: `US`.
        from_country: the number's country, its name.
        leg: `ALeg` of an initiated call, `BLeg` of a forwarded one.
        hangup_cause: code of why the call ended.
        duration: how long since it was dialled; Plivo sends seconds.
        bill_duration: how much of it is billed; Plivo sends seconds.
        bill_rate: price of a unit, in the account's currency.
        bill_amount: price of the call, in the account's currency.
        ring_status: whether it rings.
        raw: everything that was sent, as it came.
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

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: how it was met.
        voicemail_detected: whether a machine answered.
        call_status: `in-progress`.
        uuid: the call's id.
        to: the number or SIP endpoint dialled; several are joined by commas.
        from_: the caller id shown.
        start_time: when the call started, in UTC.
        answer_time: when it was answered, in UTC.
        end_time: when it ended, in UTC.
        direction: `outbound`.
        from_iso2: the number's country, as ISO 3166 alpha-2: `US`.
        from_country: the number's country, its name.
        leg: `ALeg` of an initiated call, `BLeg` of a forwarded one.
        hangup_cause: code of why the call ended.
        duration: how long since it was dialled; Plivo sends seconds.
        bill_duration: how much of it is billed; Plivo sends seconds.
        bill_rate: price of a unit, in the account's currency.
        bill_amount: price of the call, in the account's currency.
        ring_status: whether it rings.
        raw: everything that was sent, as it came.
    """

    component: ClassVar[Component | None] = Component.INITIATE_CALL
    state: InitiateCallState | str | None = ends_in(one_of(InitiateCallState))
    voicemail_detected: bool | None = variable("voicemail_detected", FLAG)
    call_status: CallStatus | str | None = variable("call_status", one_of(CallStatus))


_FORWARDED = {
    DialStatus.COMPLETED: CallForwardState.COMPLETED,
    DialStatus.NO_ANSWER: CallForwardState.NO_ANSWER,
    DialStatus.BUSY: CallForwardState.BUSY_OR_REJECTED,
    DialStatus.FAILED: CallForwardState.FAILED,
}


@frozen(kw_only=True)
class CallForwardEvent(DialledCallEvent):
    """A call was bridged to somebody else, or what became of that.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: how it ended; when it was not sent, what `dial_status` implies.
        parent_call_uuid: id of the call that is forwarded.
        dial_status: how dialling ended.
        uuid: the call's id.
        to: the number or SIP endpoint dialled; several are joined by commas.
        from_: the caller id shown.
        start_time: when the call started, in UTC.
        answer_time: when it was answered, in UTC.
        end_time: when it ended, in UTC.
        direction: `outbound`.
        from_iso2: the number's country, as ISO 3166 alpha-2: `US`.
        from_country: the number's country, its name.
        leg: `ALeg` of an initiated call, `BLeg` of a forwarded one.
        hangup_cause: code of why the call ended.
        duration: how long since it was dialled; Plivo sends seconds.
        bill_duration: how much of it is billed; Plivo sends seconds.
        bill_rate: price of a unit, in the account's currency.
        bill_amount: price of the call, in the account's currency.
        ring_status: whether it rings.
        raw: everything that was sent, as it came.
    """

    component: ClassVar[Component | None] = Component.CALL_FORWARD
    state: CallForwardState | str | None = ends_in(
        one_of(CallForwardState), implied_by=("dial_status", _FORWARDED.get)
    )
    parent_call_uuid: str | None = variable("parent_call_uuid", TEXT)
    dial_status: DialStatus | str | None = variable("dial_status", one_of(DialStatus))
