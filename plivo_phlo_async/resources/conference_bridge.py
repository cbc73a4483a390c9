"""The conference bridge node, and one member of its conference."""

from __future__ import annotations

from attrs import field, frozen

from .._masking import mask
from .._other_sdks import SpellingHints
from .._transport.transport import Transport
from ..actions import Action, Verb, check_text
from ..results import ActionResult, NodeDetails

__all__ = ["ConferenceBridge", "ConferenceBridgeMember"]

_NODE_TYPE = "conference_bridge"


@frozen
class ConferenceBridgeMember(SpellingHints):
    """A handle for a member of a conference bridge; creating it sends no request.

    Each method sends one request and returns Plivo's acknowledgement: the effect on the conference
    follows. Plivo's current pages do not describe these requests; Plivo did when it added them to
    its Python SDK. A conference bridge takes no other action.
    https://github.com/plivo/plivo-python/pull/87

    Attributes:
        phlo_id: the PHLO.
        node_id: its conference bridge node.
        member_address: phone number or SIP address.
    """

    _transport: Transport = field(repr=False)
    phlo_id: str
    node_id: str
    member_address: str = field(repr=mask)

    def __attrs_post_init__(self) -> None:
        check_text("member_address", self.member_address)

    async def mute(self) -> ActionResult:
        """Mute this member.

        Raises:
            RequestError: no response came; `may_have_happened` says whether Plivo may have acted.
            ResponseError: the response is an error, with one class for each status.
        """
        return await self._do(Verb.MUTE)

    async def unmute(self) -> ActionResult:
        """Unmute this member.

        Raises:
            RequestError: no response came; `may_have_happened` says whether Plivo may have acted.
            ResponseError: the response is an error, with one class for each status.
        """
        return await self._do(Verb.UNMUTE)

    async def hangup(self) -> ActionResult:
        """Disconnect this member; retried until the member is known to be gone.

        Raises:
            RequestError: no response came; `may_have_happened` says whether Plivo may have acted.
            ResponseError: the response is an error, with one class for each status.
        """
        return await self._do(Verb.HANGUP)

    async def _do(self, verb: Verb) -> ActionResult:
        action = Action(verb, self.phlo_id, self.node_id, self.member_address, node_type=_NODE_TYPE)
        return await self._transport.perform(action, ActionResult)


@frozen
class ConferenceBridge(SpellingHints):
    """A handle for a PHLO's conference bridge node; creating it sends no request.

    Callers reach the conference through the PHLO: no request dials a member into it.
    https://plivo.com/docs/phlo/components

    Attributes:
        phlo_id: the PHLO.
        node_id: the node; its configuration panel shows it.
    """

    _transport: Transport = field(repr=False)
    phlo_id: str
    node_id: str

    def __attrs_post_init__(self) -> None:
        check_text("node_id", self.node_id)

    def member(self, member_address: str) -> ConferenceBridgeMember:
        """Return a handle for a member; sends no request.

        Args:
            member_address: phone number or SIP address.

        Raises:
            InvalidArgumentError: it cannot be an address.
        """
        return ConferenceBridgeMember(self._transport, self.phlo_id, self.node_id, member_address)

    async def get(self) -> NodeDetails:
        """Read the node: its name, its type and when it was created.

        Raises:
            RequestError: no response came.
            ResponseError: the response is an error, with one class for each status.
            DecodeError: the response's body was lost.
        """
        action = Action.get_node(self.phlo_id, _NODE_TYPE, self.node_id)
        return await self._transport.perform(action, NodeDetails)
