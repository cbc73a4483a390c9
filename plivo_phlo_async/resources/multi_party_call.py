"""The multi-party call node: who is dialled into the call, and who is handed on."""

from __future__ import annotations

from attrs import field, frozen

from .._transport.transport import Transport
from ..actions import Action, Role, check_text
from ..results import ActionResult, NodeDetails
from .member import Member

__all__ = ["MultiPartyCall"]


@frozen
class MultiPartyCall:
    """A PHLO's multi-party call node; a handle, no request.

    Each verb is one request and returns Plivo's acknowledgement: the phone may still be ringing.
    A verb that dials is never sent again by this client once it may have been carried out.
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
        """The member with this address; makes no request.

        Args:
            member_address: phone number or SIP address.

        Raises:
            InvalidArgumentError: it is no address.
        """
        return Member(self._transport, self.phlo_id, self.node_id, member_address)

    async def get(self) -> NodeDetails:
        """Read the node: its name, type and when it was made.

        Raises:
            RequestError: no answer came.
            ResponseError: Plivo says no; its class tells the status.
            DecodeError: the answer cannot be read.
        """
        action = Action.get_node(self.phlo_id, "multi_party_call", self.node_id)
        return await self._transport.perform(action, NodeDetails)

    async def call(
        self, trigger_source: str, to: str, role: Role | str = Role.AGENT
    ) -> ActionResult:
        """Dial somebody into the call.

        Args:
            trigger_source: phone number or SIP address of the agent who starts it.
            to: phone number or SIP address to dial.
            role: "agent" or "customer", what the dialled one joins as.

        Raises:
            InvalidArgumentError: an argument cannot be sent.
            NotSentError: nothing was sent; it is safe to try again.
            OutcomeUnknownError: the phone may be ringing; check before repeating it.
            ResponseError: Plivo says no; its class tells the status.
        """
        action = Action.call(self.phlo_id, self.node_id, trigger_source, to, role)
        del trigger_source, to  # a traceback with local variables would show them
        return await self._do(action)

    async def warm_transfer(
        self, trigger_source: str, to: str, role: Role | str = Role.AGENT
    ) -> ActionResult:
        """Dial somebody for a private talk before the customer is handed on.

        The customer hears hold music until `resume_call` or `abort_transfer` of a member.

        Args:
            trigger_source: address of the agent who hands on.
            to: phone number or SIP address to dial.
            role: "agent" or "customer", what the dialled one joins as.

        Raises:
            InvalidArgumentError: an argument cannot be sent.
            NotSentError: nothing was sent; it is safe to try again.
            OutcomeUnknownError: the phone may be ringing; check before repeating it.
            ResponseError: Plivo says no; its class tells the status.
        """
        action = Action.warm_transfer(self.phlo_id, self.node_id, trigger_source, to, role)
        del trigger_source, to
        return await self._do(action)

    async def cold_transfer(
        self, trigger_source: str, to: str, role: Role | str = Role.AGENT
    ) -> ActionResult:
        """Dial somebody to take over; `trigger_source` leaves once they answer.

        Args:
            trigger_source: address of the agent who hands on.
            to: phone number or SIP address to dial.
            role: "agent" or "customer", what the dialled one joins as.

        Raises:
            InvalidArgumentError: an argument cannot be sent.
            NotSentError: nothing was sent; it is safe to try again.
            OutcomeUnknownError: the phone may be ringing; check before repeating it.
            ResponseError: Plivo says no; its class tells the status.
        """
        action = Action.cold_transfer(self.phlo_id, self.node_id, trigger_source, to, role)
        del trigger_source, to
        return await self._do(action)

    async def _do(self, action: Action) -> ActionResult:
        return await self._transport.perform(action, ActionResult)
