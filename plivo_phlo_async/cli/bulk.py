"""`plivo-phlo bulk`: a file of actions, checked as a whole, then carried out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import anyio
import click

from .._masking import mask_numbers
from .._transport.limiter import RateLimit
from ..actions import Verb
from .ending import exit_code
from .exits import INTERRUPTED, USAGE, refuse
from .formats import BadFile, format_of
from .job import CannotBeginError, Job
from .options import at_node, at_phlo, common, said
from .plan import Plan
from .printing import print_json
from .rate import read_rate
from .rows import Row, read_rows
from .summary import print_summary, to_json

__all__ = ["bulk"]

_DEFAULTS = ("verb", "phlo_id", "node_id", "trigger_source")
_MOST_BAD = 50  # bad rows told one by one
_MOST_UNASKED = 20  # phones that ring with nobody asked


def _read_limit(text: str) -> RateLimit | None:
    return None if text == "none" else RateLimit(*read_rate(text))


@click.command()
@click.argument("file", metavar="FILE")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl"]),
    help="What FILE is, else its name's end or first character tells.",
)
@at_phlo("The PHLO of rows that name none.", required=False)
@at_node("The node of rows that name none.", required=False)
@click.option("--verb", metavar="VERB", help="What to do in rows that do not say: call, hold ...")
@click.option("--trigger-source", metavar="ADDRESS", help="The agent of rows that name none.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    metavar="N",
    help="How many are under way at once.",
)
@click.option(
    "--rate",
    "limit",
    type=said(_read_limit),
    default="300/5s",
    show_default=True,
    metavar="N/TIME",
    help="What the account allows, or none.",
)
@click.option(
    "--journal",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Notes what was begun and finished; with it the same command goes on where it stopped.",
)
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    metavar="OUT.jsonl",
    help="Writes a JSON object for each outcome.",
)
@click.option(
    "--dry-run", is_flag=True, help="Check every row and say what would be done; send nothing."
)
@click.option("--retry-failed", is_flag=True, help="Do again what failed, as the journal knows.")
@click.option("--retry-unknown", is_flag=True, help="Do again what may have happened: look first.")
@click.option("--yes", is_flag=True, help=f"Dial more than {_MOST_UNASKED} numbers without asking.")
@common
def bulk(
    file: str, form: str | None, dry_run: bool, yes: bool, as_json: bool, **options: Any
) -> None:
    """Carry out a FILE of actions. It is .csv, .jsonl, or - for standard input.

    The columns are verb, to, member_address, trigger_source, role, key, phlo_id, node_id,
    node_type, run_id and payload (JSON). The whole file is checked before anything is sent.

    Ctrl-C starts nothing more and waits for what is in flight; a second one stops at once.
    """
    if options["journal"] is None and (options["retry_failed"] or options["retry_unknown"]):
        refuse("--retry-failed and --retry-unknown need the --journal of an earlier run.")
    name = "standard input" if file == "-" else file
    rows = _rows(file, name, form, {field: options.pop(field) for field in _DEFAULTS})
    plan = Plan.of(row.action for row in rows)
    if dry_run:
        _tell_plan(name, len(rows), plan, as_json)
        return
    job = Job(name, rows, piped=file == "-", **options)
    _agree(plan, yes)
    job.tell_start(plan)
    try:
        anyio.run(job.run)
    except CannotBeginError as error:
        refuse(mask_numbers(str(error)))
    finally:
        job.progress.end()
    print_summary(job.ending, job.console)
    if as_json:
        print_json(to_json(job.ending))
    raise SystemExit(exit_code(job.ending))


# Before anything is sent


def _rows(file: str, name: str, form: str | None, defaults: dict[str, str | None]) -> list[Row]:
    """The file's rows; every bad one is told, and then it ends here."""
    verb = defaults["verb"]
    if verb is not None and verb.replace("-", "_") not in list(Verb):
        refuse(f"--verb: {mask_numbers(verb)!r} is not one of {', '.join(Verb)}.")
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        reading = read_rows(data, form or format_of(file, data), defaults)
    except OSError as error:
        refuse(f"{name}: {error.strerror or error}.")
    except BadFile as error:
        refuse(f"{name}: {error}")
    for bad in reading.bad[:_MOST_BAD]:
        click.echo(f"{name}, line {bad.line}: {bad.reason}", err=True)
    if reading.bad:
        more = len(reading.bad) - _MOST_BAD
        click.echo(f"{f'and {more} more. ' if more > 0 else ''}Nothing was sent.", err=True)
        raise SystemExit(USAGE)
    return reading.rows


def _tell_plan(name: str, total: int, plan: Plan, as_json: bool) -> None:
    if as_json:
        print_json({"dry_run": True, "file": name, "rows": total, **plan.as_json()})
        return
    click.echo(f"{name}: {total} rows, and each can be sent.")
    for verb, count in plan.verbs.items():
        click.echo(f"  {verb:<14} {count:>7}")
    click.echo(f"It {plan}. This was a dry run: nothing was sent.")


def _agree(plan: Plan, yes: bool) -> None:
    """Ask before many phones ring; with nobody there to ask, refuse."""
    if yes or plan.rings <= _MOST_UNASKED:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        refuse(f"it {plan}, and nobody is there to be asked; give --yes. Nothing was sent.")
    if not click.confirm(f"It {plan}. Go on?", err=True):
        click.echo("Nothing was sent.", err=True)
        raise SystemExit(INTERRUPTED)
