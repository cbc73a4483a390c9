"""One member of a multi-party call."""

from __future__ import annotations

from collections.abc import Callable

from attrs import field, frozen

from .._masking import mask
from .._other_sdks import SpellingHints
from .._transport.transport import Transport
from ..actions import Action, check_text
from ..results import ActionResult

__all__ = ["Member"]


@frozen
class Member(SpellingHints):
    """A handle for a member of a multi-party call; creating it sends no request.

    Each method sends one request and returns Plivo's acknowledgement: the effect on the call
    follows. Plivo has no request that reads a member's state.
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
        """Put this member on hold; Plivo's pages disagree on who hears the hold music.

        Raises:
            RequestError: no response came; `may_have_happened` says whether Plivo may have acted.
            ResponseError: the response is an error, with one class for each status.
        """
        return await self._do(Action.hold)

    async def unhold(self) -> ActionResult:
        """Take this member off hold, back into the call.

        Raises:
            RequestError: no response came; `may_have_happened` says whether Plivo may have acted.
            ResponseError: the response is an error, with one class for each status.
        """
        return await self._do(Action.unhold)

    async def mute(self) -> ActionResult:
        """Mute this member (sent by two official SDKs; Plivo does not document it here).

        Raises:
            RequestError: no response came; `may_have_happened` says whether Plivo may have acted.
            ResponseError: the response is an error, with one class for each status.
        """
        return await self._do(Action.mute)

    async def unmute(self) -> ActionResult:
        """Unmute this member (like `mute`, not documented here).

        Raises:
            RequestError: no response came; `may_have_happened` says whether Plivo may have acted.
            ResponseError: the response is an error, with one class for each status.
        """
        return await self._do(Action.unmute)

    async def hangup(self) -> ActionResult:
        """Disconnect this member; retried until the member is known to be gone.

        Raises:
            RequestError: no response came; `may_have_happened` says whether Plivo may have acted.
            ResponseError: the response is an error, with one class for each status.
        """
        return await self._do(Action.hangup)

    async def resume_call(self) -> ActionResult:
        """End the consultation of a warm transfer: everyone is in the call.

        Raises:
            RequestError: no response came; `may_have_happened` says whether Plivo may have acted.
            ResponseError: the response is an error, with one class for each status.
        """
        return await self._do(Action.resume_call)

    async def abort_transfer(self) -> ActionResult:
        """Abort the transfer that this member started; the member is back with the customer.

        Raises:
            RequestError: no response came; `may_have_happened` says whether Plivo may have acted.
            ResponseError: the response is an error, with one class for each status.
        """
        return await self._do(Action.abort_transfer)

    async def voicemail_drop(self) -> ActionResult:
        """Play the node's message to this member, whose voicemail answered.

        The client does not retry it once it may have been carried out.

        Raises:
            RequestError: no response came; `may_have_happened` says whether Plivo may have acted.
            ResponseError: the response is an error, with one class for each status.
        """
        return await self._do(Action.voicemail_drop)

    async def _do(self, verb: Callable[[str, str, str], Action]) -> ActionResult:
        action = verb(self.phlo_id, self.node_id, self.member_address)
        return await self._transport.perform(action, ActionResult)
