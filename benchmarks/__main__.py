"""Against others: what an action costs, how late the loop gets, how the rate limit is used.

Each client is measured in a process of its own, one after another, against one small server of the
loopback; the rounds go through all clients in turn, so that a machine that slows down slows all of
them. Figures are medians over the rounds. Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from .clients import CLIENTS
from .measure import MOST_SECONDS, PATIENCE, Job
from .plot import draw
from .server import ServerProcess
from .tables import Run, cost_table, latency_table, limit_table, ratio_table, ratios

_COST_SECONDS = 10.0  # most that is measured of one client at one level
_DELAY = 0.050  # seconds before an answer in the latency scenario
_ALLOWED, _PER = 300, 5.0

_COST = """\
## What an action costs

One request, answered at once. As many actions as the first column says are in flight from the first
measured one to the last, over at most as many connections; each client opens as many as it likes,
before the clock starts. CPU is the client process's, user and system. Plivo's own client makes one
request here, with its handle built by hand; the use it documents makes three.
"""
_LATENCY = """\
## How late the event loop gets

{rate} actions/s are offered for {seconds:.0f} s, whether or not the last ones are back, and \
answered
after {delay:.0f} ms, over at most 100 connections. A clock on the same loop ticks every 10 ms. \
What is
not back {patience:.0f} s after the last offer is given up; the time it has waited counts.
A client that needs more than one processor for this falls behind for good; `--rate` offers less.
"""
_LIMIT = """\
## How the rate limit is used

