"""`plivo-phlo journal`: what a journal holds, and what a person has found out."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import click
from attrs import frozen
from rich.console import Console
from rich.table import Table

from ..bulk.report import BulkOutcome, BulkStatus
from ..bulk.sqlite_journal import SqliteJournal
from ..errors import JournalError
from .exit_codes import OK, UNKNOWN, usage_error

__all__ = ["journal"]

_SETTLED = (BulkStatus.DONE.value, BulkStatus.FAILED.value)
_STATUSES = (*_SETTLED, BulkStatus.UNKNOWN.value)
_COLUMNS = (
    *("number", "key", "verb", "to", "member_address", "status", "error", "api_id", "attempts"),
    *("begun", "ended"),
)
_WIDEST = 400  # columns in a pipe or a file
_COLOURS = {"done": "green", "failed": "red", "unknown": "yellow"}


@frozen
class Settlement:
    """How an unknown action ended, as a person has found out.

    Attributes:
        key: the action's key, or its position in the list.
        status: "done" or "failed".
    """

    key: str
    status: str

    @classmethod
    def parse(cls, text: str) -> Settlement:
        """Parse KEY=done or KEY=failed; raises `ValueError`."""
        key, _, status = text.rpartition("=")
        if not key or status not in _SETTLED:
            raise ValueError(f"{text!r}: write KEY=done or KEY=failed.")
        return cls(key, status)


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--csv", "form", flag_value="csv", help="Print CSV.")
@click.option("--json", "form", flag_value="json", help="Print one JSON object per line.")
@click.option(
    "--status",
    "statuses",
    type=click.Choice(_STATUSES),
    multiple=True,
    help="Print only the actions with this status.",
)
@click.option(
    "--settle",
    "settlements",
    metavar="KEY=done|failed",
    multiple=True,
    help="Record how an unknown action ended; KEY is its key or its number.",
)
@click.option(
    "--accept-copy",
    is_flag=True,
    help="Accept a copy of a journal whose run was killed before the copy was made.",
)
def journal(
    file: Path,
    form: str | None,
    statuses: tuple[str, ...],
    settlements: tuple[str, ...],
    accept_copy: bool,
) -> None:
    """Print the outcomes in a journal.

    FILE is the journal of a bulk run. Its actions are printed in the order in which they began.
    The exit code is 5 if an outcome is unknown. Look up an unknown action in Plivo's call logs,
    then record how it ended:

      plivo-phlo journal run.db --settle order-7=done
    """
    try:
        settled = [Settlement.parse(text) for text in settlements]
    except ValueError as error:
        usage_error(f"--settle {error}")
    if not file.exists():
        usage_error(f"{file}: there is no such file.")
    opened = SqliteJournal(file, accept_copy=accept_copy)
    counts: Counter[str] = Counter()
    try:
        if settled:
            anyio.run(_settle, opened, settled)
        _print(_chosen(opened, statuses, counts), form)
    except JournalError as error:
        usage_error(str(error))
    summary = ", ".join(f"{counts[status]} {status}" for status in _STATUSES)
    click.echo(f"{file}: {counts.total()} actions, {summary}.", err=True)
    raise SystemExit(UNKNOWN if counts["unknown"] else OK)


async def _settle(opened: SqliteJournal, settlements: list[Settlement]) -> None:
    async with opened:
        for settlement in settlements:
            outcome = await _settle_one(opened, settlement)
            click.echo(f"{settlement.key}: {outcome.action} is {outcome.status}.", err=True)


async def _settle_one(opened: SqliteJournal, settlement: Settlement) -> BulkOutcome:
    """Settle the action with that key; without one, the action with that number."""
    try:
        return await opened.settle(settlement.key, settlement.status)
    except JournalError:
        if not settlement.key.isdecimal():
            raise
        return await opened.settle(int(settlement.key), settlement.status)


def _chosen(
    opened: SqliteJournal, statuses: tuple[str, ...], counts: Counter[str]
) -> Iterator[BulkOutcome]:
    """Read the outcomes with one of the statuses, and count all."""
    for outcome in opened.outcomes():
        counts[outcome.status.value] += 1
        if not statuses or outcome.status.value in statuses:
            yield outcome


def _print(outcomes: Iterator[BulkOutcome], form: str | None) -> None:
    if form == "csv":
        rows = csv.writer(sys.stdout, lineterminator="\n")
        rows.writerow(_COLUMNS)
        for outcome in outcomes:
            rows.writerow(["" if value is None else value for value in _values(outcome)])
    elif form == "json":
        for outcome in outcomes:
            click.echo(json.dumps(outcome.to_dict(), ensure_ascii=False))
    else:
        _print_table(outcomes)


def _print_table(outcomes: Iterator[BulkOutcome]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("number", "key", "action", "status", "begun", "ended", "api_id or error"):
        table.add_column(name, overflow="fold")
    for outcome in outcomes:
        number, key, verb, to, member, status, error, api_id, _, begun, ended = _values(outcome)
        address = to or member or ""
        table.add_row(
            *map(str, (number, key or "", f"{verb} {address}", status)),
            *map(_short, (begun, ended)),
            str(error or api_id or ""),
            style=_COLOURS[status],
        )
    if table.row_count:
        width = None if sys.stdout.isatty() else _WIDEST
        Console(highlight=False, width=width).print(table)


def _values(outcome: BulkOutcome) -> tuple[Any, ...]:
    """Return the values of the columns."""
    action = outcome.action
    begun, ended = (
        None if time is None else time.astimezone().isoformat(timespec="seconds")
        for time in (outcome.begun, outcome.ended)
    )
    what = (action.verb.value, action.to, action.member_address, outcome.status.value)
    error = None if outcome.error is None else str(outcome.error)
    return (
        outcome.number,
        action.key,
        *what,
        error,
        outcome.api_id,
        outcome.attempts,
        begun,
        ended,
    )


def _short(time: str | None) -> str:
    """Return a local time without its offset."""
    return "" if time is None else time[:19].replace("T", " ")
