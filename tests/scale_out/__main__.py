"""Run the campaign: `python -m tests.scale_out --kills 200 --seed 7 --engine taskiq`."""

from __future__ import annotations

import argparse
import asyncio
import sys

from .campaign import run
from .engines import ENGINES


def main() -> int:
    """Run it for each engine, and return 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.scale_out", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--engine", choices=ENGINES, action="append")
    chosen = parser.parse_args()
    is_good = True
    for engine in chosen.engine or ENGINES:
        report = asyncio.run(run(engine, chosen.kills, chosen.seed))
        print(report, flush=True)
        is_good &= report.is_good
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
