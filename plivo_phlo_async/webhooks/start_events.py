"""What a PHLO tells of its start: a call, a message or a request.

https://docs.plivo.com/docs/phlo/components-library
"""

# ruff: noqa: RUF009 - `variable` and `ends_in` make attrs fields, no values that are shared

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from attrs import frozen

from .fields import Event, ends_in, variable
from .kinds import ADDRESS, COUNT, INSTANT, MAPPING, MONEY, SECONDS, TEXT, one_of
from .vocabulary import Component, Direction, Leg, MessageStatus, RequestType, StartState

__all__ = ["StartCallEvent", "StartEvent", "StartMessageEvent", "StartRequestEvent"]


_BEGAN_WITH = {
    RequestType.CALL: StartState.INCOMING_CALL,
    RequestType.SMS: StartState.INCOMING_MESSAGE,
    RequestType.HTTP: StartState.API_REQUEST,
}


@frozen(kw_only=True)
class StartEvent(Event):
    """The PHLO started; its forms tell what with.

    https://docs.plivo.com/docs/phlo/components-library/start

    Attributes:
        request_type: a call, an SMS or an HTTP request.
        state: what it began with; when it was not sent, what `request_type` implies.
        raw: everything that was sent, as it came.
    """

    component: ClassVar[Component | None] = Component.START
    request_type: RequestType | str | None = variable("request_type", one_of(RequestType))
    state: StartState | str | None = ends_in(
        one_of(StartState), implied_by=("request_type", _BEGAN_WITH.get)
    )


@frozen(kw_only=True)
class StartCallEvent(StartEvent):
    """An incoming call started the PHLO.

    https://docs.plivo.com/docs/phlo/components-library/start

    Attributes:
        request_type: `call`.
        state: `Incoming Call`.
        uuid: the incoming call's id.
        to: the number or SIP endpoint that was called.
        from_: the number or SIP endpoint that calls.
        start_time: when the call started, in UTC.
        answer_time: when it was answered, in UTC.
        end_time: when it ended, in UTC.
        direction: `inbound`.
        to_iso2: country of `to`, as ISO 3166 alpha-2: `US`.
        from_iso2: country of `from_`, as ISO 3166 alpha-2.
        to_country: country of `to`, its name.
        from_country: country of `from_`, its name.
        leg: `ALeg`.
        hangup_cause: code of why the call ended.
        duration: how long since it was dialled; Plivo sends seconds.
        bill_duration: how much of it is billed; Plivo sends seconds.
        bill_rate: price of a unit, in the account's currency.
        bill_amount: price of the call, in the account's currency.
        raw: everything that was sent, as it came.
    """

    uuid: str | None = variable("call.uuid", TEXT)
    to: str | None = variable("call.to", ADDRESS)
    from_: str | None = variable("call.from", ADDRESS)
    start_time: datetime | None = variable("call.start_time", INSTANT)
    answer_time: datetime | None = variable("call.answer_time", INSTANT)
    end_time: datetime | None = variable("call.end_time", INSTANT)
    direction: Direction | str | None = variable("call.direction", one_of(Direction))
    to_iso2: str | None = variable("call.to_iso2", TEXT)
    from_iso2: str | None = variable("call.from_iso2", TEXT)
    to_country: str | None = variable("call.to_country", TEXT)
    from_country: str | None = variable("call.from_country", TEXT)
    leg: Leg | str | None = variable("call.leg", one_of(Leg))
    hangup_cause: str | None = variable("call.hangup_cause", TEXT)
    duration: timedelta | None = variable("call.duration", SECONDS)
    bill_duration: timedelta | None = variable("call.bill_duration", SECONDS)
    bill_rate: Decimal | None = variable("call.bill_rate", MONEY)
    bill_amount: Decimal | None = variable("call.bill_amount", MONEY)


@frozen(kw_only=True)
class StartMessageEvent(StartEvent):
    """An incoming message started the PHLO.

    https://docs.plivo.com/docs/phlo/components-library/start

    Attributes:
        request_type: `sms`.
        state: `Incoming Message`.
        message_uuid: the message's id.
        time: when it was received, in UTC.
        direction: `inbound`.
        status: `received`.
        to: the number it was sent to.
        from_: the number it was sent from.
        to_iso2: country of `to`, as ISO 3166 alpha-2: `US`.
        from_iso2: country of `from_`, as ISO 3166 alpha-2.
        to_country: country of `to`, its name.
        from_country: country of `from_`, its name.
        msg: the text.
        units: how many SMS units it takes.
        total_rate: price of a unit, in the account's currency.
        total_amount: price of the message, in the account's currency.
        raw: everything that was sent, as it came.
    """

    message_uuid: str | None = variable("message.message_uuid", TEXT)
    time: datetime | None = variable("message.time", INSTANT)
    direction: Direction | str | None = variable("message.direction", one_of(Direction))
    status: MessageStatus | str | None = variable("message.status", one_of(MessageStatus))
    to: str | None = variable("message.to", ADDRESS)
    from_: str | None = variable("message.from", ADDRESS)
    to_iso2: str | None = variable("message.to_iso2", TEXT)
    from_iso2: str | None = variable("message.from_iso2", TEXT)
    to_country: str | None = variable("message.to_country", TEXT)
    from_country: str | None = variable("message.from_country", TEXT)
    msg: str | None = variable("message.msg", TEXT)
    units: int | None = variable("message.units", COUNT)
    total_rate: Decimal | None = variable("message.total_rate", MONEY)
    total_amount: Decimal | None = variable("message.total_amount", MONEY)


@frozen(kw_only=True)
class StartRequestEvent(StartEvent):
    """An HTTP request started the PHLO.

    https://docs.plivo.com/docs/phlo/components-library/start

    Attributes:
        request_type: `http`.
        state: `API Request`.
        uuid: the request's id.
        params: the payload the request carried, its keys as its sender chose them.
        raw: everything that was sent, as it came.
    """

    uuid: str | None = variable("request.uuid", TEXT)
    params: Mapping[str, Any] | None = variable("request.params", MAPPING, hashed=False)
