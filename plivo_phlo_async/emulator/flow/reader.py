"""Flows from files, from text and from plain data: one validation for the three.

    phlo: Support line
    numbers: ["+14155550100"]
    start:
      Incoming Call: Menu
    nodes:
      Menu:
        component: IVR Menu
        inputs: [1, 2]
        prompt: Press 1 or 2.

Every scalar is read as text. A reader collects every problem, each with its place.
"""

from __future__ import annotations

from os import PathLike, fspath

import attrs

from .components import START, TRIGGERS, slug_of
from .graph import FlowNode, FlowStart, reference_of
from .ids import derive_id
from .node_callbacks import CallbackReader
from .nodes import NodeReader
from .options import OptionReader, is_null
from .phlo import Phlo
from .problems import (
    FlowError,
    FlowProblem,
    Path,
    ProblemList,
    Severity,
    list_names,
    quote,
)
from .tree import (
    ListValue,
    MapValue,
    Positions,
    ScalarValue,
    SourceValue,
    find_positions,
    tree_of_data,
)
from .variables import check_references
from .yaml_tree import MAX_BYTES, decode_source, tree_of_text

__all__ = [
    "MAX_NODES",
    "ReadFlow",
    "load_phlo",
    "read_file",
    "read_phlo",
    "read_phlo_text",
    "read_tree",
]

MAX_NODES = 500
"""The largest number of nodes."""

TOP_KEYS = ("phlo", "id", "numbers", "start", "nodes")
"""The keys of a flow."""


@attrs.frozen
class ReadFlow:
    """What was read from a source.

    Attributes:
        phlo: the flow, None where there is an error.
        problems: what is wrong with it, in the order of the source.
        positions: the positions of its values.
    """

    phlo: Phlo | None
    problems: tuple[FlowProblem, ...]
    positions: Positions = attrs.field(factory=Positions, eq=False, repr=False)


def load_phlo(path: str | PathLike[str]) -> Phlo:
    """Load a flow from a YAML or JSON file.

    Args:
        path: the file.

    Raises:
        FlowError: the file cannot be read, or the flow is invalid; with every problem.
    """
    return read_phlo_text(read_file(path), fspath(path))


def read_phlo_text(text: str, source: str = "<text>") -> Phlo:
    """Read a flow from YAML or JSON.

    Args:
        text: the YAML or JSON.
        source: its name in error messages.

    Raises:
        FlowError: the flow is invalid; with every problem.
    """
    return _phlo_of(read_tree(tree_of_text(text, source), source))


def read_phlo(document: object, source: str = "<document>") -> Phlo:
    """Read a flow from plain data, as JSON has it; it may hold a `Callback` for a callback.

    Args:
        document: the data.
        source: its name in error messages.

    Raises:
        FlowError: the flow is invalid; with every problem. Problems have no lines.
    """
    return _phlo_of(read_tree(tree_of_data(document, source), source))


def read_file(path: str | PathLike[str]) -> str:
    """Return the text of a file; raises `FlowError`."""
    source = fspath(path)
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FlowError([FlowProblem(source, 0, 0, "", f"{reason}.")]) from error
    if len(data) > MAX_BYTES:
        raise FlowError([FlowProblem(source, 0, 0, "", "it is larger than 1 MiB.")])
    return decode_source(data, source)


def read_tree(tree: SourceValue, source: str) -> ReadFlow:
    """Read a flow from its tree.

    Args:
        tree: the tree.
        source: its name in problems.
    """
    problems = ProblemList(source)
    positions = find_positions(tree, problems)
    reader = _FlowReader(problems)
    phlo = reader.phlo(tree)
    if phlo is not None:
        check_references(phlo.nodes, phlo.start, reader.names, positions, problems)
    return ReadFlow(None if problems.errors else phlo, problems.all, positions)


def _phlo_of(read: ReadFlow) -> Phlo:
    if read.phlo is None:
        raise FlowError(each for each in read.problems if each.severity is Severity.ERROR)
    return read.phlo


