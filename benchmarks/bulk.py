"""What a bulk run costs beside `perform` in a loop: `python -m benchmarks.bulk`.

The same actions, as many at once, against one server of the loopback, which answers at once: by
workers that call `perform`, by `bulk`, and by `bulk` with a SQLite journal, in turn. With
`--memory` it does one long run from a generator instead, and prints how the process grew.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from statistics import median

import anyio

from plivo_phlo_async import Action, AsyncPhloClient

from .clients import AUTH_ID, AUTH_TOKEN, NODE, PHLO, SOURCE
from .server import ServerProcess, allow_many_files

_SETTLED = 10_000  # actions after which the process has what it needs
_PAGE = resource.getpagesize()


def _calls(count: int) -> Iterator[Action]:
    return (
        Action.call(PHLO, NODE, SOURCE, f"1202{number:07d}", key=f"customer-{number}")
        for number in range(count)
    )


async def _by_perform(client: AsyncPhloClient, count: int, at_once: int, path: Path) -> None:
    actions = _calls(count)

    async def work() -> None:
        for action in actions:
            await client.perform(action)

    async with anyio.create_task_group() as group:
        for _ in range(at_once):
            group.start_soon(work)


async def _by_bulk(client: AsyncPhloClient, count: int, at_once: int, path: Path) -> None:
    report = await client.bulk_all(_calls(count), concurrency=at_once)
    assert report.done == count, report


async def _by_journal(client: AsyncPhloClient, count: int, at_once: int, path: Path) -> None:
    report = await client.bulk_all(_calls(count), concurrency=at_once, journal=path)
    assert report.done == count, report


Way = Callable[[AsyncPhloClient, int, int, Path], Awaitable[None]]
_WAYS: dict[str, Way] = {
    "perform in a loop": _by_perform,
    "bulk": _by_bulk,
    "bulk with a journal": _by_journal,
}


def _client(url: str, at_once: int) -> AsyncPhloClient:
    return AsyncPhloClient(
        AUTH_ID, AUTH_TOKEN, base_url=url, rate_limit=None, max_connections=at_once
    )


async def _rate(way: Way, url: str, count: int, at_once: int) -> float:
    """Actions per second, after a tenth of them to warm up."""
    with tempfile.TemporaryDirectory() as folder:
        async with _client(url, at_once) as client:
            await way(client, count // 10, at_once, Path(folder, "warm.db"))
            started = time.perf_counter()
            await way(client, count, at_once, Path(folder, "run.db"))
            return count / (time.perf_counter() - started)


def _compare(count: int, levels: list[int], rounds: int, delay: float) -> None:
    print("| at once | way | actions/s | share of perform |\n| ---: | --- | ---: | ---: |")
    with ServerProcess(delay=delay) as server:
        for at_once in levels:
            rates: dict[str, list[float]] = {name: [] for name in _WAYS}
            for _ in range(rounds):
                for name, way in _WAYS.items():
                    rates[name].append(anyio.run(_rate, way, server.url, count, at_once))
            plain = rates["perform in a loop"]
            for name, each in rates.items():
                share = median(ours / theirs for ours, theirs in zip(each, plain, strict=True))
                print(f"| {at_once} | {name} | {median(each):.0f} | {share:.0%} |")


def _resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1024**2


async def _grow(url: str, count: int, at_once: int, journal: Path | None) -> None:
    settled = 0.0
    done = 0
    async with (
        _client(url, at_once) as client,
        client.bulk(_calls(count), concurrency=at_once, journal=journal) as run,
    ):
        async for _ in run:
            done += 1
            if done == _SETTLED:
                settled = _resident_mib()
    grown = _resident_mib() - settled
    rate = run.report.done / run.report.elapsed
    print(f"{run.report.done} done, {rate:.0f} a second; {settled:.1f} MiB, then {grown:+.1f} MiB")


def _memory(count: int, at_once: int) -> None:
    with tempfile.TemporaryDirectory() as folder, ServerProcess() as server:
        for journal in (None, Path(folder, "run.db")):
            print("with a journal: " if journal else "without: ", end="", flush=True)
            anyio.run(_grow, server.url, count, at_once, journal)


def main() -> None:
    """Read the arguments, run, print Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--actions", type=int, default=10_000)
    parser.add_argument("--levels", default="10,100")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds the server takes")
    parser.add_argument("--memory", action="store_true", help="one long run, and its memory")
    args = parser.parse_args()
    allow_many_files()
    levels = [int(level) for level in args.levels.split(",")]
    if args.memory:
        _memory(args.actions, levels[-1])
    else:
        _compare(args.actions, levels, args.rounds, args.delay)


if __name__ == "__main__":
    main()
