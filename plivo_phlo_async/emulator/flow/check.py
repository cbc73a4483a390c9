"""Warnings about flows: what is legal and may not do what is meant."""

from __future__ import annotations

from os import PathLike, fspath

import attrs

from .components import START, TRIGGERS
from .graph import FlowNode, reference_of
from .paths import FlowGraph
from .phlo import Phlo
from .problems import FlowError, FlowProblem, Path, ProblemList, Severity, list_names, quote
from .reader import ReadFlow, read_file, read_tree
from .templates import Reference, references, unknown_filters
from .tree import Positions
from .variables import node_templates, reference_text, start_templates
from .yaml_tree import tree_of_text

__all__ = ["check_file", "check_phlo_text", "find_warnings"]

_NO_POSITIONS = Positions()
_BEGUN_BY = {
    "call": "Incoming Call",
    "message": "Incoming Message",
    "http": "API Request",
    "request": "API Request",
}
"""The trigger that sets the variables of Start below a name."""


def check_file(path: str | PathLike[str]) -> ReadFlow:
    """Return a file's flow with its errors, warnings and notes; nothing is raised.

    Args:
        path: the YAML or JSON file.
    """
    try:
        text = read_file(path)
    except FlowError as error:
        return ReadFlow(None, error.problems)
    return check_phlo_text(text, fspath(path))


def check_phlo_text(text: str, source: str = "<text>") -> ReadFlow:
    """Return the flow of a text with its errors, warnings and notes; nothing is raised.

    Args:
        text: the YAML or JSON.
        source: its name in problems.
    """
    try:
        read = read_tree(tree_of_text(text, source), source)
    except FlowError as error:
        return ReadFlow(None, error.problems)
    if read.phlo is None:
        return read
    return attrs.evolve(read, problems=find_warnings(read.phlo, read.positions, source))


def find_warnings(
    phlo: Phlo, positions: Positions = _NO_POSITIONS, source: str = ""
) -> tuple[FlowProblem, ...]:
    """Return the warnings and notes of a flow, in the order of its source.

    Args:
        phlo: the flow.
        positions: the positions of its values.
        source: the name of its source in problems.
    """
    return _Checker(phlo, positions, source).check()


class _Checker:
    """Checks one flow."""

    def __init__(self, phlo: Phlo, positions: Positions, source: str) -> None:
        self._phlo = phlo
        self._positions = positions
        self._problems = ProblemList(source)
        self._graph = FlowGraph(phlo)

    def check(self) -> tuple[FlowProblem, ...]:
        """Return what was found."""
        self._check_reach()
        for loop in self._graph.endless_loops():
            names = list_names([*loop, loop[0]])
            text = f"it leads back to itself without a wait or a Counter: {names}."
            self._warn(("nodes", loop[0]), text)
        for path, template in start_templates(self._phlo.start):
            self._check_filters(path, template)
        for node in self._phlo.nodes.values():
            self._check_node(node)
        return self._problems.all

    def _check_reach(self) -> None:
        if not self._phlo.start.triggers:
            self._warn(("start",), f"nothing starts a run; connect {' or '.join(TRIGGERS)}.")
            return
        reached, targets = self._graph.reached, self._graph.targets
        for name in self._phlo.nodes:
            if name not in targets:
                self._warn(("nodes", name), "nothing leads to it.")
            elif name not in reached:
                self._warn(("nodes", name), "no trigger leads to it.")

    def _check_node(self, node: FlowNode) -> None:
        path: Path = ("nodes", node.name)
        self._check_name(node.name, path)
        for where, template in node_templates(node):
            self._check_filters(where, template)
            for reference in references(template):
                self._check_value(node, where, reference)
        unconnected = [state for state in node.states if state not in node.next]
        if unconnected and node.component != "Hangup":  # where most runs end
            text = f"nothing is connected to {list_names(unconnected)}."
            self._warn((*path, "next"), text, Severity.NOTE)

    def _check_name(self, name: str, path: Path) -> None:
        as_read = reference_of(name)
        if not as_read.isidentifier():
            text = "its name is no identifier; use letters, digits and _, with a letter first."
            self._warn(path, text)
        elif not _can_be_read(as_read):
            self._warn(path, f"{name} is a word of Liquid; choose another name.")
        elif as_read != name:
            self._warn(path, f"templates call it {as_read}; better name it so.")

    def _check_filters(self, path: Path, template: str) -> None:
        for name in unknown_filters(template):
            self._warn(path, f"no filter {quote(name)}; the template fails when it is used.")

    def _check_value(self, node: FlowNode, path: Path, reference: Reference) -> None:
        if reference.has_default:
            return
        triggers = [
            trigger
            for trigger, paths in self._graph.from_trigger.items()
            if node.name in paths.nodes and self._may_be_empty(trigger, node, path, reference)
        ]
        if triggers:
            where = self._where_empty(node, reference, " or ".join(triggers))
            self._warn(path, f"{reference_text(reference)}: it is empty {where}.")
        elif reference.path[:3] == (START.title, "http", "params"):
            self._check_key(path, reference)

    def _check_key(self, path: Path, reference: Reference) -> None:
        keys = self._phlo.start.keys
        key = "".join(reference.path[3:4])
        near = self._problems.suggest(key, keys) if key not in keys else ""
        if key and near:
            text = f"{reference_text(reference)}: `keys` has no {quote(key)}{near}."
            self._warn(path, text)

    def _may_be_empty(self, trigger: str, node: FlowNode, path: Path, reference: Reference) -> bool:
        first, *names = reference.path
        if not names:
            return False
        if first == START.title:
            return _BEGUN_BY.get(names[0], trigger) != trigger
        other = self._phlo.node_with(first)
        if other is None or (other == node and "callback" in path):
            return False
        return not self._graph.from_trigger[trigger].always_before(node.name, other.name)

    def _where_empty(self, node: FlowNode, reference: Reference, triggers: str) -> str:
        first = reference.path[0]
        if first == START.title:
            return f"in a run that began by {triggers}"
        other = self._phlo.node_with(first)
        if other == node:
            return "before the node has run"
        return f"where the node is reached without {first}, after {triggers}"

    def _warn(self, path: Path, text: str, severity: Severity = Severity.WARNING) -> None:
        found, position = self._positions.find(path)
        self._problems.add(position, found, text, severity)


def _can_be_read(name: str) -> bool:
    """Return whether a template can name a node so."""
    try:
        return references(f"{{{{{name}.x}}}}") == (Reference((name, "x"), has_default=False),)
    except ValueError:
        return False
