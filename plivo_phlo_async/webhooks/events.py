"""What a PHLO's components tell, as frozen values: one class for each component.

https://docs.plivo.com/docs/phlo/components-library

Every variable is optional, since each can be left out where the webhook is set up: None when it was
not sent or could not be read, and then `raw` has what came. Each field names its variable, how it
is read and its unit; reading, the table in the documentation and the tests derive from that.
"""

# ruff: noqa: RUF009 - `variable` and `ends_in` make attrs fields, no values that are shared

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from attrs import frozen

from .call_events import (
    GetInputEvent,
    HangupEvent,
    IvrMenuEvent,
    PlayAudioEvent,
    RecordAudioEvent,
)
from .conference_events import ConferenceBridgeEvent, ConferenceEvent, MultiPartyCallEvent
from .dialled_events import CallForwardEvent, DialledCallEvent, InitiateCallEvent
from .fields import Event, ends_in, variable
from .kinds import ADDRESS, ANYTHING, COUNT, MONEY, TEXT, TEXTS, one_of
from .start_events import StartCallEvent, StartEvent, StartMessageEvent, StartRequestEvent
from .vocabulary import (
    BranchState,
    Component,
    CounterState,
    Direction,
    HttpRequestState,
    MessageStatus,
    MessageType,
    SendSmsState,
)

__all__ = [
    "EVENTS",
    "BranchEvent",
    "CallForwardEvent",
    "ConferenceBridgeEvent",
    "ConferenceEvent",
    "CounterEvent",
    "DialledCallEvent",
    "Event",
    "GetInputEvent",
    "HangupEvent",
    "HttpRequestEvent",
    "InitiateCallEvent",
    "IvrMenuEvent",
    "MultiPartyCallEvent",
    "PlayAudioEvent",
    "RecordAudioEvent",
    "SendSmsEvent",
    "StartCallEvent",
    "StartEvent",
    "StartMessageEvent",
    "StartRequestEvent",
]


_DELIVERY = {
    MessageStatus.SENT: SendSmsState.SENT,
    MessageStatus.DELIVERED: SendSmsState.SENT,
    MessageStatus.FAILED: SendSmsState.FAILED,
    MessageStatus.UNDELIVERED: SendSmsState.FAILED,
    MessageStatus.REJECTED: SendSmsState.FAILED,
}


@frozen(kw_only=True)
class SendSmsEvent(Event):
    """A message was sent, or what became of it.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: `Sent` or `Failed`; when it was not sent, what `status` implies.
        message_uuid: the message's id.
        from_: the number it was sent from.
        to: the number it was sent to.
        media_urls: the URLs of its media; `()` when there are none.
        media_count: how many media it has.
        type: SMS or MMS.
        to_iso2: country of `to`, as ISO 3166 alpha-2: `US`.
        from_iso2: country of `from_`, as ISO 3166 alpha-2.
        to_country: country of `to`, its name.
        from_country: country of `from_`, its name.
        msg: the text.
        units: how many SMS units it takes.
        total_rate: price of a unit, in the account's currency.
        total_amount: price of the message, in the account's currency.
        direction: `outbound`.
        status: how its delivery stands.
        error_code: the carrier's code; a text, since zeros in front count.
        raw: everything that was sent, as it came.
    """

    component: ClassVar[Component | None] = Component.SEND_SMS
    state: SendSmsState | str | None = ends_in(
        one_of(SendSmsState), implied_by=("status", _DELIVERY.get)
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


def _answered(status_code: int | None) -> HttpRequestState | None:
    if status_code is None:
        return None
    return HttpRequestState.SUCCESS if 200 <= status_code < 300 else HttpRequestState.FAILED


@frozen(kw_only=True)
class HttpRequestEvent(Event):
    """An API was asked.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: `Success` or `Failed`; when it was not sent, what `status_code` implies.
        content_type: the media type of its answer.
        status_code: its HTTP status; 400 also when the answer is not of the configured form.
        response: its answer: a text or, of a JSON body, what that held.
        raw: everything that was sent, as it came.
    """

    component: ClassVar[Component | None] = Component.HTTP_REQUEST
    state: HttpRequestState | str | None = ends_in(
        one_of(HttpRequestState), implied_by=("status_code", _answered)
    )
    content_type: str | None = variable("content_type", TEXT)
    status_code: int | None = variable("status_code", COUNT)
    response: Any = variable("response", ANYTHING, hashed=False)


@frozen(kw_only=True)
class CounterEvent(Event):
    """A counter was passed; the component has no variables.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: whether its Max Count is reached.
        raw: everything that was sent, as it came.
    """

    component: ClassVar[Component | None] = Component.COUNTER
    state: CounterState | str | None = ends_in(one_of(CounterState))


@frozen(kw_only=True)
class BranchEvent(Event):
    """A branch was taken; the component has no variables.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: the alias of the condition that was met, or `No Match`.
        raw: everything that was sent, as it came.
    """

    component: ClassVar[Component | None] = Component.BRANCH
    state: BranchState | str | None = ends_in(one_of(BranchState))


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
"""The event of each component, in the order of Plivo's own page."""
