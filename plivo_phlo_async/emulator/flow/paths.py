"""The paths through a flow: what leads where, and what has run before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .phlo import Phlo

__all__ = ["FlowGraph", "PathsFrom"]

Edges = Mapping[str, Sequence[str]]


class PathsFrom:
    """The paths that begin at one node.

    Args:
        first: the node.
        edges: the next nodes by node.
    """

    def __init__(self, first: str, edges: Edges) -> None:
        self.nodes: tuple[str, ...] = _in_order(first, edges)
        self._bits = {name: 1 << number for number, name in enumerate(self.nodes)}
        self._before = self._run_before(edges)

    def always_before(self, name: str, other: str) -> bool:
        """Return whether every path to a node runs through another one first."""
        return bool(self._before[name] & self._bits.get(other, 0))

    def _run_before(self, edges: Edges) -> dict[str, int]:
        """Return the nodes that have run on every path to each node, as bits."""
        everything = (1 << len(self.nodes)) - 1
        before = dict.fromkeys(self.nodes, everything)
        before[self.nodes[0]] = 0
        changed = True
        while changed:
            changed = False
            for name in self.nodes:
                after = before[name] | self._bits[name]
                for following in edges[name]:
                    if before[following] & ~after:
                        before[following] &= after
                        changed = True
        return before


class FlowGraph:
    """What leads where in a flow.

    Args:
        phlo: the flow.
    """

    def __init__(self, phlo: Phlo) -> None:
        self._phlo = phlo
        self._edges: Edges = {
            name: tuple(dict.fromkeys(node.next.values())) for name, node in phlo.nodes.items()
        }
        self.from_trigger: dict[str, PathsFrom] = {
            trigger: PathsFrom(first, self._edges) for trigger, first in phlo.start.triggers.items()
        }

    @property
    def targets(self) -> set[str]:
        """The nodes that a state or a trigger leads to."""
        return {
            *self._phlo.start.triggers.values(),
            *(target for targets in self._edges.values() for target in targets),
        }

    @property
    def reached(self) -> set[str]:
        """The nodes that a trigger leads to, through others or not."""
        return {name for paths in self.from_trigger.values() for name in paths.nodes}

    def endless_loops(self) -> list[list[str]]:
        """Return the loops of nodes that never wait, which no Counter ends.

        A Counter leaves by Count Reached in the end, so only that leads on from it here.
        """
        passing = {name: node for name, node in self._phlo.nodes.items() if not node.spec.waits}
        edges: Edges = {
            name: tuple(
                target
                for state, target in node.next.items()
                if target in passing and state != "Count Not Reached"
            )
            for name, node in passing.items()
        }
        return _loops(edges)


def _in_order(first: str, edges: Edges) -> tuple[str, ...]:
    """Return the nodes that one leads to, each as far as possible after what leads to it."""
    return tuple(reversed(_finished(first, edges, set())))


def _finished(first: str, edges: Edges, seen: set[str]) -> list[str]:
    """Return the nodes that one leads to, but for those seen, in the order of a depth-first search.

    Each comes after all that it leads to. They are added to those seen.
    """
    finished: list[str] = []
    seen.add(first)
    stack = [(first, iter(edges[first]))]
    while stack:
        name, following = stack[-1]
        target = next((each for each in following if each not in seen), None)
        if target is None:
            finished.append(name)
            stack.pop()
        else:
            seen.add(target)
            stack.append((target, iter(edges[target])))
    return finished


def _loops(edges: Edges) -> list[list[str]]:
    """Return the nodes of each loop: what leads to each other, found by Kosaraju's algorithm."""
    backwards: dict[str, list[str]] = {name: [] for name in edges}
    for name, targets in edges.items():
        for target in targets:
            backwards[target].append(name)
    seen: set[str] = set()
    finished: list[str] = []
    for name in edges:
        finished += _finished(name, edges, seen) if name not in seen else []
    seen = set()
    components = [
        _finished(name, backwards, seen) for name in reversed(finished) if name not in seen
    ]
    place = {name: number for number, name in enumerate(edges)}
    loops = [sorted(each, key=place.__getitem__) for each in components]
    return sorted(
        (loop for loop in loops if len(loop) > 1 or loop[0] in edges[loop[0]]),
        key=lambda loop: place[loop[0]],
    )