class _FlowReader:
    """Reads one tree."""

    def __init__(self, problems: ProblemList) -> None:
        self._problems = problems
        self._options = OptionReader(problems)
        self._nodes = NodeReader(problems, ())
        self.names: tuple[str, ...] = ()

    def phlo(self, tree: SourceValue) -> Phlo | None:
        """Return what is valid of the flow; None where nothing is."""
        if is_null(tree):
            self._add(tree, (), "it is empty.")
            return None
        given = self._options.mapping(tree, (), TOP_KEYS)
        if given is None:
            return None
        name = self._name(tree, given.get("phlo"))
        numbers = given.get("numbers", ListValue(()))
        phlo_id = self._nodes.id(given["id"], ("id",)) if "id" in given else None
        phlo_id = phlo_id or derive_id(name)
        listed = self._listed(given.get("nodes", MapValue({})))
        self.names = tuple(listed)
        self._nodes = NodeReader(self._problems, self.names)
        return Phlo(
            name,
            phlo_id,
            self._options.names(numbers, ("numbers",)) or (),
            self._start(given.get("start", MapValue({}))),
            self._read_nodes(listed, phlo_id),
        )

    def _name(self, tree: SourceValue, value: SourceValue | None) -> str:
        if value is None:
            self._add(tree, ("phlo",), "give the name of the PHLO.")
        elif isinstance(value, ScalarValue):
            return self._options.name(value, ("phlo",)) or ""
        else:
            self._options.text(value, ("phlo",))
        return ""

    def _listed(self, value: SourceValue) -> dict[str, tuple[ScalarValue, SourceValue]]:
        """Return the keys and values of the nodes by their names; check the names."""
        path: Path = ("nodes",)
        if not isinstance(value, MapValue):
            self._add(value, path, "give a mapping of names to nodes.")
            return {}
        if len(value.entries) > MAX_NODES:
            count = f"there are {len(value.entries)} nodes; at most {MAX_NODES} are possible."
            self._add(value, path, count)
            return {}
        self._check_names([key for key, _ in value.entries.values()], path)
        return dict(value.entries)

    def _check_names(self, keys: list[ScalarValue], path: Path) -> None:
        taken = {START.title: START.title}
        for key in keys:
            self._options.name(key, path)
            other = taken.setdefault(reference_of(key.text), key.text)
            if key.text == START.title:
                self._add(key, path, "Start is the node that `start` describes; rename this one.")
            elif other != key.text:
                both = f"{quote(other)} and {quote(key.text)}"
                self._add(key, path, f"{both} are one name in templates; rename one.")

    def _read_nodes(
        self, listed: dict[str, tuple[ScalarValue, SourceValue]], phlo_id: str
    ) -> dict[str, FlowNode]:
        nodes: dict[str, FlowNode] = {}
        owners: dict[str, str] = {}
        for name, (key, value) in listed.items():
            node = self._nodes.node(key, value, ("nodes", name), phlo_id)
            if node is None:
                continue
            nodes[name] = node
            owner = owners.setdefault(node.node_id, name)
            if owner != name:
                text = f"the node {quote(owner)} has the same node_id."
                self._add(key, ("nodes", name, "node_id"), text)
        return nodes

    def _start(self, value: SourceValue) -> FlowStart:
        path: Path = ("start",)
        known = ("keys", "callback", *TRIGGERS)
        if not isinstance(value, MapValue):
            self._add(value, path, f"give a mapping with {list_names(known)}.")
            return FlowStart()
        triggers = self._triggers(value, path, known)
        given = {text: inner for text, (_, inner) in value.entries.items() if not is_null(inner)}
        callback = None
        if "callback" in given:
            callback = CallbackReader(self._problems).callback(
                given["callback"], (*path, "callback"), START.title, TRIGGERS
            )
        return FlowStart(self._keys(given.get("keys"), (*path, "keys")), triggers, callback)

    def _triggers(self, value: MapValue, path: Path, known: tuple[str, ...]) -> dict[str, str]:
        found: dict[str, str] = {}
        for text, (key, inner) in value.entries.items():
            if text in ("keys", "callback"):
                continue
            trigger = next((each for each in TRIGGERS if text in (each, slug_of(each))), None)
            if trigger is None:
                near = self._problems.suggest(text, known)
                there = f"there are {list_names(known)}."
                self._add(key, path, f"no key {quote(text)}{near}; {there}")
            elif trigger in found:
                self._add(key, path, f"{trigger} is there twice.")
            elif not is_null(inner):
                target = self._nodes.target(inner, (*path, text))
                found |= {} if target is None else {trigger: target}
        return found

    def _keys(self, value: SourceValue | None, path: Path) -> dict[str, str | None]:
        """Return the keys of an API request, each with its value or None."""
        if value is None:
            return {}
        if not isinstance(value, MapValue):
            return dict.fromkeys(self._options.names(value, path) or ())
        keys: dict[str, str | None] = {}
        for name, (key, inner) in value.entries.items():
            if not name:
                self._add(key, path, "give a name that is not empty.")
            keys[name] = None if is_null(inner) else self._options.text(inner, (*path, name))
        return keys

    def _add(self, at: SourceValue, path: Path, text: str) -> None:
        self._problems.add(at.position, path, text)
