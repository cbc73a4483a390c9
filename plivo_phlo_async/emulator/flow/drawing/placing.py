"""Where the items of rows stand: near their neighbours, and never nearer than they are wide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from .layers import Item, Layers

__all__ = ["place"]

_SWEEPS = 40
_GAP = 18.0


def place(layers: Layers, widths: Mapping[Item, float]) -> dict[Item, float]:
    """Return the centre of each item; the smallest left edge is at 0.

    Args:
        layers: the rows.
        widths: the width of each item.
    """
    centres: dict[Item, float] = {}
    for row in layers.rows:
        left = 0.0
        for item in row:
            centres[item] = left + widths[item] / 2
            left += widths[item] + _GAP
    above, below = _neighbours(layers)
    both = {item: above[item] + below[item] for item in centres}
    for sweep in range(_SWEEPS):
        near = both if sweep >= _SWEEPS - 2 else (below if sweep % 2 else above)
        rows = reversed(layers.rows) if sweep % 2 else layers.rows
        for row in rows:
            _settle(row, near, widths, centres)
    shift = min(centre - widths[item] / 2 for item, centre in centres.items())
    return {item: centre - shift for item, centre in centres.items()}


def _neighbours(layers: Layers) -> tuple[dict[Item, list[Item]], dict[Item, list[Item]]]:
    above: dict[Item, list[Item]] = {item: [] for row in layers.rows for item in row}
    below: dict[Item, list[Item]] = {item: [] for row in layers.rows for item in row}
    for chain in layers.chains:
        for upper, lower in pairwise(chain.items):
            above[lower].append(upper)
            below[upper].append(lower)
    return above, below


def _settle(
    row: Sequence[Item],
    near: Mapping[Item, Sequence[Item]],
    widths: Mapping[Item, float],
    centres: dict[Item, float],
) -> None:
    """Move the items of a row as near as possible to the mean of their neighbours.

    Items that would overlap form a block, whose place is the mean of theirs: this minimizes the
    sum of the squared distances.
    """
    blocks: list[tuple[float, float, list[Item]]] = []  # wanted left edge, weight, items
    offset = 0.0
    for item in row:
        others = near[item]
        wanted = sum(centres[other] for other in others) / len(others) if others else centres[item]
        weight = 1.0 if item[0] else 4.0
        left, items = wanted - widths[item] / 2 - offset, [item]
        while blocks and blocks[-1][0] >= left:
            before, heavy, first = blocks.pop()
            left = (before * heavy + left * weight) / (heavy + weight)
            weight, items = weight + heavy, first + items
        blocks.append((left, weight, items))
        offset += widths[item] + _GAP
    offset = 0.0
    for left, _, items in blocks:
        for item in items:
            centres[item] = left + offset + widths[item] / 2
            offset += widths[item] + _GAP
