"""What a Multiparty Call and a Conference Bridge tell.

https://docs.plivo.com/docs/phlo/components-library/multiparty-call
"""

# ruff: noqa: RUF009 - `variable` and `ends_in` make attrs fields, no values that are shared

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from attrs import frozen

from .fields import Event, ends_in, variable
from .kinds import ADDRESS, MONEY, TEXT, one_of
from .vocabulary import (
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
    """What a Multiparty Call and a Conference Bridge tell: the same variables.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        from_: the number or SIP endpoint that calls.
        direction: `outbound` when Plivo dialled the member, `inbound` when the member called.
        caller_name: the caller's name; the number or SIP endpoint when it has none.
        to: the number or SIP endpoint called.
        event: what happened last: somebody entered, left, or was sent on (`Redirect`).
        bill_rate: price of a unit, in the account's currency.
        call_status: `in-progress`.
        conference_name: the bridge's name, as set in the PHLO.
        call_uuid: the id of the member's call.
        conference_uuid: the conference's id.
        member_id: the member's id inside this conference; not the `member_address` of requests.
        to_iso2: country of `to`, as ISO 3166 alpha-2: `US`.
        from_iso2: country of `from_`, as ISO 3166 alpha-2.
        to_country: country of `to`, its name.
        from_country: country of `from_`, its name.
        raw: everything that was sent, as it came.
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

    https://docs.plivo.com/docs/phlo/components-library/multiparty-call

    Attributes:
        state: `Completed` when nobody is left on the call, `Failed` when it broke.
        from_: the number or SIP endpoint that calls.
        direction: `outbound` when Plivo dialled the member, `inbound` when the member called.
        caller_name: the caller's name; the number or SIP endpoint when it has none.
        to: the number or SIP endpoint called.
        event: what happened last: somebody entered, left, or was sent on (`Redirect`).
        bill_rate: price of a unit, in the account's currency.
        call_status: `in-progress`.
        conference_name: the bridge's name, as set in the PHLO.
        call_uuid: the id of the member's call.
        conference_uuid: the conference's id.
        member_id: the member's id inside this conference; not the `member_address` of requests.
        to_iso2: country of `to`, as ISO 3166 alpha-2: `US`.
        from_iso2: country of `from_`, as ISO 3166 alpha-2.
        to_country: country of `to`, its name.
        from_country: country of `from_`, its name.
        raw: everything that was sent, as it came.
    """

    component: ClassVar[Component | None] = Component.MULTI_PARTY_CALL
    state: MultiPartyCallState | str | None = ends_in(one_of(MultiPartyCallState))


@frozen(kw_only=True)
class ConferenceBridgeEvent(ConferenceEvent):
    """Something happened on a conference bridge.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: `Completed` when nobody is left on the bridge, `Failed` when it broke.
        from_: the number or SIP endpoint that calls.
        direction: `outbound` when Plivo dialled the member, `inbound` when the member called.
        caller_name: the caller's name; the number or SIP endpoint when it has none.
        to: the number or SIP endpoint called.
        event: what happened last: somebody entered, left, or was sent on (`Redirect`).
        bill_rate: price of a unit, in the account's currency.
        call_status: `in-progress`.
        conference_name: the bridge's name, as set in the PHLO.
        call_uuid: the id of the member's call.
        conference_uuid: the conference's id.
        member_id: the member's id inside this conference; not the `member_address` of requests.
        to_iso2: country of `to`, as ISO 3166 alpha-2: `US`.
        from_iso2: country of `from_`, as ISO 3166 alpha-2.
        to_country: country of `to`, its name.
        from_country: country of `from_`, its name.
        raw: everything that was sent, as it came.
    """

    component: ClassVar[Component | None] = Component.CONFERENCE_BRIDGE
    state: ConferenceBridgeState | str | None = ends_in(one_of(ConferenceBridgeState))
