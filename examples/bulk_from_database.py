"""A bulk run from a database cursor: ring each row of a table at most once, across restarts.

    python examples/bulk_from_database.py campaign.db AGENT

The table is `leads (id INTEGER PRIMARY KEY, phone TEXT, outcome TEXT)`. Rows are read lazily. The
journal next to the database identifies each row by its key, so a program that is killed and
restarted rings no phone twice. A person has to check the rows whose outcome is `unknown`.
"""

import asyncio
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing

from plivo_phlo_async import Action, AsyncPhloClient, BulkReport, MultiPartyCall


def calls(leads: sqlite3.Connection, line: MultiPartyCall, agent: str) -> Iterator[Action]:
    """Yield a call for each row, with a key that is the same in every run."""
    for lead, phone in leads.execute("SELECT id, phone FROM leads ORDER BY id"):
        yield Action.call(line.phlo_id, line.node_id, agent, phone, role="customer", key=str(lead))


async def main(path: str, agent: str) -> BulkReport:
    """Ring each row and write its outcome to the table."""
    with closing(sqlite3.connect(path, isolation_level=None)) as leads:
        async with (
            AsyncPhloClient() as client,
            client.bulk(
                calls(leads, client.multi_party_call(), agent), journal=f"{path}.journal"
            ) as run,
        ):
            async for outcome in run:
                leads.execute(
                    "UPDATE leads SET outcome = ? WHERE id = ?",
                    (outcome.status, outcome.action.key),
                )
                if outcome.error is not None:
                    print(f"lead {outcome.action.key}: {outcome.error}", file=sys.stderr)
        return run.report


if __name__ == "__main__":
    report = asyncio.run(main(*sys.argv[1:3]))
    print(f"{report.done} rung, {report.failed} failed, {report.unknown} unknown")
    print(f"{report.skipped} were finished by an earlier run")
    sys.exit(1 if report.failed or report.unknown else 0)
