"""Layers of a graph: which node stands in which row, and in which order.

The graph is made acyclic by reversing the edges that lead back. A node stands one row below the
lowest of those that lead to it, and nodes have every second row: the rows between hold the labels
of edges. An edge that is longer has a joint in each row that it crosses. So nothing can overlap:
boxes, labels and joints are items of a row, one beside the other.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import attrs

__all__ = ["ChainedEdge", "Item", "Layers", "layer"]

_SWEEPS = 12

Item = tuple[str, int, int]
"""A node as (name, -1, row); a label or joint of an edge as ("", edge, row)."""


@attrs.frozen
class ChainedEdge:
    """An edge with what stands in each row that it crosses.

    Attributes:
        number: its index in the list of edges.
        items: the items from its upper to its lower node, both included.
        label: the item that is its label.
        leads_up: whether it leads from the lower to the upper node.
    """

    number: int
    items: tuple[Item, ...]
    label: Item
    leads_up: bool


@attrs.frozen
class Layers:
    """The rows of a graph.

    Attributes:
        rows: the items of each row, from left to right.
        chains: the edges, without those from a node to itself.
    """

    rows: tuple[tuple[Item, ...], ...]
    chains: tuple[ChainedEdge, ...]


def layer(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> Layers:
    """Return the rows of a graph.

    Args:
        names: the nodes, the first one at the top.
        edges: the source and the target of each edge.
    """
    order, leading_up = _depth_first(names, edges)
    rows_of = _longest_paths(order, edges, leading_up)
    chains = tuple(
        _chain(number, edge, rows_of, number in leading_up)
        for number, edge in enumerate(edges)
        if edge[0] != edge[1]
    )
    return Layers(_ordered(_first_rows(order, rows_of, chains), chains), chains)


def _depth_first(
    names: Sequence[str], edges: Sequence[tuple[str, str]]
) -> tuple[list[str], set[int]]:
    """Return the nodes, each before what it leads to, and the edges that lead back up."""
    leaving: dict[str, list[tuple[int, str]]] = {name: [] for name in names}
    for number, (source, target) in enumerate(edges):
        leaving[source].append((number, target))
    finished: list[str] = []
    state: dict[str, int] = {}  # 1 while it is on the path, 2 when it is finished
    leading_up: set[int] = set()
    for root in names:
        stack = [] if root in state else [(root, iter(leaving[root]))]
        state.setdefault(root, 1)
        while stack:
            name, following = stack[-1]
            number, target = next(following, (-1, ""))
            if number < 0:
                state[name] = 2
                finished.append(name)
                stack.pop()
            elif target not in state:
                state[target] = 1
                stack.append((target, iter(leaving[target])))
            elif state[target] == 1:
                leading_up.add(number)
    return finished[::-1], leading_up


def _longest_paths(
    order: Sequence[str], edges: Sequence[tuple[str, str]], leading_up: set[int]
) -> dict[str, int]:
    """Return the row of each node: twice the length of the longest path to it."""
    rows = dict.fromkeys(order, 0)
    leaving: dict[str, list[str]] = {name: [] for name in order}
    for number, (source, target) in enumerate(edges):
        if source != target:
            upper, lower = (target, source) if number in leading_up else (source, target)
            leaving[upper].append(lower)
    for name in order:
        for target in leaving[name]:
            rows[target] = max(rows[target], rows[name] + 2)
    return rows


def _chain(
    number: int, edge: tuple[str, str], rows: Mapping[str, int], leads_up: bool
) -> ChainedEdge:
    upper, lower = edge[::-1] if leads_up else edge
    first, last = rows[upper], rows[lower]
    between = tuple(("", number, row) for row in range(first + 1, last))
    label = between[-1] if leads_up else between[0]
    items = ((upper, -1, first), *between, (lower, -1, last))
    return ChainedEdge(number, items, label, leads_up)


def _first_rows(
    order: Sequence[str], rows_of: Mapping[str, int], chains: Iterable[ChainedEdge]
) -> list[list[Item]]:
    """Return the rows in the order of a depth-first search."""
    rows: list[list[Item]] = [[] for _ in range(max(rows_of.values()) + 1)]
    by_upper: dict[str, list[ChainedEdge]] = {name: [] for name in order}
    for chain in chains:
        by_upper[chain.items[0][0]].append(chain)
    for name in order:
        rows[rows_of[name]].append((name, -1, rows_of[name]))
        for chain in by_upper[name]:
            for item in chain.items[1:-1]:
                rows[item[2]].append(item)
    return rows


# The order in a row


def _ordered(rows: list[list[Item]], chains: Sequence[ChainedEdge]) -> tuple[tuple[Item, ...], ...]:
    """Return the rows in the order with the fewest crossings that the sweeps have found."""
    above: dict[Item, list[Item]] = {item: [] for row in rows for item in row}
    below: dict[Item, list[Item]] = {item: [] for row in rows for item in row}
    for chain in chains:
        for upper, lower in pairwise(chain.items):
            below[upper].append(lower)
            above[lower].append(upper)
    best, fewest = [list(row) for row in rows], _crossings(rows, below)
    for sweep in range(_SWEEPS):
        if sweep % 2:
            for number in range(len(rows) - 2, -1, -1):
                rows[number] = _by_barycentre(rows[number], rows[number + 1], below)
        else:
            for number in range(1, len(rows)):
                rows[number] = _by_barycentre(rows[number], rows[number - 1], above)
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return tuple(tuple(row) for row in best)


def _by_barycentre(
    row: Sequence[Item], other: Sequence[Item], neighbours: Mapping[Item, Sequence[Item]]
) -> list[Item]:
    """Return a row ordered by the mean place of the neighbours in another row."""
    places = {item: place for place, item in enumerate(other)}
    scale = len(other) / max(1, len(row))

    def centre(place: int) -> float:
        near = [places[item] for item in neighbours[row[place]]]
        return sum(near) / len(near) if near else place * scale

    return [row[place] for place in sorted(range(len(row)), key=centre)]


def _crossings(rows: Sequence[Sequence[Item]], below: Mapping[Item, Sequence[Item]]) -> int:
    """Return how many edges cross between neighbouring rows."""
    count = 0
    for row, lower in pairwise(rows):
        places = {item: place for place, item in enumerate(lower)}
        seen: list[int] = []
        for item in row:
            ends = sorted(places[end] for end in below[item])
            count += sum(len(seen) - bisect_left(seen, end + 1) for end in ends)
            for end in ends:
                insort(seen, end)
    return count
