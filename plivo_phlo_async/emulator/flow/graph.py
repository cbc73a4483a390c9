"""The nodes of a PHLO as values, and the graph that they make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ..webhooks.callbacks import Callback
from .components import COMPONENTS, ComponentSpec, slug_of

__all__ = [
    "FlowNode",
    "FlowStart",
    "NodeCallback",
    "PhloGraph",
    "Prompt",
    "reference_of",
    "state_named",
]


def _copied(values: Mapping[str, Any]) -> dict[str, Any]:  # mypy cannot infer the types of dict
    return dict(values)


@attrs.frozen
class Prompt:
    """One part of a prompt: a text to speak, or audio to play.

    Attributes:
        speak: the text, "" for audio; may be SSML and a Liquid template.
        play: the URL of the audio, "" for a text.
        language: the language of the voice, "" for the default.
        voice: the voice, "" for the default.
    """

    speak: str = ""
    play: str = ""
    language: str = ""
    voice: str = ""


@attrs.frozen
class NodeCallback:
    """The callback of a node.

    Attributes:
        callback: the URL that receives the events.
        events: the events that are sent: states and the component's further events; empty for all.
    """

    callback: Callback
    events: tuple[str, ...] = ()

    def sends(self, event: str) -> bool:
        """Return whether the callback receives an event, which may be chosen as a state."""
        return not self.events or slug_of(event) in map(slug_of, self.events)


@attrs.frozen
class FlowStart:
    """The Start node.

    Attributes:
        keys: the keys of an API request's payload; with a value where Plivo has it as static.
        triggers: the first node by trigger.
        callback: the callback, None for none.
    """

    keys: Mapping[str, str | None] = attrs.field(factory=dict, converter=_copied)
    triggers: Mapping[str, str] = attrs.field(factory=dict, converter=_copied)
    callback: NodeCallback | None = None


@attrs.frozen
class FlowNode:
    """A node.

    Attributes:
        name: the name, by which templates refer to its variables.
        component: the title of its component.
        options: its options, without those that have their default. A text, number, flag, key or
            choice is a `str`; a list, keys and names are tuples; a prompt is a tuple of `Prompt`;
            pairs are a dict. A body is one of `{"json": value}`, `{"form": pairs}` and
            `{"multipart": pairs}`, an auth one of `{"basic": (user, password)}` and `{"bearer":
            token}`, a confirm `{"prompt": prompts, "key": key}`, and conditions map each alias to
            its operation and right side.
        next: the name of the next node, by state.
        callback: the callback, None for none.
        node_id: the id that the REST API uses.
    """

    name: str
    component: str
    options: Mapping[str, object] = attrs.field(factory=dict, converter=_copied)
    next: Mapping[str, str] = attrs.field(factory=dict, converter=_copied)
    callback: NodeCallback | None = None
    node_id: str = ""

    @property
    def spec(self) -> ComponentSpec:
        """The component."""
        return COMPONENTS[self.component]

    @property
    def title(self) -> str:
        """The component and the name, as a person reads them."""
        return f"{self.component} {self.name}"

    @property
    def states(self) -> tuple[str, ...]:
        """Every state, those of its options first."""
        spec = self.spec
        added = self.options.get(spec.state_option, ()) if spec.state_option else ()
        assert isinstance(added, tuple | list | dict)
        return (*added, *spec.states)

    def text(self, name: str) -> str:
        """Return an option that is one text; its default where the node has none."""
        value = self.options.get(name, self.spec.options[name].default)
        assert isinstance(value, str)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return an option that is a list of texts; empty where the node has none."""
        value = self.options.get(name, ())
        assert isinstance(value, tuple)
        return value

    def prompts(self, name: str = "prompt") -> tuple[Prompt, ...]:
        """Return an option that is a prompt; empty where the node has none."""
        value = self.options.get(name, ())
        assert isinstance(value, tuple)
        return value

    def pairs(self, name: str) -> Mapping[str, str]:
        """Return an option that is a mapping of texts; empty where the node has none."""
        value = self.options.get(name, {})
        assert isinstance(value, Mapping)
        return value


@attrs.frozen
class PhloGraph:
    """The graph of a PHLO: its Start node and the others, with what the PHLO is called.

    Attributes:
        name: its name.
        phlo_id: its id.
        numbers: the numbers that are attached to it.
        start: its Start node.
        nodes: its other nodes by name.
    """

    name: str
    phlo_id: str
    numbers: tuple[str, ...] = ()
    start: FlowStart = attrs.field(factory=FlowStart)
    nodes: Mapping[str, FlowNode] = attrs.field(factory=dict, converter=_copied)

    def node_with(self, reference: str) -> FlowNode | None:
        """Return the node that templates call `reference`: its name with `_` for spaces."""
        return self.nodes.get(reference) or next(
            (node for name, node in self.nodes.items() if reference_of(name) == reference), None
        )


def reference_of(name: str) -> str:
    """Return the name of a node as templates spell it: spaces and `-` are `_` (assumed)."""
    return name.replace(" ", "_").replace("-", "_")


def state_named(node: FlowNode, name: str) -> str | None:
    """Return a state of a node by its name or its slug, None for none."""
    if name in node.states:
        return name
    return next((state for state in node.states if slug_of(state) == name), None)
