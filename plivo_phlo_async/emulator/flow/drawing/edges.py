"""The edges of a flow, those between the same two nodes as one."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..components import START
from ..phlo import Phlo

__all__ = ["EVERY_STATE", "StateEdge", "edges_of"]

EVERY_STATE = "every state"
"""The label of an edge that has all states of its node, if they are several."""


@attrs.frozen
class StateEdge:
    """What leads from a node to another.

    Attributes:
        source: the name of the node that it leaves.
        labels: its states or triggers, or `EVERY_STATE`.
        target: the name of the node that it leads to.
    """

    source: str
    labels: tuple[str, ...]
    target: str


def edges_of(phlo: Phlo) -> dict[str, tuple[StateEdge, ...]]:
    """Return the edges that leave each node, from Start, in the order of the flow."""
    edges = {START.title: _grouped(START.title, phlo.start.triggers)}
    for name, node in phlo.nodes.items():
        found = _grouped(name, node.next)
        if len(found) == 1 and len(node.states) > 1 and {*node.next} == {*node.states}:
            found = (StateEdge(name, (EVERY_STATE,), found[0].target),)
        edges[name] = found
    return edges


def _grouped(source: str, targets: Mapping[str, str]) -> tuple[StateEdge, ...]:
    labels: dict[str, list[str]] = {}
    for state, target in targets.items():
        labels.setdefault(target, []).append(state)
    return tuple(StateEdge(source, tuple(states), target) for target, states in labels.items())
