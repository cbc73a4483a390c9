"""From runs to Markdown: medians over the rounds, and the ratios of each round by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from .clients import CLIENTS

__all__ = ["Run", "cost_table", "latency_table", "limit_table", "medians", "ratio_table", "ratios"]

Run = dict[str, Any]  # scenario, client, round, at_once, and the figures of `measure`

_RATIOS = (
    ("httpx", "ours"),
    ("official", "ours"),
    ("documented", "ours"),
    ("telnyx", "ours"),
    ("ours", "aiohttp"),
)


def medians(runs: Iterable[Run], figure: str) -> dict[tuple[str, int], float]:
    """The median over the rounds of one figure, by client and how many at once."""
    values: dict[tuple[str, int], list[float]] = {}
    for run in runs:
        if run.get(figure) is not None:
            values.setdefault((run["client"], run["at_once"]), []).append(run[figure])
    return {key: median(each) for key, each in values.items()}


def ratios(runs: Sequence[Run]) -> dict[str, dict[int, list[float]]]:
    """CPU per action against another's, by ratio and how many at once, one value a round."""
    cpu = {
        (run["client"], run["at_once"], run["round"]): run["cpu_us"]
        for run in runs
        if run.get("cpu_us") is not None
    }
    levels, rounds = _distinct(runs, "at_once"), _distinct(runs, "round")
    pairs = {
        f"{top} / {bottom}": {
            level: [((top, level, each), (bottom, level, each)) for each in rounds]
            for level in levels
        }
        for top, bottom in _RATIOS
    }
    pairs[f"ours / ours at {levels[0]}"] = {
        level: [(("ours", level, each), ("ours", levels[0], each)) for each in rounds]
        for level in levels
    }
    return {
        name: {
            level: [cpu[top] / cpu[bottom] for top, bottom in each if top in cpu and bottom in cpu]
            for level, each in by_level.items()
        }
        for name, by_level in pairs.items()
    }


def cost_table(runs: Sequence[Run]) -> str:
    """What an action costs, by client and how many at once."""
    heads = ["at once", "client", "CPU per action", "actions/s", "p50", "p99", "peak memory"]
    heads += ["memory per action in flight", "connections", "failed"]
    figures = ["cpu_us", "per_second", "p50_ms", "p99_ms", "peak_mib", "kib_per_action_in_flight"]
    figures += ["connections"]
    units = ("µs", "", "ms", "ms", "MiB", "KiB", "n")
    columns = [medians(runs, figure) for figure in figures]
    rows = []
    for level in _distinct(runs, "at_once"):
        for client in _clients(runs):
            key = (client, level)
            cells = [
                _cell(column.get(key), unit) for column, unit in zip(columns, units, strict=True)
            ]
            if level == 1:
                cells[-2] = "-"  # one action's memory is lost in that of the process
            mine = [run for run in runs if (run["client"], run["at_once"]) == key]
            rows.append([str(level), CLIENTS[client].label, *cells, _failures(mine)])
    return _table(heads, rows)


def ratio_table(runs: Sequence[Run]) -> str:
    """The ratios that matter: the median over the rounds, and the least and the most."""
    levels = _distinct(runs, "at_once")
    rows = [
        [name, *(_spread(by_level[level]) for level in levels)]
        for name, by_level in ratios(runs).items()
        if any(by_level.values())
    ]
    return _table(["CPU per action", *(f"{level} at once" for level in levels)], rows)


def latency_table(runs: Sequence[Run]) -> str:
    """How late the event loop and the actions are under a steady offer."""
    heads = ["client", "loop late, p50", "loop late, p99", "action, p50", "action, p99"]
    heads += ["actions/s", "processor busy", "given up", "failed"]
    figures = ("lag_p50_ms", "lag_p99_ms", "p50_ms", "p99_ms", "per_second", "busy", "given_up")
    units = ("ms", "ms", "ms", "ms", "", "%", "n")
    columns = [medians(runs, figure) for figure in figures]
    rows = []
    for client in _clients(runs):
        mine = [run for run in runs if run["client"] == client]
        key = (client, mine[0]["at_once"])
        cells = [_cell(column.get(key), unit) for column, unit in zip(columns, units, strict=True)]
        rows.append([CLIENTS[client].label, *cells, _failures(mine)])
    return _table(heads, rows)


def limit_table(runs: Sequence[Run]) -> str:
    """How much of the allowed rate is used, and how much is refused."""
    heads = ["client", "seconds", "allowed", "accepted", "of the allowed", "refused"]
    heads += ["most in any 5 s"]
    rows = [
        [
            CLIENTS[run["client"]].label + (", no limiter" if run["client"] != "ours" else ""),
            f"{run['seconds']:.0f}",
            *([_error(run)] if "error" in run else _limit_cells(run)),
        ]
        for run in runs
    ]
    return _table(heads, rows)


def _limit_cells(run: Run) -> list[str]:
    share = run["accepted"] / run["allowed"]
    counts = (run["allowed"], run["accepted"])
    more = (run["refused"], run["most_in_a_window"])
    return [*map(str, counts), f"{share:.1%}", *map(str, more)]


def _distinct(runs: Iterable[Run], key: str) -> list[int]:
    return sorted({run[key] for run in runs})


def _clients(runs: Iterable[Run]) -> list[str]:
    there = {run["client"] for run in runs}
    return [name for name in CLIENTS if name in there]


def _failures(runs: Iterable[Run]) -> str:
    """How many actions failed, or how the process did; the worst round speaks."""
    words = [_error(run) for run in runs if "error" in run]
    return words[0] if words else str(max(sum(run["failed"].values()) for run in runs))


def _error(run: Run) -> str:
    return str(run["error"])


def _cell(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if unit == "%":
        return f"{value:.0%}"
    if unit == "n":
        return f"{value:.0f}"
    if unit == "ms" and value >= 1000:
        return f"{value / 1000:.1f} s"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f} {unit}".rstrip()


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "-"
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
