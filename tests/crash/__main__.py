"""Run the campaign: `python -m tests.crash --kills 200 --seed 7`."""

from __future__ import annotations

import argparse
import sys

from .campaign import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    report = run(
        args.kills,
        args.seed,
        lambda report: print(f"\r{report.kills} kills", end="", file=sys.stderr, flush=True),
    )
    print(file=sys.stderr)
    print(report)
    for line in report.broken:
        print(line)
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
