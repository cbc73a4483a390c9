"""The nodes of a source: their options, their callback and what comes next."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import attrs

from .components import COMPONENTS, ComponentSpec, find_component, slug_of
from .graph import FlowNode, NodeCallback
from .ids import derive_id
from .node_callbacks import CallbackReader
from .options import OptionReader, is_null
from .problems import Path, ProblemList, list_names, quote
from .tree import MapValue, ScalarValue, SourceValue

__all__ = ["ID_PATTERN", "NODE_KEYS", "NodeReader"]

NODE_KEYS = ("component", "next", "callback", "node_id")
"""What a node has besides its options."""

ID_PATTERN = "[0-9A-Za-z][0-9A-Za-z_.-]{0,99}"
"""The form of an id, which stands in URLs."""


class NodeReader:
    """Reads nodes, and adds what is wrong with them to a list of problems.

    Args:
        problems: the list.
        names: the names of all nodes.
    """

    def __init__(self, problems: ProblemList, names: Sequence[str]) -> None:
        self._problems = problems
        self._names = names
        self._known = frozenset(names)
        self._options = OptionReader(problems)
        self._callbacks = CallbackReader(problems)

    def node(
        self, key: ScalarValue, value: SourceValue, path: Path, phlo_id: str
    ) -> FlowNode | None:
        """Return a node with what is valid of it; None where its component is unknown."""
        if not isinstance(value, MapValue):
            self._add(value, path, "give a mapping with a component and its options.")
            return None
        given = {text: inner for text, (_, inner) in value.entries.items() if not is_null(inner)}
        spec = self._component(key, given.get("component"), path)
        if spec is None:
            return None
        self._check_keys(spec, value, path)
        options = self._read_options(spec, key, given, path)
        node = FlowNode(key.text, spec.title, options)
        node_id = self.id(given["node_id"], (*path, "node_id")) if "node_id" in given else None
        return attrs.evolve(
            node,
            next=self._next(node, given.get("next", MapValue({})), (*path, "next")),
            callback=self._callback(node, given.get("callback"), (*path, "callback")),
            node_id=node_id or derive_id(phlo_id, key.text),
        )

    def id(self, value: SourceValue, path: Path) -> str | None:
        """Return an id."""
        text = self._options.text(value, path)
        if text is None or re.fullmatch(ID_PATTERN, text):
            return text
        what = "give up to 100 letters, digits, - and _."
        self._add(value, path, f"{quote(text)} is no id; {what}")
        return None

    def target(self, value: SourceValue, path: Path) -> str | None:
        """Return the name of a node that exists."""
        text = self._options.text(value, path)
        if text is None or text in self._known:
            return text
        near = self._problems.suggest(text, self._names)
        there = "" if near or not self._names else f"; there are {list_names(self._names)}"
        self._add(value, path, f"no node {quote(text)}{near}{there}.")
        return None

    def _component(
        self, key: ScalarValue, value: SourceValue | None, path: Path
    ) -> ComponentSpec | None:
        there = f"there are {', '.join(COMPONENTS)}."
        if value is None:
            self._add(key, path, f"it has no component; {there}")
            return None
        name = self._options.text(value, (*path, "component"))
        spec = None if name is None else find_component(name)
        if name is not None and spec is None:
            near = self._problems.suggest(name, COMPONENTS)
            self._add(value, (*path, "component"), f"no component {quote(name)}{near}; {there}")
        return spec

    def _check_keys(self, spec: ComponentSpec, value: MapValue, path: Path) -> None:
        known = (*spec.options, *NODE_KEYS)
        for text, (key, _) in value.entries.items():
            if text not in known:
                near = self._problems.suggest(text, known)
                there = f"it has {list_names(known)}."
                self._add(key, path, f"{spec.title} has no option {quote(text)}{near}; {there}")

    def _read_options(
        self, spec: ComponentSpec, key: ScalarValue, given: Mapping[str, SourceValue], path: Path
    ) -> dict[str, object]:
        """Return the options that differ from their defaults; check that none is missing."""
        options: dict[str, object] = {}
        for name, option in spec.options.items():
            read: object = ""
            if name in given:
                read = self._options.option(spec, option, given[name], (*path, name))
            if read in ("", (), {}):
                if option.required:
                    self._add(key, path, f"{spec.title} needs {name}: {_sentence(option.help)}")
            elif read is not None and read != option.default:
                options[name] = read
        if options.get("method") == "GET" and "body" in options:
            self._add(given["body"], (*path, "body"), "a GET request has no body.")
        return options

    def _callback(
        self, node: FlowNode, value: SourceValue | None, path: Path
    ) -> NodeCallback | None:
        if value is None:
            return None
        events = (*node.states, *node.spec.events)
        return self._callbacks.callback(value, path, node.component, events)

    def _next(self, node: FlowNode, value: SourceValue, path: Path) -> dict[str, str]:
        found: dict[str, str] = {}
        if isinstance(value, ScalarValue):
            target = self.target(value, path)
            return {} if target is None else dict.fromkeys(node.states, target)
        if not isinstance(value, MapValue):
            self._add(value, path, "give a node, or a mapping of states to nodes.")
            return {}
        states = {slug_of(state): state for state in reversed(node.states)}
        states |= {state: state for state in node.states}
        for text, (key, inner) in value.entries.items():
            state = states.get(text)
            target = None if is_null(inner) else self.target(inner, (*path, text))
            if state is None:
                near = self._problems.suggest(text, node.states)
                there = f"it has {list_names(node.states)}."
                what = f"{node.component} has no state {quote(text)}{near}; {there}"
                self._add(key, path, what)
            elif state in found:
                self._add(key, path, f"the state {state} is there twice.")
            elif target is not None:
                found[state] = target
        return {state: found[state] for state in node.states if state in found}

    def _add(self, at: SourceValue, path: Path, text: str) -> None:
        self._problems.add(at.position, path, text)


def _sentence(help: str) -> str:
    return help[0].lower() + help[1:]
