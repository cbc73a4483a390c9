"""One member of a multi-party call."""

from __future__ import annotations

from collections.abc import Callable

from attrs import field, frozen

from .._masking import mask
from .._transport.transport import Transport
from ..actions import Action, check_text
from ..results import ActionResult

__all__ = ["Member"]


@frozen
class Member:
    """A member of a multi-party call, by phone number or SIP address; a handle, no request.

    Each verb is one request and returns Plivo's acknowledgement: the effect on the call follows.
    Plivo has no request that reads a member's state back.
    https://www.plivo.com/docs/phlo/api/phlo/multiparty-call/member/update-a-member

    Attributes:
        phlo_id: the PHLO.
        node_id: its multi-party call node.
        member_address: phone number or SIP address.
    """

    _transport: Transport = field(repr=False)
    phlo_id: str
    node_id: str
    member_address: str = field(repr=mask)

    def __attrs_post_init__(self) -> None:
        check_text("member_address", self.member_address)

    async def hold(self) -> ActionResult:
        """Put this member on hold; Plivo's pages differ on who hears the hold music.

        Raises:
            RequestError: no answer came; `may_have_happened` tells whether Plivo may have acted.
            ResponseError: Plivo says no; its class tells the status.
        """
        return await self._do(Action.hold)

    async def unhold(self) -> ActionResult:
        """Take this member off hold, back into the call.

        Raises:
            RequestError: no answer came; `may_have_happened` tells whether Plivo may have acted.
            ResponseError: Plivo says no; its class tells the status.
        """
        return await self._do(Action.unhold)

    async def mute(self) -> ActionResult:
        """Mute this member (sent by two official SDKs; Plivo does not document it here).

        Raises:
            RequestError: no answer came; `may_have_happened` tells whether Plivo may have acted.
            ResponseError: Plivo says no; its class tells the status.
        """
        return await self._do(Action.mute)

    async def unmute(self) -> ActionResult:
        """Let this member be heard again (as `mute`, not documented).

        Raises:
            RequestError: no answer came; `may_have_happened` tells whether Plivo may have acted.
            ResponseError: Plivo says no; its class tells the status.
        """
        return await self._do(Action.unmute)

    async def hangup(self) -> ActionResult:
        """Disconnect this member; repeated until it is known that they are gone.

        Raises:
            RequestError: no answer came; `may_have_happened` tells whether Plivo may have acted.
            ResponseError: Plivo says no; its class tells the status.
        """
        return await self._do(Action.hangup)

    async def resume_call(self) -> ActionResult:
        """End the private talk of a warm transfer: everyone is in the call.

        Raises:
            RequestError: no answer came; `may_have_happened` tells whether Plivo may have acted.
            ResponseError: Plivo says no; its class tells the status.
        """
        return await self._do(Action.resume_call)

    async def abort_transfer(self) -> ActionResult:
        """Give up the transfer this member started, who is back in the call with the customer.

        Raises:
            RequestError: no answer came; `may_have_happened` tells whether Plivo may have acted.
            ResponseError: Plivo says no; its class tells the status.
        """
        return await self._do(Action.abort_transfer)

    async def voicemail_drop(self) -> ActionResult:
        """Play the node's message to this member, whose voicemail answered.

        Never sent again by this client once it may have been carried out.

        Raises:
            RequestError: no answer came; `may_have_happened` tells whether Plivo may have acted.
            ResponseError: Plivo says no; its class tells the status.
        """
        return await self._do(Action.voicemail_drop)

    async def _do(self, verb: Callable[[str, str, str], Action]) -> ActionResult:
        action = verb(self.phlo_id, self.node_id, self.member_address)
        return await self._transport.perform(action, ActionResult)
