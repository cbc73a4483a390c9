"""Workers as processes on one Redis: events at a rate, one worker frozen, one killed.

python -m tests.redis_members.campaign --events 20000 --rate 1000
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from attrs import frozen

from ..shared_limit.server import RedisServer

__all__ = ["Figures", "WorkerProcess", "run"]


class WorkerProcess:
    """A worker's process."""

    def __init__(self, server: RedisServer, max_events: int = 10_000) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.redis_members.worker", server.socket, str(max_events)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.caught_up_in: float = self._answer()  # seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def begin(self, order: str, *arguments: Any) -> None:
        """Give an order; `end` returns the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([order, *arguments]) + "\n")
        self._process.stdin.flush()

    def end(self) -> Any:
        """Return the answer to the order."""
        return self._answer()

    def do(self, order: str, *arguments: Any) -> Any:
        """Give an order and return the answer."""
        self.begin(order, *arguments)
        return self.end()

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self._process.send_signal(number)

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the worker has ended"
        return json.loads(line)


@frozen
class Figures:
    """What a campaign measured.

    Attributes:
        latencies: seconds from a webhook in one worker to the `await` in the other, sorted.
        lost: members whose entry the other worker did not see.
        twice: members whose entry it saw more than once.
        successor: seconds in which a killed worker's successor had caught up.
        same_picture: whether the successor and the worker that was frozen know the same members.
    """

    latencies: list[float]
    lost: int
    twice: int
    successor: float
    same_picture: bool

    def percentile(self, share: float) -> float:
        """Return a percentile of the latencies, in seconds."""
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


def run(events: int, rate: float) -> Figures:
    """Run a campaign.

    Args:
        events: how many events one worker receives.
        rate: events per second.
    """
    with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder)) as server:
        with WorkerProcess(server) as receiver, WorkerProcess(server) as other:
            other.do("expect", 0, events)
            arrived = receiver.do("receive", 0, events, rate)
            woken = other.do("woken")
            seen = other.do("seen")
        latencies = sorted(woken[number] - arrived[number] for number in arrived)
        return _with_a_freeze_and_a_kill(server, events, latencies, seen)


def _with_a_freeze_and_a_kill(
    server: RedisServer, events: int, latencies: list[float], seen: dict[str, int]
) -> Figures:
    """Freeze a worker until the stream has lost events; kill another, start its successor."""
    missed = 1000
    with WorkerProcess(server, 100) as receiver, WorkerProcess(server, 100) as frozen_one:
        frozen_one.do("expect", events, missed)
        frozen_one.send_signal(signal.SIGSTOP)
        receiver.do("receive", events, missed, 1e9)
        receiver.send_signal(signal.SIGKILL)
        frozen_one.send_signal(signal.SIGCONT)
        frozen_one.do("woken")
        with WorkerProcess(server, 100) as successor:
            pictures = [each.do("picture") for each in (successor, frozen_one)]
            lost = events - len(seen)
            twice = sum(count > 1 for count in seen.values())
            same = pictures[0] == pictures[1] and len(pictures[0]) == (events + missed) // 2
            return Figures(latencies, lost, twice, successor.caught_up_in, same)


def main() -> None:
    """Run a campaign and print its figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=1000.0)
    chosen = parser.parse_args()
    figures = run(chosen.events, chosen.rate)
    p50, p99 = (1000 * figures.percentile(share) for share in (0.5, 0.99))
    print(
        f"{chosen.events} events at {chosen.rate:.0f}/s: {figures.lost} lost, {figures.twice}"
        f" twice; webhook to await in the other worker: p50 {p50:.1f} ms, p99 {p99:.1f} ms,"
        f" worst {1000 * figures.latencies[-1]:.1f} ms.\n"
        f"The successor of a killed worker caught up in {figures.successor:.2f} s; same picture as"
        f" a worker that was frozen: {figures.same_picture}."
    )


if __name__ == "__main__":
    main()
