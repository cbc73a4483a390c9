"""A PHLO and its nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from .._other_sdks import SpellingHints
from .._transport.transport import Transport
from ..actions import Action, check_text
from ..errors import InvalidArgumentError
from ..results import NodeDetails, PhloDetails, PhloRun, PhloRunDetails
from .conference_bridge import ConferenceBridge
from .multi_party_call import MultiPartyCall

__all__ = ["Node", "Phlo"]


@frozen
class Node(SpellingHints):
    """A handle for a node of any type; creating it sends no request.

    Attributes:
        phlo_id: the PHLO.
        node_type: the type's name in Plivo's API, e.g. "conference_bridge".
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
        """Read the node: its name, its type and when it was created.

        Raises:
            RequestError: no response came.
            ResponseError: the response is an error, with one class for each status.
            DecodeError: the response's body was lost.
        """
        action = Action.get_node(self.phlo_id, self.node_type, self.node_id)
        return await self._transport.perform(action, NodeDetails)


@frozen
class Phlo(SpellingHints):
    """A handle for a PHLO; creating it sends no request.

    https://docs.plivo.com/docs/phlo/api/overview

    Attributes:
        phlo_id: its id; the console lists them.
    """

    _transport: Transport = field(repr=False)
    phlo_id: str

    def __attrs_post_init__(self) -> None:
        check_text("phlo_id", self.phlo_id)

    def node(self, node_type: str, node_id: str) -> Node:
        """Return a handle for a node of any type; sends no request.

        Args:
            node_type: the type's name in Plivo's API, e.g. "conference_bridge".
            node_id: the node; its configuration panel shows it.

        Raises:
            InvalidArgumentError: an argument is invalid; the message names it.
        """
        return Node(self._transport, self.phlo_id, node_type, node_id)

    def multi_party_call(self, node_id: str) -> MultiPartyCall:
        """Return a handle for a multi-party call node; sends no request.

        Args:
            node_id: the node; its configuration panel shows it.

        Raises:
            InvalidArgumentError: it cannot be an id.
        """
        return MultiPartyCall(self._transport, self.phlo_id, node_id)

    def conference_bridge(self, node_id: str) -> ConferenceBridge:
        """Return a handle for a conference bridge node; sends no request.

        Args:
            node_id: the node; its configuration panel shows it.

        Raises:
            InvalidArgumentError: it cannot be an id.
        """
        return ConferenceBridge(self._transport, self.phlo_id, node_id)

    async def get(self) -> PhloDetails:
        """Read the PHLO: its name and when it was created.

        Raises:
            RequestError: no response came.
            ResponseError: the response is an error, with one class for each status.
            DecodeError: the response's body was lost.
        """
        return await self._transport.perform(Action.get_phlo(self.phlo_id), PhloDetails)

    async def run(self, payload: Mapping[str, Any] | None = None, /, **params: Any) -> PhloRun:
        """Start the PHLO; the client does not retry it once it may have been carried out.

        https://docs.plivo.com/docs/phlo/api/phlo/run-a-phlo/

        Args:
            payload: the JSON object for the Start node.
            params: more of its keys, by name; they override the payload's.

        Raises:
            InvalidArgumentError: the payload cannot be written as JSON.
            NotSentError: nothing was sent; it is safe to try again.
            OutcomeUnknownError: it may be running; check before you repeat it.
            ResponseError: the response is an error, with one class for each status.
        """
        if params:
            if not isinstance(payload, Mapping | None):
                raise InvalidArgumentError("payload: give a mapping.")
            payload = {**(payload or {}), **params}
        action = Action.run(self.phlo_id, payload)
        del payload, params  # a traceback with local variables would show the numbers in them
        return await self._transport.perform(action, PhloRun)

    async def get_run(self, run_id: str) -> PhloRunDetails:
        """Read what a run produced: calls, messages, recordings.

        From Plivo's Java SDK; Plivo no longer documents it.

        Args:
            run_id: the run's id, from `run`.

        Raises:
            RequestError: no response came.
            ResponseError: the response is an error, with one class for each status.
            DecodeError: the response's body was lost.
        """
        action = Action.get_run(self.phlo_id, run_id)
        return await self._transport.perform(action, PhloRunDetails)
