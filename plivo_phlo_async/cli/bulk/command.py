"""The command: it checks the whole file, then runs it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import anyio
import click

from ..._masking import mask_numbers
from ..._transport.limiter import RateLimit
from ...actions import Verb
from ..exit_codes import INTERRUPTED, USAGE, usage_error
from ..options import at_node, at_phlo, common, parsed
from ..printing import print_json
from ..rate_option import read_rate
from .formats import FileError, format_of
from .outcome import exit_code
from .plan import Plan
from .rows import Row, read_rows
from .runner import BulkRunner, SetupError
from .summary import print_summary, to_json

__all__ = ["bulk"]

_DEFAULTS = ("verb", "phlo_id", "node_id", "trigger_source")
_MAX_SHOWN_ERRORS = 50
_MAX_UNCONFIRMED = 20  # calls without a confirmation


def _read_limit(text: str) -> RateLimit | None:
    return None if text == "none" else RateLimit(*read_rate(text))


@click.command()
@click.argument("file", metavar="FILE")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl"]),
    help="The format of FILE (default: detected from its name or content).",
)
@at_phlo("The PHLO of rows without phlo_id.", required=False)
@at_node("The node of rows without node_id.", required=False)
@click.option("--verb", metavar="VERB", help="The action of rows without verb: call, hold ...")
@click.option(
    "--trigger-source", metavar="ADDRESS", help="The agent of rows without trigger_source."
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    metavar="N",
    help="Maximum number of actions in flight.",
)
@click.option(
    "--rate",
    "limit",
    type=parsed(_read_limit),
    default="300/5s",
    show_default=True,
    metavar="N/TIME",
    help="The rate limit of the account, or none.",
)
@click.option(
    "--journal",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Record the progress in this file; the same command then resumes where it stopped.",
)
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    metavar="OUT.jsonl",
    help="Write each outcome to this file as a JSON object.",
)
@click.option("--dry-run", is_flag=True, help="Check every row and print the plan; send nothing.")
@click.option(
    "--retry-failed", is_flag=True, help="Repeat the actions that failed according to the journal."
)
@click.option(
    "--retry-unknown",
    is_flag=True,
    help="Repeat actions with an unknown outcome; check Plivo's logs first.",
)
@click.option(
    "--yes", is_flag=True, help=f"Dial more than {_MAX_UNCONFIRMED} numbers without confirmation."
)
@common
def bulk(
    file: str, form: str | None, dry_run: bool, yes: bool, as_json: bool, **options: Any
) -> None:
    """Run a file of actions. FILE is .csv, .jsonl, or - for standard input.

    The columns are verb, to, member_address, trigger_source, role, key, phlo_id, node_id,
    node_type, run_id and payload (JSON). The whole file is checked before anything is sent.

    Ctrl-C starts no more actions and waits for those in flight; a second Ctrl-C aborts them.
    """
    if options["journal"] is None and (options["retry_failed"] or options["retry_unknown"]):
        usage_error("--retry-failed and --retry-unknown need the --journal of an earlier run.")
    name = "standard input" if file == "-" else file
    rows = _rows(file, name, form, {field: options.pop(field) for field in _DEFAULTS})
    plan = Plan.of(row.action for row in rows)
    if dry_run:
        _print_plan(name, len(rows), plan, as_json)
        return
    runner = BulkRunner(name, rows, piped=file == "-", **options)
    _confirm(plan, yes)
    runner.print_start(plan)
    try:
        anyio.run(runner.run)
    except SetupError as error:
        usage_error(mask_numbers(str(error)))
    finally:
        runner.progress.end()
    print_summary(runner.outcome, runner.console)
    if as_json:
        print_json(to_json(runner.outcome))
    raise SystemExit(exit_code(runner.outcome))


# Before anything is sent


def _rows(file: str, name: str, form: str | None, defaults: dict[str, str | None]) -> list[Row]:
    """Return the rows of the file; print the errors of invalid rows and exit."""
    verb = defaults["verb"]
    if verb is not None and verb.replace("-", "_") not in list(Verb):
        usage_error(f"--verb: {mask_numbers(verb)!r} is not one of {', '.join(Verb)}.")
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        file_content = read_rows(data, form or format_of(file, data), defaults)
    except OSError as error:
        usage_error(f"{name}: {error.strerror or error}.")
    except FileError as error:
        usage_error(f"{name}: {error}")
    for invalid in file_content.errors[:_MAX_SHOWN_ERRORS]:
        click.echo(f"{name}, line {invalid.line}: {invalid.reason}", err=True)
    if file_content.errors:
        more = len(file_content.errors) - _MAX_SHOWN_ERRORS
        click.echo(f"{f'and {more} more. ' if more > 0 else ''}Nothing was sent.", err=True)
        raise SystemExit(USAGE)
    return file_content.rows


def _print_plan(name: str, total: int, plan: Plan, as_json: bool) -> None:
    if as_json:
        print_json({"dry_run": True, "file": name, "rows": total, **plan.as_json()})
        return
    click.echo(f"{name}: {total} valid rows.")
    for verb, count in plan.verbs.items():
        click.echo(f"  {verb:<14} {count:>7}")
    click.echo(f"It {plan}. Dry run: nothing was sent.")


def _confirm(plan: Plan, yes: bool) -> None:
    """Ask for confirmation before many calls; without a terminal, exit."""
    if yes or plan.rings <= _MAX_UNCONFIRMED:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        usage_error(f"it {plan}, which needs a confirmation; pass --yes. Nothing was sent.")
    if not click.confirm(f"It {plan}. Continue?", err=True):
        click.echo("Nothing was sent.", err=True)
        raise SystemExit(INTERRUPTED)
