"""The requests of `doctor`: each reads something, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio

from ..._transport.retry import RetryPolicy
from ...actions import Action
from ...client import AsyncPhloClient
from ...errors import PhloError
from ...results import Result

__all__ = ["NO_NODE", "NO_PHLO", "Answer", "get_node", "get_phlo"]

# IDs that do not exist, to compare the server's answers with.
NO_PHLO = "00000000-0000-4000-8000-000000000000"
NO_NODE = "00000000-0000-4000-8000-000000000001"

Answer = Result | PhloError


def get_phlo(options: dict[str, Any], phlo_id: str) -> Answer:
    """Return a PHLO, or the error of the request; `options` are the client's."""
    return anyio.run(_get, options, lambda: Action.get_phlo(phlo_id))


def get_node(options: dict[str, Any], phlo_id: str, node_id: str) -> Answer:
    """Return a multi-party call node, or the error of the request."""
    return anyio.run(_get, options, lambda: Action.get_node(phlo_id, "multi_party_call", node_id))


async def _get(options: dict[str, Any], make: Callable[[], Action]) -> Answer:
    try:
        async with AsyncPhloClient(**options, retry=RetryPolicy(attempts=1, deadline=10)) as client:
            return await client.perform(make())
    except PhloError as error:
        return error
