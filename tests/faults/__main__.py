"""Run the campaign: `python -m tests.faults --faults 100000 --seed 7 --table PATH`."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from .campaign import BACKENDS, Report, run, write_table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--faults", type=int, default=5000, help="how many to inject")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--backend", choices=(*BACKENDS, "all"), default="all")
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=1800, help="stop then at the latest")
    parser.add_argument("--table", type=Path, help="write the figures there, as Markdown")
    args = parser.parse_args()
    logging.getLogger("plivo_phlo_async").setLevel(logging.ERROR)  # a line per cancelled action
    backends = tuple(BACKENDS) if args.backend == "all" else (args.backend,)

    def progress(report: Report) -> None:
        broken = sum(report.violations.values())
        print(
            f"\r{report.faults} faults, {report.actions} actions, {report.seconds:.0f} s,"
            f" {broken} violations",
            end="", file=sys.stderr, flush=True,
        )  # fmt: skip

    report = run(
        backends,
        seed=args.seed,
        faults=args.faults,
        concurrency=args.concurrency,
        seconds=args.seconds,
        progress=progress,
    )
    print(file=sys.stderr)
    print(report.table())
    print(report.table_below())
    print(report.summary())
    if args.table:
        title = f"{report.faults} faults, seed {args.seed}, {', '.join(backends)}"
        write_table(report, args.table, title)
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
