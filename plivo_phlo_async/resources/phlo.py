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
    """A node of any type; a handle, no request.

    Attributes:
        phlo_id: the PHLO.
        node_type: the type's name in Plivo's API, as "conference_bridge".
        node_id: the node; its configuration panel shows it.
    """

    _transport: Transport = field(repr=False)
    phlo_id: str
    node_type: str
    node_id: str

    def __attrs_post_init__(self) -> None:
        check_text("node_type", self.node_type)
        check_text("node_id", self.node_id)

    async def get(self) -> NodeDetails:
        """Read the node: its name, type and when it was made.

        Raises:
            RequestError: no answer came.
            ResponseError: Plivo says no; its class tells the status.
            DecodeError: the answer cannot be read.
        """
        action = Action.get_node(self.phlo_id, self.node_type, self.node_id)
        return await self._transport.perform(action, NodeDetails)


@frozen
class Phlo:
    """A PHLO; a handle, no request.

    https://docs.plivo.com/docs/phlo/api/overview

    Attributes:
        phlo_id: its id; the console lists them.
    """

    _transport: Transport = field(repr=False)
    phlo_id: str

    def __attrs_post_init__(self) -> None:
        check_text("phlo_id", self.phlo_id)

    def node(self, node_type: str, node_id: str) -> Node:
        """A node of any type; makes no request.

        Args:
            node_type: the type's name in Plivo's API, as "conference_bridge".
            node_id: the node; its configuration panel shows it.

        Raises:
            InvalidArgumentError: one of them cannot be part of an address.
        """
        return Node(self._transport, self.phlo_id, node_type, node_id)

    def multi_party_call(self, node_id: str) -> MultiPartyCall:
        """A multi-party call node; makes no request.

        Args:
            node_id: the node; its configuration panel shows it.

        Raises:
            InvalidArgumentError: it cannot be part of an address.
        """
        return MultiPartyCall(self._transport, self.phlo_id, node_id)

    async def get(self) -> PhloDetails:
        """Read the PHLO: its name and when it was made.

        Raises:
            RequestError: no answer came.
            ResponseError: Plivo says no; its class tells the status.
            DecodeError: the answer cannot be read.
        """
        return await self._transport.perform(Action.get_phlo(self.phlo_id), PhloDetails)

    async def run(self, payload: Mapping[str, Any] | None = None, /, **params: Any) -> PhloRun:
        """Start the PHLO; never sent again by this client once it may have been carried out.

        https://docs.plivo.com/docs/phlo/api/phlo/run-a-phlo/

        Args:
            payload: what the Start node is given, a JSON object.
            params: more keys of it, by name; they win over the payload's.

        Raises:
            InvalidArgumentError: the payload cannot be written as JSON.
            NotSentError: nothing was sent; it is safe to try again.
            OutcomeUnknownError: it may be running; check before repeating it.
            ResponseError: Plivo says no; its class tells the status.
        """
        if params:
            if not isinstance(payload, Mapping | None):
                raise InvalidArgumentError("payload: give a mapping.")
            payload = {**(payload or {}), **params}
        action = Action.run(self.phlo_id, payload)
        del payload, params  # a traceback with local variables would show the numbers in them
        return await self._transport.perform(action, PhloRun)

    async def get_run(self, run_id: str) -> PhloRunDetails:
        """Read what a run has produced: calls, messages, recordings.

        Plivo's Java SDK does this; the documentation's page for it is gone.

        Args:
            run_id: the run's id, from `run`.

        Raises:
            RequestError: no answer came.
            ResponseError: Plivo says no; its class tells the status.
            DecodeError: the answer cannot be read.
        """
        action = Action.get_run(self.phlo_id, run_id)
        return await self._transport.perform(action, PhloRunDetails)
