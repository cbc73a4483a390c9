"""The multi-party call node: dial members into the call, and transfer them."""

from __future__ import annotations

from attrs import field, frozen

from .._other_sdks import SpellingHints
from .._transport.transport import Transport
from ..actions import Action, Role, check_text
from ..results import ActionResult, NodeDetails
from .member import Member

__all__ = ["MultiPartyCall"]


@frozen
class MultiPartyCall(SpellingHints):
    """A handle for a PHLO's multi-party call node; creating it sends no request.

    Each method sends one request and returns Plivo's acknowledgement: the phone may still be
    ringing. The client does not retry a method that dials once it may have been carried out.
    https://www.plivo.com/docs/phlo/api/phlo/multiparty-call/update-a-multiparty-call

    Attributes:
        phlo_id: the PHLO.
        node_id: the node; its configuration panel shows it.
    """

    _transport: Transport = field(repr=False)
    phlo_id: str
    node_id: str

    def __attrs_post_init__(self) -> None:
        check_text("node_id", self.node_id)

    def member(self, member_address: str) -> Member:
        """Return a handle for a member; sends no request.

        Args:
            member_address: phone number or SIP address.

        Raises:
            InvalidArgumentError: it cannot be an address.
        """
        return Member(self._transport, self.phlo_id, self.node_id, member_address)

    async def get(self) -> NodeDetails:
        """Read the node: its name, its type and when it was created.

        Raises:
            RequestError: no response came.
            ResponseError: the response is an error, with one class for each status.
            DecodeError: the response's body was lost.
        """
        action = Action.get_node(self.phlo_id, "multi_party_call", self.node_id)
        return await self._transport.perform(action, NodeDetails)

    async def call(
        self, trigger_source: str, to: str, role: Role | str = Role.AGENT
    ) -> ActionResult:
        """Dial a member into the call.

        Args:
            trigger_source: phone number or SIP address of the agent who starts it.
            to: phone number or SIP address to dial.
            role: "agent" or "customer", the side on which the dialled member joins.

        Raises:
            InvalidArgumentError: an argument is invalid; the message names it.
            NotSentError: nothing was sent; it is safe to try again.
            OutcomeUnknownError: the phone may be ringing; check before you repeat it.
            ResponseError: the response is an error, with one class for each status.
        """
        action = Action.call(self.phlo_id, self.node_id, trigger_source, to, role)
        del trigger_source, to  # a traceback with local variables would show them
        return await self._do(action)

    async def warm_transfer(
        self, trigger_source: str, to: str, role: Role | str = Role.AGENT
    ) -> ActionResult:
        """Dial `to` for a consultation before the customer is transferred.

        The customer hears hold music until a member's `resume_call` or `abort_transfer`.

        Args:
            trigger_source: phone number or SIP address of the agent who transfers.
            to: phone number or SIP address to dial.
            role: "agent" or "customer", the side on which the dialled member joins.

        Raises:
            InvalidArgumentError: an argument is invalid; the message names it.
            NotSentError: nothing was sent; it is safe to try again.
            OutcomeUnknownError: the phone may be ringing; check before you repeat it.
            ResponseError: the response is an error, with one class for each status.
        """
        action = Action.warm_transfer(self.phlo_id, self.node_id, trigger_source, to, role)
        del trigger_source, to
        return await self._do(action)

    async def cold_transfer(
        self, trigger_source: str, to: str, role: Role | str = Role.AGENT
    ) -> ActionResult:
        """Dial `to` to replace `trigger_source`, who leaves once it answers.

        Args:
            trigger_source: phone number or SIP address of the agent who transfers.
            to: phone number or SIP address to dial.
            role: "agent" or "customer", the side on which the dialled member joins.

        Raises:
            InvalidArgumentError: an argument is invalid; the message names it.
            NotSentError: nothing was sent; it is safe to try again.
            OutcomeUnknownError: the phone may be ringing; check before you repeat it.
            ResponseError: the response is an error, with one class for each status.
        """
        action = Action.cold_transfer(self.phlo_id, self.node_id, trigger_source, to, role)
        del trigger_source, to
        return await self._do(action)

    async def _do(self, action: Action) -> ActionResult:
        return await self._transport.perform(action, ActionResult)
