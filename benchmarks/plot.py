"""CPU per action against how many are in flight, one line a client.

`python -m benchmarks.plot RESULTS.json PICTURE.png` draws it again from an earlier run.
"""

from __future__ import annotations

import importlib
import json
import math
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .clients import CLIENTS
from .tables import Run, medians

__all__ = ["draw"]

_COLOURS = {
    "ours": "#0b6e4f",
    "aiohttp": "#2f6db5",
    "official": "#a8641a",
    "documented": "#8a7a2b",
    "httpx": "#7b4fa3",
    "telnyx": "#b03a48",
}
_INK, _PALE = "#333333", "#e4e4e4"
_APART = 0.115  # powers of ten between two labels, so that none covers another


def draw(runs: Iterable[Run], path: Path) -> None:
    """Draw the runs of the cost scenario into `path`; matplotlib must be there."""
    matplotlib: Any = importlib.import_module("matplotlib")
    matplotlib.use("Agg")
    pyplot: Any = importlib.import_module("matplotlib.pyplot")
    lines = _lines(runs)
    figure, axes = pyplot.subplots(figsize=(8, 5), facecolor="white")
    for client, points in lines.items():
        _draw_line(axes, client, points)
    _label_ends(axes, {client: points[-1] for client, points in lines.items()})
    _dress(axes, sorted({level for points in lines.values() for level, _ in points}))
    figure.subplots_adjust(left=0.09, right=0.79, top=0.88, bottom=0.12)
    figure.savefig(path, dpi=200)
    pyplot.close(figure)


def _lines(runs: Iterable[Run]) -> dict[str, list[tuple[int, float]]]:
    lines: dict[str, list[tuple[int, float]]] = {}
    for (client, level), cpu in sorted(medians(runs, "cpu_us").items()):
        lines.setdefault(client, []).append((level, cpu))
    return lines


def _draw_line(axes: Any, client: str, points: list[tuple[int, float]]) -> None:
    ours = client == "ours"
    axes.plot(
        *zip(*points, strict=True),
        color=_COLOURS[client],
        linewidth=2.8 if ours else 1.6,
        marker="o",
        markersize=6 if ours else 4,
        zorder=3 if ours else 2,
        solid_capstyle="round",
    )


def _label_ends(axes: Any, ends: Mapping[str, tuple[int, float]]) -> None:
    """Name each line at its end; labels too near to one another are moved up."""
    lowest = -math.inf
    for client, (level, cpu) in sorted(ends.items(), key=lambda end: end[1][1]):
        lowest = max(math.log10(cpu), lowest + _APART)
        axes.annotate(
            CLIENTS[client].label,
            xy=(level, cpu),
            xytext=(level * 1.18, 10**lowest),
            va="center",
            fontsize=11,
            color=_COLOURS[client],
            fontweight="bold" if client == "ours" else "normal",
            annotation_clip=False,
        )


def _dress(axes: Any, levels: list[int]) -> None:
    """Log axes with plain numbers, and nothing that is not read."""
    ticker: Any = importlib.import_module("matplotlib.ticker")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(levels, [str(level) for level in levels])
    low, high = axes.get_ylim()
    marks = [step * 10**power for power in range(-1, 7) for step in (1, 3)]
    axes.set_yticks([mark for mark in marks if low <= mark <= high])
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: _microseconds(value)))
    axes.minorticks_off()
    axes.grid(axis="y", color=_PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK, labelsize=11, length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(_INK)
    axes.set_xlabel("actions in flight", fontsize=11, color=_INK)
    axes.set_title("CPU time per action", loc="left", fontsize=14, color=_INK, pad=12)


def _microseconds(value: float) -> str:
    return f"{value / 1000:g} ms" if value >= 1000 else f"{value:g} µs"


def main() -> None:
    """Draw the results of the first argument into the second."""
    results, picture = map(Path, sys.argv[1:])
    draw(json.loads(results.read_text())["cost"], picture)


if __name__ == "__main__":
    main()
