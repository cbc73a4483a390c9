"""The event of Send SMS.

https://docs.plivo.com/docs/phlo/components-library
"""

# ruff: noqa: RUF009 - `variable` and `state_field` make attrs fields, not shared values

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from attrs import frozen

from .base import Event, state_field, variable
from .converters import ADDRESS, COUNT, MONEY, TEXT, TEXTS, one_of
from .enums import Component, Direction, MessageStatus, MessageType, SendSmsState

__all__ = ["SendSmsEvent"]

_STATES = {
    MessageStatus.SENT: SendSmsState.SENT,
    MessageStatus.DELIVERED: SendSmsState.SENT,
    MessageStatus.FAILED: SendSmsState.FAILED,
    MessageStatus.UNDELIVERED: SendSmsState.FAILED,
    MessageStatus.REJECTED: SendSmsState.FAILED,
}


@frozen(kw_only=True)
class SendSmsEvent(Event):
    """A message was sent, or its delivery status changed.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: `Sent` or `Failed`; implied by `status` when it was not sent.
        message_uuid: ID of the message.
        from_: the sender's number.
        to: the recipient's number.
        media_urls: URLs of the media; `()` when there are none.
        media_count: number of media.
        type: `sms` or `mms`.
        to_iso2: country of `to`, as an ISO 3166 alpha-2 code: `US`.
        from_iso2: country of `from_`, as an ISO 3166 alpha-2 code.
        to_country: country of `to`, by name.
        from_country: country of `from_`, by name.
        msg: text of the message.
        units: number of SMS units.
        total_rate: price per unit, in the account's currency.
        total_amount: total price of the message, in the account's currency.
        direction: `outbound`.
        status: delivery status.
        error_code: the carrier's error code; a text, because leading zeros are significant.
    """

    component: ClassVar[Component | None] = Component.SEND_SMS
    state: SendSmsState | str | None = state_field(
        one_of(SendSmsState), implied_by=("status", _STATES.get)
    )
    message_uuid: str | None = variable("message_uuid", TEXT)
    from_: str | None = variable("from", ADDRESS)
    to: str | None = variable("to", ADDRESS)
    media_urls: tuple[str, ...] = variable("media_urls", TEXTS, default=())
    media_count: int | None = variable("media_count", COUNT)
    type: MessageType | str | None = variable("type", one_of(MessageType))
    to_iso2: str | None = variable("to.iso2", TEXT)
    from_iso2: str | None = variable("from.iso2", TEXT)
    to_country: str | None = variable("to_country", TEXT)
    from_country: str | None = variable("from_country", TEXT)
    msg: str | None = variable("msg", TEXT)
    units: int | None = variable("units", COUNT)
    total_rate: Decimal | None = variable("total_rate", MONEY)
    total_amount: Decimal | None = variable("total_amount", MONEY)
    direction: Direction | str | None = variable("direction", one_of(Direction))
    status: MessageStatus | str | None = variable("status", one_of(MessageStatus))
    error_code: str | None = variable("error_code", TEXT)
