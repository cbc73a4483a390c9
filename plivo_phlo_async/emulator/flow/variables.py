"""The variables that templates read: whether their nodes have them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from .components import START, ComponentSpec
from .graph import FlowNode, FlowStart, NodeCallback, Prompt, reference_of
from .problems import Path, ProblemList, list_names, path_text, quote
from .template_environment import is_liquid
from .templates import Reference, TemplateError, references
from .tree import Positions

__all__ = ["check_references", "node_templates", "reference_text", "start_templates"]

_OPEN = (("response",), ("http", "params"), ("request", "params"))  # anything may be below
_SIP_HEADER = re.compile(r"header[0-9]+")
_OF_ANY_VALUE = ("size", "first", "last")


def node_templates(node: FlowNode) -> Iterator[tuple[Path, str]]:
    """Yield the templates of a node, each with its path."""
    path: Path = ("nodes", node.name)
    for name, value in node.options.items():
        yield from _templates((*path, name), value)
    yield from _callback_templates(path, node.callback)


def start_templates(start: FlowStart) -> Iterator[tuple[Path, str]]:
    """Yield the templates of the Start node, each with its path."""
    yield from _callback_templates(("start",), start.callback)


def reference_text(reference: Reference) -> str:
    """Return a reference as a template has it."""
    return f"{{{{{path_text(reference.path)}}}}}"


def check_references(
    nodes: Mapping[str, FlowNode],
    start: FlowStart,
    names: Iterable[str],
    positions: Positions,
    problems: ProblemList,
) -> None:
    """Add a problem for each invalid template, and for each variable that does not exist.

    Args:
        nodes: the nodes by name.
        start: the Start node.
        names: the names of all nodes, also of those that could not be read.
        positions: the positions of the source.
        problems: receives the problems.
    """
    specs: dict[str, ComponentSpec | None] = {reference_of(name): None for name in names}
    specs |= {reference_of(name): node.spec for name, node in nodes.items()}
    specs[START.title] = START
    for each in (start_templates(start), *map(node_templates, nodes.values())):
        for path, template in each:
            if problems.is_full:
                return
            found, position = positions.find(path)
            for text in _template_problems(template, specs, problems):
                problems.add(position, found, text)


def _template_problems(
    template: str, specs: Mapping[str, ComponentSpec | None], problems: ProblemList
) -> Iterator[str]:
    try:
        read = references(template)
    except TemplateError as error:
        yield f"template: {error}."
        return
    for reference in read:
        first, *rest = reference.path
        known = reference_of(first)  # it may stand in brackets, as it is
        if known not in specs:
            near = problems.suggest(first, specs)
            there = "" if near else f"; there are {list_names(list(specs))}"
            yield f"{reference_text(reference)}: no node {quote(first)}{near}{there}."
        elif (spec := specs[known]) is not None and not _has_variable(spec, rest):
            yield f"{reference_text(reference)}: {_no_variable(spec, rest, problems)}"


def _has_variable(spec: ComponentSpec, names: Sequence[str]) -> bool:
    """Return whether a component has a variable, or variables below that name."""
    if spec is START and len(names) == 2 and names[0] == "call" and _SIP_HEADER.fullmatch(names[1]):
        return True
    dotted = ".".join(names)
    if not names or any(name.startswith(f"{dotted}.") for name in spec.variables):
        return True
    for length in range(1, len(names) + 1):
        if ".".join(names[:length]) in spec.variables:
            rest = names[length:]
            if tuple(names[:length]) in _OPEN or all(map(_is_of_any_value, rest)):
                return True
    return False


def _is_of_any_value(name: str) -> bool:
    return name in _OF_ANY_VALUE or name.removeprefix("-").isdecimal()


def _no_variable(spec: ComponentSpec, names: Sequence[str], problems: ProblemList) -> str:
    dotted = ".".join(names)
    group = [name for name in spec.variables if name.startswith(f"{names[0]}.")]
    known = group or list(spec.variables)
    near = problems.suggest(dotted, known)
    there = f"it has {list_names(known)}." if known else "it has none."
    return f"{spec.title} has no variable {quote(dotted)}{near}; {there}"


def _templates(path: Path, value: object) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        if is_liquid(value):
            yield path, value
    elif isinstance(value, Prompt):
        for name in ("speak", "play", "language", "voice"):
            yield from _templates((*path, name), getattr(value, name))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _templates((*path, name), inner)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _templates((*path, number), item)


def _callback_templates(path: Path, callback: NodeCallback | None) -> Iterator[tuple[Path, str]]:
    if callback is not None:
        yield from _templates((*path, "callback", "url"), callback.callback.url)
