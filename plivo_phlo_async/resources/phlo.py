"""A PHLO and its nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from .._transport.transport import Transport
from ..actions import Action, check_text
from ..errors import InvalidArgumentError
from ..results import NodeDetails, PhloDetails, PhloRun, PhloRunDetails
from .multi_party_call import MultiPartyCall

__all__ = ["Node", "Phlo"]


@frozen
class Node:
    """A node of any type; a handle, no request."""

    _transport: Transport = field(repr=False)
    phlo_id: str
    node_type: str
    node_id: str

    def __attrs_post_init__(self) -> None:
        check_text("node_type", self.node_type)
        check_text("node_id", self.node_id)

    async def get(self) -> NodeDetails:
        """Read the node: its name, type and when it was made."""
        action = Action.get_node(self.phlo_id, self.node_type, self.node_id)
        return await self._transport.perform(action, NodeDetails)


@frozen
class Phlo:
    """A PHLO; a handle, no request.

    https://docs.plivo.com/docs/phlo/api/overview
    """

    _transport: Transport = field(repr=False)
    phlo_id: str

    def __attrs_post_init__(self) -> None:
        check_text("phlo_id", self.phlo_id)

    def node(self, node_type: str, node_id: str) -> Node:
        """The node of this type and id, e.g. `node("conference_bridge", ...)`; no request."""
        return Node(self._transport, self.phlo_id, node_type, node_id)

    def multi_party_call(self, node_id: str) -> MultiPartyCall:
        """The multi-party call node with this id (its configuration panel shows it); no request."""
        return MultiPartyCall(self._transport, self.phlo_id, node_id)

    async def get(self) -> PhloDetails:
        """Read the PHLO: its name and when it was made."""
        return await self._transport.perform(Action.get_phlo(self.phlo_id), PhloDetails)

    async def run(self, payload: Mapping[str, Any] | None = None, /, **params: Any) -> PhloRun:
        """Start the PHLO; never sent again by this client once it may have been carried out.

        https://docs.plivo.com/docs/phlo/api/phlo/run-a-phlo/

        Args:
            payload: what the Start node is given, a JSON object.
            params: more keys of it, by name; they win over the payload's.

        Raises:
            InvalidArgumentError: the payload cannot be written as JSON.
        """
        if params:
            if not isinstance(payload, Mapping | None):
                raise InvalidArgumentError("payload: give a mapping.")
            payload = {**(payload or {}), **params}
        return await self._transport.perform(Action.run(self.phlo_id, payload), PhloRun)

    async def get_run(self, run_id: str) -> PhloRunDetails:
        """Read what a run has produced: calls, messages, recordings.

        Plivo's Java SDK does this; the documentation's page for it is gone.
        """
        action = Action.get_run(self.phlo_id, run_id)
        return await self._transport.perform(action, PhloRunDetails)
