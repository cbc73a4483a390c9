"""The events of Multiparty Call and Conference Bridge.

https://docs.plivo.com/docs/phlo/components-library/multiparty-call
"""

# ruff: noqa: RUF009 - `variable` and `state_field` make attrs fields, not shared values

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from attrs import frozen

from .base import Event, state_field, variable
from .converters import ADDRESS, MONEY, TEXT, one_of
from .enums import (
    CallStatus,
    Component,
    ConferenceAction,
    ConferenceBridgeState,
    Direction,
    MultiPartyCallState,
)

__all__ = ["ConferenceBridgeEvent", "ConferenceEvent", "MultiPartyCallEvent"]


@frozen(kw_only=True)
class ConferenceEvent(Event):
    """The variables that Multiparty Call and Conference Bridge share.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        from_: the caller's number or SIP endpoint.
        direction: `outbound` when Plivo dialled the member, `inbound` when the member called.
        caller_name: the caller's name, or number or SIP endpoint where there is no name.
        to: the called number or SIP endpoint.
        event: the last action: a member entered, left or was redirected.
        bill_rate: price per unit, in the account's currency.
        call_status: `in-progress`.
        conference_name: name of the conference, as set in the PHLO.
        call_uuid: ID of the member's call.
        conference_uuid: ID of the conference.
        member_id: ID of the member within the conference; not the `member_address` of requests.
        to_iso2: country of `to`, as an ISO 3166 alpha-2 code: `US`.
        from_iso2: country of `from_`, as an ISO 3166 alpha-2 code.
        to_country: country of `to`, by name.
        from_country: country of `from_`, by name.
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

    @property
    def address(self) -> str | None:
        """The member's number or SIP endpoint; None if it was not sent.

        No variable has it. It is assumed to be `to` of a call that Plivo dialled (`outbound`), and
        `from_` otherwise.
        """
        return self.to if self.direction == Direction.OUTBOUND else self.from_


@frozen(kw_only=True)
class MultiPartyCallEvent(ConferenceEvent):
    """A member entered or left a multi-party call, or the call ended.

    https://docs.plivo.com/docs/phlo/components-library/multiparty-call

    Attributes:
        state: `Completed` when every member left, `Failed` when the call failed.
    """

    component: ClassVar[Component | None] = Component.MULTI_PARTY_CALL
    state: MultiPartyCallState | str | None = state_field(one_of(MultiPartyCallState))


@frozen(kw_only=True)
class ConferenceBridgeEvent(ConferenceEvent):
    """A member entered or left a conference bridge, or the conference ended.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: `Completed` when every member left, `Failed` when the conference failed.
    """

    component: ClassVar[Component | None] = Component.CONFERENCE_BRIDGE
    state: ConferenceBridgeState | str | None = state_field(one_of(ConferenceBridgeState))
