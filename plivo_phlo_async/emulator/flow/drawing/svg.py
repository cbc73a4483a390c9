"""The graph of a flow as SVG, for a README or a review."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise
from xml.sax.saxutils import escape

import attrs

from ..components import START
from ..phlo import Phlo
from .edges import StateEdge, edges_of
from .layers import ChainedEdge, Item, layer
from .placing import place

__all__ = ["to_svg"]

_NODE_HEIGHT, _LINE_HEIGHT, _ROW_GAP, _MARGIN = 46, 15, 24, 16
_LOOP = 34  # how far to the right an edge from a node to itself is drawn
_NAME, _SMALL = 7.8, 6.4  # pixels of a character, at most on average
_LONGEST = 36  # characters of a name
_LABEL = 22  # characters of a line of a label

_STYLE = """\
    text { font: 11px ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif;
      text-anchor: middle; fill: #57606a }
    .page { fill: #ffffff } .name { font-size: 13px; font-weight: 600; fill: #1f2328 }
    .node { fill: #f6f8fa; stroke: #8c959f } .start { fill: #ddf4ff; stroke: #54aeff }
    .edge { fill: none; stroke: #8c959f; stroke-width: 1.3 } .up { stroke-dasharray: 5 3 }
    .head { fill: #8c959f }
    @media (prefers-color-scheme: dark) {
      text { fill: #9198a1 } .page { fill: #0d1117 } .name { fill: #f0f6fc }
      .node { fill: #151b23; stroke: #656c76 } .start { fill: #121d2f; stroke: #1f6feb }
      .edge { stroke: #7d8590 } .head { fill: #7d8590 }
    }
"""


def to_svg(phlo: Phlo) -> str:
    """Return the graph of a flow as SVG; the same flow gives the same text.

    The colours follow the reader's light or dark theme. A dashed edge leads back up.
    """
    return _Drawing(phlo).svg()


@attrs.frozen
class _Box:
    """A node: the edges of its box, and its row's upper edge."""

    left: float
    width: float
    top: float

    @property
    def centre(self) -> float:
        return self.left + self.width / 2


class _Drawing:
    """Draws one flow."""

    def __init__(self, phlo: Phlo) -> None:
        self._phlo = phlo
        self._edges = [edge for edges in edges_of(phlo).values() for edge in edges]
        names = (START.title, *phlo.nodes)
        self._layers = layer(names, [(edge.source, edge.target) for edge in self._edges])
        self._loops = {edge.source: edge for edge in self._edges if edge.source == edge.target}
        self._labels = {chain.label: self._edges[chain.number] for chain in self._layers.chains}
        items = [item for row in self._layers.rows for item in row]
        widths = {item: self._item_width(item) for item in items}
        self._centres = place(self._layers, widths)
        self._rows = self._row_edges()
        self._boxes = {item[0]: self._box(item, widths[item]) for item in items if item[0]}
        self._ports = self._find_ports()
        self._width = max(self._centres[item] + widths[item] / 2 for item in items)

    def svg(self) -> str:
        """Return the text."""
        width, height = round(self._width) + 2 * _MARGIN, round(self._rows[-1][1]) + 2 * _MARGIN
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
                f' viewBox="{-_MARGIN} {-_MARGIN} {width} {height}" role="img">',
                f"  <title>{_xml(self._phlo.name)}</title>",
                f"  <style>\n{_STYLE}  </style>",
                '  <defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7"'
                ' markerHeight="7" orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker>'
                "</defs>",
                f'  <rect class="page" x="{-_MARGIN}" y="{-_MARGIN}" width="{width}"'
                f' height="{height}" rx="8"/>',
                *(self._edge(chain) for chain in self._layers.chains),
                *(self._loop(edge) for edge in self._loops.values()),
                *(line for item, edge in self._labels.items() for line in self._label(item, edge)),
                *(line for name in self._boxes for line in self._node(name)),
                "</svg>\n",
            ]
        )

    # Sizes and places

    def _item_width(self, item: Item) -> float:
        name = item[0]
        if name:
            loop = self._loops.get(name)
            return self._node_width(name) + (2 * _loop_width(loop) if loop else 0)
        edge = self._labels.get(item)
        return _text_width(_label_lines(edge), _SMALL) + 8 if edge else 4.0

    def _node_width(self, name: str) -> float:
        title, below = self._texts(name)
        return max(72, _text_width([title], _NAME) + 24, _text_width([below], _SMALL) + 24)

    def _texts(self, name: str) -> tuple[str, str]:
        """Return the name and the line below it."""
        node = self._phlo.nodes.get(name)
        below = ", ".join(self._phlo.numbers) if node is None else node.component
        return _shortened(name), _shortened(below)

    def _row_edges(self) -> list[tuple[float, float]]:
        """Return the upper and the lower edge of each row."""
        edges: list[tuple[float, float]] = []
        top = 0.0
        for number, row in enumerate(self._layers.rows):
            lines = [len(_label_lines(self._labels[item])) for item in row if item in self._labels]
            height = max(lines, default=0) * _LINE_HEIGHT if number % 2 else _NODE_HEIGHT
            edges.append((top, top + height))
            top += height + _ROW_GAP
        return edges

    def _box(self, item: Item, width: float) -> _Box:
        box = self._node_width(item[0])
        return _Box(self._centres[item] - box / 2, box, self._rows[item[2]][0])

    def _find_ports(self) -> dict[tuple[int, Item], float]:
        """Return where each edge meets its nodes: spread over the side of the box."""
        sides: dict[tuple[Item, bool], list[tuple[float, int]]] = {}
        for chain in self._layers.chains:
            ends = (
                (chain.items[0], chain.items[1], True),
                (chain.items[-1], chain.items[-2], False),
            )
            for item, following, is_lower_side in ends:
                side = sides.setdefault((item, is_lower_side), [])
                side.append((self._centres[following], chain.number))
        ports: dict[tuple[int, Item], float] = {}
        for (item, _), side in sides.items():
            box = self._boxes[item[0]]
            for place_of, (_, number) in enumerate(sorted(side), 1):
                ports[number, item] = box.left + box.width * place_of / (len(side) + 1)
        return ports

    # Shapes

    def _edge(self, chain: ChainedEdge) -> str:
        points: list[tuple[float, float, float]] = []  # x, and where it enters and leaves a row
        for item in chain.items:
            top, bottom = self._rows[item[2]]
            x = self._ports.get((chain.number, item), self._centres[item])
            points.append((x, top, bottom))
        x, _, bottom = points[0]
        if chain.leads_up:
            points.reverse()
            points = [(x, bottom, top) for x, top, bottom in points]
            x, _, bottom = points[0]
        path = f"M{_n(x)} {_n(bottom)}{''.join(_curves(points))}"
        style = "edge up" if chain.leads_up else "edge"
        return f'  <path class="{style}" d="{path}" marker-end="url(#head)"/>'

    def _loop(self, edge: StateEdge) -> str:
        box = self._boxes[edge.source]
        right, top = box.left + box.width, box.top + 12
        out = right + _LOOP
        path = f"M{_n(right)} {_n(top)}C{_n(out)} {_n(top - 8)} {_n(out)} {_n(top + 30)}"
        path += f" {_n(right)} {_n(top + 22)}"
        lines = _label_lines(edge)
        middle = out + (_text_width(lines, _SMALL)) / 2 - 4
        text = _text_lines(lines, middle, box.top + _NODE_HEIGHT / 2)
        shape = f'  <path class="edge up" d="{path}" marker-end="url(#head)"/>'
        return "\n".join([shape, *text])

    def _label(self, item: Item, edge: StateEdge) -> Iterator[str]:
        lines = _label_lines(edge)
        width, height = _text_width(lines, _SMALL) + 4, len(lines) * _LINE_HEIGHT
        top, bottom = self._rows[item[2]]
        middle = (top + bottom) / 2
        left = self._centres[item] - width / 2
        yield (
            f'  <rect class="page" x="{_n(left)}" y="{_n(middle - height / 2)}"'
            f' width="{_n(width)}" height="{height}"/>'
        )
        yield from _text_lines(lines, self._centres[item], middle)

    def _node(self, name: str) -> Iterator[str]:
        box = self._boxes[name]
        title, below = self._texts(name)
        style = "start" if name == START.title else "node"
        yield f"  <g><title>{_xml(name)}</title>"
        yield (
            f'    <rect class="{style}" x="{_n(box.left)}" y="{_n(box.top)}"'
            f' width="{_n(box.width)}" height="{_NODE_HEIGHT}" rx="6"/>'
        )
        y = box.top + (19 if below else 28)
        yield f'    <text class="name" x="{_n(box.centre)}" y="{_n(y)}">{_xml(title)}</text>'
        if below:
            y = box.top + 35
            yield f'    <text x="{_n(box.centre)}" y="{_n(y)}">{_xml(below)}</text>'
        yield "  </g>"


def _curves(points: Sequence[tuple[float, float, float]]) -> Iterator[str]:
    """Return the parts of a path: a curve to each row, and a line through it."""
    for number, ((x, _, left_at), (to_x, enters, leaves)) in enumerate(pairwise(points), 2):
        half = (left_at + enters) / 2
        if abs(x - to_x) < 0.05:
            yield f"V{_n(enters)}"
        else:
            yield f"C{_n(x)} {_n(half)} {_n(to_x)} {_n(half)} {_n(to_x)} {_n(enters)}"
        if number < len(points):
            yield f"V{_n(leaves)}"


def _text_lines(lines: Sequence[str], x: float, middle: float) -> Iterator[str]:
    first = middle - len(lines) * _LINE_HEIGHT / 2 + 11
    for number, line in enumerate(lines):
        yield f'  <text x="{_n(x)}" y="{_n(first + number * _LINE_HEIGHT)}">{_xml(line)}</text>'


def _label_lines(edge: StateEdge) -> list[str]:
    """Return the label of an edge, some of its states on each line."""
    lines: list[str] = []
    for number, label in enumerate(edge.labels, 1):
        text = _shortened(label) + ("," if number < len(edge.labels) else "")
        if lines and len(lines[-1]) + 1 + len(text) <= _LABEL:
            lines[-1] += f" {text}"
        else:
            lines.append(text)
    return lines


def _loop_width(edge: StateEdge) -> float:
    return _LOOP + _text_width(_label_lines(edge), _SMALL) + 4


def _text_width(lines: Sequence[str], character: float) -> float:
    return max((sum(map(_cells, line)) for line in lines), default=0) * character


def _cells(char: str) -> int:
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _n(value: float) -> str:
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def _xml(text: str) -> str:
    return escape(text)
