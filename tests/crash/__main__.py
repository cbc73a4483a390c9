"""Run the campaigns: `python -m tests.crash --kills 200 --damages 2000 --seed 7`."""

from __future__ import annotations

import argparse
import sys

from .campaign import LEVELS, run
from .damage import damage_journals


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--damages", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    broken: list[str] = []
    for number, concurrency in enumerate(LEVELS):
        kills = (args.kills + number) // len(LEVELS)
        report = run(kills, args.seed + number, concurrency=concurrency, progress=_show)
        print(report, flush=True)
        broken += report.broken
    damages = damage_journals(args.damages, args.seed, _show)
    print(damages)
    broken += [*damages.redials, *damages.changed]
    for line in broken:
        print(line)
    return 1 if broken else 0


def _show(report: object) -> None:
    print(f"\r{report}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
