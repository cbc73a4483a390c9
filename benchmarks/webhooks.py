"""What reading a webhook costs: `python -m benchmarks.webhooks`.

A Multiparty Call's form of 15 variables, as Plivo would post it: reading it when the component is
named, when its variables have to tell, and with its signature checked first.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

from plivo_phlo_async.webhooks import Component, parse_request, receive, sign_v3
from tests.webhooks.samples import FORM, MEMBER, MEMBER_FORM, TOKEN, URL

_HEADERS = {**FORM, **sign_v3("POST", URL, MEMBER, TOKEN)}


def _named() -> None:
    parse_request("POST", URL, _HEADERS, MEMBER_FORM, Component.MULTI_PARTY_CALL)


def _recognised() -> None:
    parse_request("POST", URL, _HEADERS, MEMBER_FORM)


def _verified() -> None:
    receive("POST", URL, _HEADERS, MEMBER_FORM, TOKEN)


WAYS: dict[str, Callable[[], None]] = {
    "parse_request, component named": _named,
    "parse_request, component recognised": _recognised,
    "receive: verified and recognised": _verified,
}


def microseconds(do: Callable[[], None], rounds: int, times: int) -> list[float]:
    """What one call takes, on average over `times`, for each round after one to warm up."""
    found: list[float] = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        for _ in range(times):
            do()
        found.append((time.perf_counter() - began) / times * 1e6)
    return found[1:]


def main() -> None:
    """Time each way."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.webhooks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="of each way (default 15)")
    parser.add_argument("--times", type=int, default=2000, help="in a round (default 2000)")
    asked = parser.parse_args()
    print(f"| way | median of {asked.rounds} | least | most |\n| --- | --- | --- | --- |")
    for name, do in WAYS.items():
        each = microseconds(do, max(1, asked.rounds), max(1, asked.times))
        print(f"| {name} | {median(each):.1f} us | {min(each):.1f} us | {max(each):.1f} us |")


if __name__ == "__main__":
    main()
