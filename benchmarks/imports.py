"""What the import costs, and what an installation brings: `python -m benchmarks.imports`.

The import is timed in fresh processes, `httpx` alone and `httpx` with this package in turn, since
httpx is what one has anyway. What an installation brings is read from the metadata of what is
installed here: each distribution's requirements, and theirs, without extras.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
from importlib import metadata
from statistics import median
from typing import Any

from .clients import CLIENTS

_PROGRAM = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"
_IMPORTS = ("import httpx", "import httpx, plivo_phlo_async")
_MOST_SECONDS = 60.0


def _milliseconds(statement: str) -> float:
    """How long the statement takes in a fresh process."""
    command = [sys.executable, "-c", _PROGRAM.format(statement)]
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=_MOST_SECONDS, check=True
    )
    return float(ended.stdout) * 1000


def import_times(processes: int) -> dict[str, list[float]]:
    """Milliseconds of each import in so many processes, in turn, after one to fill the caches."""
    times: dict[str, list[float]] = {statement: [] for statement in _IMPORTS}
    for statement in _IMPORTS:
        _milliseconds(statement)
    for _ in range(processes):
        for statement, each in times.items():
            each.append(_milliseconds(statement))
    return times


def distributions(project: str) -> set[str]:
    """What an installation of `project` brings here, itself among it, without extras.

    Raises:
        ModuleNotFoundError: `packaging`, which reads the requirements' conditions, is not there.
        PackageNotFoundError: the project is not installed.
    """
    requirements: Any = importlib.import_module("packaging.requirements")
    found: set[tuple[str, str]] = set()
    ahead = [(project, "")]
    while ahead:
        name, extra = one = ahead.pop()
        if one in found:
            continue
        found.add(one)
        for line in metadata.requires(name) or ():
            wanted = requirements.Requirement(line)
            if wanted.marker is None or wanted.marker.evaluate({"extra": extra}):
                ahead += [(_plain(wanted.name), also) for also in ("", *wanted.extras)]
    return {name for name, _ in found}


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _tell_times(processes: int) -> None:
    times = import_times(processes)
    print(f"| import | median of {processes} | least | most |\n| --- | --- | --- | --- |")
    for statement, each in times.items():
        print(
            f"| `{statement}` | {median(each):.0f} ms | {min(each):.0f} ms | {max(each):.0f} ms |"
        )
    alone, both = (median(each) for each in times.values())
    print(f"\nThis package adds {both - alone:.0f} ms to httpx.\n")


def _tell_distributions() -> None:
    print("| project | distributions | which |\n| --- | --- | --- |")
    installed = [client.project for client in CLIENTS.values() if client.is_installed]
    for project in dict.fromkeys(installed):  # some are measured in two ways
        names = sorted(distributions(project))
        print(f"| {project} | {len(names)} | {', '.join(names)} |")


def main() -> None:
    """Time the imports and count the distributions."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imports", description=__doc__)
    parser.add_argument("--processes", type=int, default=15, help="of each import (default 15)")
    _tell_times(max(1, parser.parse_args().processes))
    try:
        _tell_distributions()
    except ModuleNotFoundError:
        sys.exit("to count distributions: `pip install packaging`")


if __name__ == "__main__":
    main()
