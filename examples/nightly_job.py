"""A nightly job: start a PHLO for each row of a table, once a night, whatever interrupts it.

    pip install "plivo-phlo-async[redis]"
    0 1-5 * * * python examples/nightly_job.py reminders.csv /var/lib/reminders [NIGHT]

`reminders.csv` has a column `key`, unique in each row; the others are the keys of the PHLO's Start
node. The folder gets a journal and a report for each NIGHT (default: today's date). Started again,
the job continues after a kill, repeats what failed, and sends nothing that may have happened.

Environment: PLIVO_AUTH_ID, PLIVO_AUTH_TOKEN, PLIVO_PHLO_ID; REDIS_URL, if other programs use the
account's rate limit at the same time.

Exit codes: 0 all accepted, 1 some failed or the job could not run, 2 the table or the command is
wrong, 3 the credentials are, 5 some may have happened: check them, 130 stopped by a signal.
"""

import asyncio
import csv
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from plivo_phlo_async import (
    Action,
    AsyncPhloClient,
    AuthenticationError,
    BulkRun,
    BulkStatus,
    ConfigurationError,
    InvalidArgumentError,
    Limiter,
    PhloError,
    RateLimit,
    SqliteJournal,
)
from plivo_phlo_async.redis import RedisRateLimit


def reminders(table: Path, phlo_id: str) -> Iterator[Action]:
    """Yield a run of the PHLO for each row, with a key that stays the same over all attempts."""
    with table.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            yield Action.run(phlo_id, row, key=row.pop("key", None) or "")


@asynccontextmanager
async def account_limit() -> AsyncIterator[Limiter]:
    """Yield Plivo's limit for the account; with Redis, all programs share it."""
    if (url := os.environ.get("REDIS_URL")) is None:
        yield RateLimit(300, per=5.0)
        return
    async with Redis.from_url(url) as redis:
        yield RedisRateLimit(redis, 300, per=5.0, key="plivo:limit")


async def carry_out(run: BulkRun) -> int | None:
    """Print what goes wrong, row by row; return the exit code of a run that was stopped."""
    codes: list[int] = []

    def stop(code: int) -> None:
        print("Stopping: nothing more is started, what is in flight ends.", file=sys.stderr)
        codes.append(code)
        run.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop, 130)
    async for outcome in run:
        if outcome.error is not None:
            print(f"{outcome.key}: {outcome.error}", file=sys.stderr)
        if isinstance(outcome.error, AuthenticationError) and not codes:
            stop(3)
    return codes[0] if codes else None


async def main(table: Path, folder: Path, night: str) -> int:
    """Run the job, write the report of the whole night, and return the exit code."""
    async with (
        account_limit() as limit,
        AsyncPhloClient(rate_limit=limit) as client,
        SqliteJournal(folder / f"{night}.db") as journal,
    ):
        actions = reminders(table, os.environ["PLIVO_PHLO_ID"])
        async with client.bulk(actions, journal=journal, redo={"failed"}) as run:
            code = await carry_out(run)
        counts = await journal.counts()
        not_done = [each.to_dict() async for each in journal.outcomes() if each.status != "done"]
    report = {"finished": code is None, "counts": counts, "not_done": not_done}
    write(folder / f"{night}.json", report)
    if code is not None:
        return code
    return 5 if counts[BulkStatus.UNKNOWN] else 1 if counts[BulkStatus.FAILED] else 0


def write(path: Path, report: dict[str, Any]) -> None:
    """Replace a report as a whole, so that no reader sees half of one."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(report, indent=2), encoding="utf-8")
    part.replace(path)


if __name__ == "__main__":
    table, folder, night = [*sys.argv[1:], date.today().isoformat()][:3]
    try:
        sys.exit(asyncio.run(main(Path(table), Path(folder), night)))
    except PhloError as error:
        print(error, file=sys.stderr)
        codes = {InvalidArgumentError: 2, ConfigurationError: 3}
        sys.exit(codes.get(type(error), 1))
