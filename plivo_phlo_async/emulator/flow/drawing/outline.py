"""The graph of a flow as lines of text: each node once, below what leads to it first."""

from __future__ import annotations

from collections import deque
from textwrap import wrap

from ..components import START
from ..phlo import Phlo
from .edges import StateEdge, edges_of

__all__ = ["outline"]

_LEAST = 36  # characters that a line has beside its indent, at least
_JOINED = "\x1f"  # in place of a space at which no line is broken; no name has it
_MIDDLE, _LAST, _LINE, _SPACE = "├─ ", "└─ ", "│  ", "   "


def outline(phlo: Phlo, width: int = 80) -> list[str]:
    """Return the graph of a flow as lines.

    A node stands where it is reached first; elsewhere its name has "(above)" behind it, or
    "(below)" where a deep branch goes on further below.

    Args:
        phlo: the flow.
        width: the characters of a line; a long name may reach beyond them.
    """
    return _Outline(phlo, max(width, _LEAST)).lines()


class _Outline:
    """Writes the lines of one flow."""

    def __init__(self, phlo: Phlo, width: int) -> None:
        self._phlo = phlo
        self._width = width
        self._edges = edges_of(phlo)
        self._seen: set[str] = set()
        self._below: deque[str] = deque()
        self._lines: list[str] = []

    def lines(self) -> list[str]:
        """Return the lines."""
        numbers = f" ({', '.join(self._phlo.numbers)})" if self._phlo.numbers else ""
        self._lines = [f"{self._phlo.name}{numbers}"]
        self._section(START.title, START.title)
        for name in self._phlo.nodes:
            if name not in self._seen:
                self._section(name, f"{self._title(name)}: nothing leads to it")
        return self._lines

    def _section(self, name: str, title: str) -> None:
        """Write a node and what it leads to, and the branches that go on below."""
        self._lines += ["", title]
        self._seen.add(name)
        self._branches(name, "")
        while self._below:
            following = self._below.popleft()
            self._lines += ["", self._title(following)]
            self._branches(following, "")

    def _branches(self, name: str, indent: str) -> None:
        """Write the edges of a node; the only edge of one stands at the same depth."""
        edges = self._edges[name]
        while len(edges) == 1 and name != START.title:
            (edge,) = edges
            is_new = self._write(edge, indent, indent)
            if not is_new:
                return
            edges = self._edges[edge.target]
        for edge in edges:
            last = edge is edges[-1]
            inner = indent + (_SPACE if last else _LINE)
            if self._write(edge, indent + (_LAST if last else _MIDDLE), inner):
                self._branches(edge.target, inner)

    def _write(self, edge: StateEdge, first: str, other: str) -> bool:
        """Write an edge; returns whether what its target leads to follows."""
        target, is_new = self._title(edge.target), edge.target not in self._seen
        if not is_new:
            target = f"{edge.target} ({'below' if edge.target in self._below else 'above'})"
        elif self._edges[edge.target] and len(other) + _LEAST > self._width:
            self._below.append(edge.target)
            target, is_new = f"{edge.target} (below)", False
        self._seen.add(edge.target)
        lines = _wrapped(", ".join(edge.labels), f"-> {target}", self._width - len(first))
        self._lines += [(other if number else first) + line for number, line in enumerate(lines)]
        return is_new

    def _title(self, name: str) -> str:
        node = self._phlo.nodes.get(name)
        return name if node is None else f"{name} ({node.component})"


def _wrapped(labels: str, arrow: str, width: int) -> list[str]:
    """Return an edge as lines; the arrow and its target stay together."""
    text = f"{labels} {arrow.replace(' ', _JOINED)}"
    lines = wrap(
        text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    return [line.replace(_JOINED, " ") for line in lines]
