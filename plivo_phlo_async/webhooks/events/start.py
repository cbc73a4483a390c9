"""The events of Start: a call, a message or an HTTP request started the PHLO.

https://docs.plivo.com/docs/phlo/components-library
"""

# ruff: noqa: RUF009 - `variable` and `state_field` make attrs fields, not shared values

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from attrs import frozen

from .base import Event, state_field, variable
from .converters import ADDRESS, COUNT, INSTANT, MAPPING, MONEY, SECONDS, TEXT, one_of
from .enums import Component, Direction, Leg, MessageStatus, RequestType, StartState

__all__ = ["StartCallEvent", "StartEvent", "StartMessageEvent", "StartRequestEvent"]


_STATES = {
    RequestType.CALL: StartState.INCOMING_CALL,
    RequestType.SMS: StartState.INCOMING_MESSAGE,
    RequestType.HTTP: StartState.API_REQUEST,
}


@frozen(kw_only=True)
class StartEvent(Event):
    """A PHLO started; a subclass says what started it.

    https://docs.plivo.com/docs/phlo/components-library/start

    Attributes:
        request_type: `call`, `sms` or `http`.
        state: what started the PHLO; implied by `request_type` when it was not sent.
    """

    component: ClassVar[Component | None] = Component.START
    request_type: RequestType | str | None = variable("request_type", one_of(RequestType))
    state: StartState | str | None = state_field(
        one_of(StartState), implied_by=("request_type", _STATES.get)
    )


@frozen(kw_only=True)
class StartCallEvent(StartEvent):
    """An incoming call started the PHLO; its state is `Incoming Call`.

    https://docs.plivo.com/docs/phlo/components-library/start

    Attributes:
        uuid: ID of the incoming call.
        to: the called number or SIP endpoint.
        from_: the caller's number or SIP endpoint.
        start_time: start of the call, in UTC.
        answer_time: time of the answer, in UTC.
        end_time: end of the call, in UTC.
        direction: `inbound`.
        to_iso2: country of `to`, as an ISO 3166 alpha-2 code: `US`.
        from_iso2: country of `from_`, as an ISO 3166 alpha-2 code.
        to_country: country of `to`, by name.
        from_country: country of `from_`, by name.
        leg: `ALeg`.
        hangup_cause: code for the end of the call.
        duration: duration of the call since dialling; sent in seconds.
        bill_duration: billed duration; sent in seconds.
        bill_rate: price per unit, in the account's currency.
        bill_amount: total price of the call, in the account's currency.
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
    """An incoming message started the PHLO; its state is `Incoming Message`.

    https://docs.plivo.com/docs/phlo/components-library/start

    Attributes:
        message_uuid: ID of the message.
        time: time of receipt, in UTC.
        direction: `inbound`.
        status: `received`.
        to: the recipient's number.
        from_: the sender's number.
        to_iso2: country of `to`, as an ISO 3166 alpha-2 code: `US`.
        from_iso2: country of `from_`, as an ISO 3166 alpha-2 code.
        to_country: country of `to`, by name.
        from_country: country of `from_`, by name.
        msg: text of the message.
        units: number of SMS units.
        total_rate: price per unit, in the account's currency.
        total_amount: total price of the message, in the account's currency.
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
    """An HTTP request started the PHLO; its state is `API Request`.

    https://docs.plivo.com/docs/phlo/components-library/start

    Attributes:
        uuid: ID of the request.
        params: payload of the request, with the sender's keys.
    """

    uuid: str | None = variable("request.uuid", TEXT)
    params: Mapping[str, Any] | None = variable("request.params", MAPPING, hashed=False)