The server accepts {allowed} requests in any {per:.0f} s and answers 429 above; 20 workers go \
through an endless
list of numbers. What is refused to a client that does not come back is a person not called.
"""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    scenarios = ("cost", "latency", "limit", "all")
    parser.add_argument("--scenario", choices=scenarios, default="all")
    parser.add_argument("--clients", type=_names, default=list(CLIENTS), metavar="A,B")
    parser.add_argument(
        "--levels",
        type=_levels,
        metavar="N,N",
        help="how many actions at once (default 1,10,100,1000; at 1000 a round takes minutes)",
    )
    parser.add_argument("--rounds", type=_above_0, help="default 3")
    parser.add_argument(
        "--actions",
        type=_above_0,
        help="measured per process (default 3000), and at least 2 a worker, for 10 s at most",
    )
    parser.add_argument(
        "--rate", type=_above_0, default=500, help="actions/s offered for latency (default 500)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="one round, small: two or three minutes"
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write every run there")
    parser.add_argument("--plot", type=Path, metavar="PATH", help="draw the cost there, as PNG")
    options = parser.parse_args()
    options.levels = options.levels or ([1, 10, 100] if options.quick else [1, 10, 100, 1000])
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.actions = options.actions or (1000 if options.quick else 3000)
    return options


def _above_0(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: give a whole number, at least 1")
    return number


def _levels(text: str) -> list[int]:
    return sorted({_above_0(part) for part in text.split(",")})


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - set(CLIENTS):
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: choose of {', '.join(CLIENTS)}")
    return names


def _installed(names: Sequence[str]) -> list[str]:
    """The clients that are there; the others are skipped with a line."""
    for client in (CLIENTS[name] for name in names):
        if not client.is_installed:
            _say(f"{client.name}: skipped, not installed; `pip install {client.project}`")
    return [name for name in names if CLIENTS[name].is_installed]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _measure(job: Job) -> dict[str, Any]:
    """The figures of one process of its own, or {"error": why there are none}."""
    command = [sys.executable, "-m", "benchmarks.measure", job.to_json()]
    direct = {
        name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")
    }
    try:
        ended = subprocess.run(
            command, env=direct, capture_output=True, text=True, timeout=MOST_SECONDS, check=True
        )
    except subprocess.TimeoutExpired:
        return {"error": f"not done after {MOST_SECONDS} s"}
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines()
        return {"error": said[-1] if said else f"exit code {error.returncode}"}
    figures: dict[str, Any] = json.loads(ended.stdout)
    return figures


def _in_turn(clients: Sequence[str], rounds: int) -> Iterator[tuple[int, str]]:
    """Every client in every round, each round beginning with another one."""
    for number in range(rounds):
        first = number % len(clients)
        for client in (*clients[first:], *clients[:first]):
            yield number + 1, client


def _cost(clients: Sequence[str], options: argparse.Namespace) -> list[Run]:
    runs = []
    with ServerProcess() as server:
        for level in options.levels:
            actions = max(options.actions, 2 * level)
            for number, client in _in_turn(clients, options.rounds):
                job = Job("cost", client, server.url, level, actions, _COST_SECONDS)
                before = server.counts()["connections"]
                run = _run(job, number)
                runs.append(run | {"connections": server.counts()["connections"] - before})
    return runs


def _latency(clients: Sequence[str], options: argparse.Namespace) -> list[Run]:
    seconds = _latency_seconds(options)
    runs = []
    with ServerProcess(delay=_DELAY) as server:
        for number, client in _in_turn(clients, options.rounds):
            job = Job("latency", client, server.url, 100, 0, seconds, options.rate)
            runs.append(_run(job, number))
    return runs


def _latency_seconds(options: argparse.Namespace) -> float:
    return 2.0 if options.quick else 3.0


def _limit(clients: Sequence[str], options: argparse.Namespace) -> list[Run]:
    """Each on a server of its own, so that none finds the window half full."""
    runs = []
    for client in (name for name in ("ours", "httpx") if name in clients):
        seconds = 30.0 if client == "ours" and not options.quick else 10.0
        with ServerProcess(window=(_ALLOWED, _PER)) as server:
            run = _run(Job("limit", client, server.url, 20, 0, seconds), 1)
            runs.append(run | server.counts() | {"allowed": round(_ALLOWED * seconds / _PER)})
    return runs


def _run(job: Job, number: int) -> Run:
    figures = _measure(job)
    what = {"scenario": job.scenario, "client": job.client, "round": number}
    _say(f"{job.scenario}, round {number}, {job.at_once} at once, {job.client}: {_brief(figures)}")
    return what | {"at_once": job.at_once, "seconds": job.seconds} | figures


def _brief(figures: dict[str, Any]) -> str:
    if "error" in figures:
        return str(figures["error"])
    cpu = f"{figures['cpu_us'] or 0:.0f} µs of CPU each"
    return f"{figures['done']} done, {cpu}"


def _machine(clients: Sequence[str]) -> dict[str, Any]:
    projects = dict.fromkeys(CLIENTS[name].project for name in clients)
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "versions": {project: metadata.version(project) for project in projects},
    }


def _headline(machine: dict[str, Any], rounds: int) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    where = f"{machine['python']}, {machine['system']}, {machine['processors']} processors"
    return f"{where}; {versions}. Medians of {rounds} round{'s' if rounds > 1 else ''}.\n"


def _is_asked(scenario: str, options: argparse.Namespace) -> bool:
    return options.scenario in (scenario, "all")


def main() -> None:
    """Measure what was asked for, print tables, write what was asked to be written."""
    options = _options()
    if options.plot and importlib.util.find_spec("matplotlib") is None:
        sys.exit("--plot needs matplotlib: `pip install matplotlib`")
    clients = _installed(options.clients)
    if not clients:
        sys.exit("none of these clients is installed")
    results: dict[str, Any] = {"machine": _machine(clients), "rounds": options.rounds}
    print(_headline(results["machine"], options.rounds))
    for scenario, tell in (
        ("cost", _tell_cost),
        ("latency", _tell_latency),
        ("limit", _tell_limit),
    ):
        if _is_asked(scenario, options):
            tell(results, clients, options)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    if options.plot and "cost" in results:
        draw(results["cost"], options.plot)


def _tell_cost(
    results: dict[str, Any], clients: Sequence[str], options: argparse.Namespace
) -> None:
    runs = results["cost"] = _cost(clients, options)
    results["ratios"] = ratios(runs)
    print(_COST, cost_table(runs), "", ratio_table(runs), "", sep="\n", flush=True)


def _tell_latency(
    results: dict[str, Any], clients: Sequence[str], options: argparse.Namespace
) -> None:
    loops = [name for name in clients if not CLIENTS[name].threads]
    if not loops:
        return
    runs = results["latency"] = _latency(loops, options)
    words = {"rate": options.rate, "seconds": _latency_seconds(options), "delay": _DELAY * 1000}
    words["patience"] = PATIENCE
    print(_LATENCY.format(**words), latency_table(runs), "", sep="\n", flush=True)


def _tell_limit(
    results: dict[str, Any], clients: Sequence[str], options: argparse.Namespace
) -> None:
    runs = results["limit"] = _limit(clients, options)
    if runs:
        words = {"allowed": _ALLOWED, "per": _PER}
        print(_LIMIT.format(**words), limit_table(runs), "", sep="\n", flush=True)


if __name__ == "__main__":
    main()
