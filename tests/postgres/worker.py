"""One process of several: it runs a list, or performs one action and stops itself on the way.

python -m tests.postgres.worker list DSN RUN COUNT
python -m tests.postgres.worker stall DSN RUN look|blind
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Collection

import anyio

from plivo_phlo_async import (
    Action,
    AsyncPhloClient,
    BulkStatus,
    JournalEntry,
    PhloError,
    PriorState,
    RateLimit,
)
from plivo_phlo_async.emulator import DEMO_NODE_ID, DEMO_PHLO_ID
from plivo_phlo_async.postgres import PostgresJournal

__all__ = ["calls"]

START_WITHIN = 1.0  # seconds


def calls(count: int) -> list[Action]:
    numbers = [f"1202556{number:04}" for number in range(count)]
    return [
        Action.call(DEMO_PHLO_ID, DEMO_NODE_ID, "12025550000", number, key=number)
        for number in numbers
    ]


class Stopping(PostgresJournal):
    """Stops its process once an action is begun; with `blind`, it does not look again."""

    blind = False

    async def begin(self, entry: JournalEntry, redo: Collection[BulkStatus] = ()) -> PriorState:
        state = await super().begin(entry, redo)
        print("begun", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)
        return state

    def may_send(self, entry: JournalEntry) -> bool:
        return self.blind or super().may_send(entry)


async def _run_list(dsn: str, run: str, count: str) -> None:
    tokens = RateLimit(100_000, per=1.0, burst=1000)
    async with (
        PostgresJournal(dsn, run=run) as journal,
        AsyncPhloClient(rate_limit=tokens) as client,
    ):
        print("ready", flush=True)
        sys.stdin.readline()
        report = await client.bulk_all(calls(int(count)), journal=journal)
    print(json.dumps({"done": report.done, "skipped": report.skipped, "total": report.total}))


async def _stall(dsn: str, run: str, way: str) -> None:
    journal = Stopping(dsn, run=run, start_within=START_WITHIN)
    journal.blind = way == "blind"
    async with journal, AsyncPhloClient() as client:
        try:
            await client.perform(calls(1)[0], journal=journal)
            print("done")
        except PhloError as error:
            print(type(error).__name__)


if __name__ == "__main__":
    job, *arguments = sys.argv[1:]
    dsn, run, given = arguments
    anyio.run(_run_list if job == "list" else _stall, dsn, run, given)
