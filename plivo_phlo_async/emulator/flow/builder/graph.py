"""The graph of a flow while it is built: its nodes, and what their states lead to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

from ..components import COMPONENTS, START, ComponentSpec, slug_of
from ..graph import reference_of
from .variables import attributes_of, missing

__all__ = ["BuilderGraph", "BuilderNode", "FlowState", "StatesAndVariables"]

NodeT = TypeVar("NodeT", bound="BuilderNode")


class BuilderGraph:
    """The nodes of a flow by name, and the connections of each node and of Start."""

    def __init__(self) -> None:
        self.nodes: dict[str, BuilderNode] = {}
        self.connections: dict[str, dict[str, str]] = {}

    def add(self, node: BuilderNode) -> None:
        """Add a node; raises `ValueError` where its name is taken."""
        taken = {reference_of(name): name for name in (START.title, *self.nodes)}
        other = taken.get(reference_of(node.name))
        if other is not None:
            raise ValueError(f"{node.name!r}: there is a node {other!r} already; rename this one.")
        self.nodes[node.name] = node

    def connect(self, source: str, states: Iterable[str], target: object) -> None:
        """Connect states of a node to a node.

        Raises:
            TypeError: the target is not a node.
            ValueError: it is in another flow, or a state leads to a node already.
        """
        if not isinstance(target, BuilderNode):
            raise TypeError(f"{source}: connect a state to a node, not to {target!r}.")
        if self.nodes.get(target.name) is not target:
            raise ValueError(f"{source}: the node {target.name!r} is in another flow.")
        connected = self.connections.setdefault(source, {})
        for state in states:
            if state in connected:
                raise ValueError(f"{source}: {state} leads to {connected[state]!r} already.")
        connected |= dict.fromkeys(states, target.name)


class FlowState:
    """One or more states of a node; `state >> node` and `state.to(node)` connect them."""

    def __init__(self, graph: BuilderGraph, source: str, *states: str) -> None:
        self._graph = graph
        self._source = source
        self._states = states

    def __repr__(self) -> str:
        return f"the state {', '.join(self._states)} of {self._source}"

    def to(self, node: NodeT) -> NodeT:
        """Connect the states to a node and return the node.

        Raises:
            TypeError: `node` is not a node.
            ValueError: it is in another flow, or a state leads to a node already.
        """
        self._graph.connect(self._source, self._states, node)
        return node

    def __rshift__(self, node: NodeT) -> NodeT:
        return self.to(node)


class StatesAndVariables:
    """Has the states and variables of a component as the attributes that its class declares."""

    def __init__(self, graph: BuilderGraph, name: str, spec: ComponentSpec) -> None:
        self.name = name
        self._graph = graph
        self._title = spec.title
        states = {slug_of(state): state for state in spec.states}
        for attribute, kind in attributes_of(type(self)).items():
            if kind is FlowState:
                setattr(self, attribute, FlowState(graph, name, states[attribute]))
            else:
                path = f"{reference_of(name)}.{attribute.rstrip('_')}"
                setattr(self, attribute, kind(path))

    def __repr__(self) -> str:
        return f"the node {self.name}"

    if not TYPE_CHECKING:  # a type checker would take every attribute for one that exists

        def __getattr__(self, name: str) -> object:
            what = f"{self._title} has no state or variable"
            raise AttributeError(missing(what, name, attributes_of(type(self))), obj=self)


class BuilderNode(StatesAndVariables):
    """A node of a flow that is being built.

    Attributes:
        name: its name.
        component: the title of its component.
    """

    component = ""

    def __init__(self, graph: BuilderGraph, name: str, added: Iterable[str] = ()) -> None:
        spec = COMPONENTS[self.component]
        super().__init__(graph, name, spec)
        self._added = tuple(added)
        self._states = (*self._added, *spec.states)

    @property
    def every_state(self) -> FlowState:
        """All states together."""
        return FlowState(self._graph, self.name, *self._states)

    @property
    def other_states(self) -> FlowState:
        """All states that lead to no node yet; raises `ValueError` where there is none."""
        connected = self._graph.connections.get(self.name, {})
        states = [state for state in self._states if state not in connected]
        if not states:
            raise ValueError(f"{self.name}: every state leads to a node already.")
        return FlowState(self._graph, self.name, *states)

    def _added_state(self, kind: str, name: str) -> FlowState:
        if name not in self._added:
            what = f"{self._title} {self.name} has no {kind}"
            raise ValueError(missing(what, name, self._added))
        return FlowState(self._graph, self.name, name)
