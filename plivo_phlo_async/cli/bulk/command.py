"""The command: it checks the whole list, then runs it."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import click

from ..._masking import mask_numbers
from ..._transport.limiter import RateLimit
from ...actions import Role, Verb
from ..exit_codes import INTERRUPTED, USAGE, usage_error
from ..options import at_node, at_phlo, common, parsed
from ..printing import print_json
from ..rate_option import read_rate
from .addresses import AddressError, clean_address
from .check import CheckedList, check_list
from .columns import ColumnError, read_map
from .dry_run import DryRun
from .formats import FileError, spreadsheet_of
from .list_file import ListFile
from .notes import notes
from .outcome import exit_code
from .plan import Plan
from .rows import ADDRESSES, OPTIONS, Duplicates, ListOptions
from .runner import BulkRunner, SetupError
from .summary import print_summary, to_json

__all__ = ["bulk"]

_MAX_UNCONFIRMED = 20  # calls without a confirmation


def _read_limit(text: str) -> RateLimit | None:
    return None if text == "none" else RateLimit(*read_rate(text))


def _read_verb(text: str) -> str:
    verb = text.strip().lower().replace("-", "_")
    if verb not in list(Verb):
        raise ValueError(f"{mask_numbers(text)!r} is not one of {', '.join(Verb)}.")
    return verb


def _read_payload(text: str) -> dict[str, Any]:
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict):
        raise ValueError('it is not a JSON object such as {"name": "Ann"}.')
    return payload


@click.command()
@click.argument("file", metavar="FILE")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl"]),
    help="The format of FILE (default: detected from its name or content).",
)
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="FIELD=COLUMN",
    help='The column of a field: to=Phone,key="Customer ID". FIELD= alone ignores a column of that'
    " name. May be repeated.",
)
@at_phlo("The PHLO of rows without phlo_id.", required=False)
@at_node("The node of rows without node_id.", required=False)
@click.option(
    "--verb",
    type=parsed(_read_verb),
    metavar="VERB",
    help="The action of rows without verb: call, hold ...",
)
@click.option(
    "--trigger-source", metavar="ADDRESS", help="The agent of rows without trigger_source."
)
@click.option("--to", metavar="ADDRESS", help="The address to dial of rows without to.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    help="The role of rows without role (default: agent).",
)
@click.option(
    "--member-address", metavar="ADDRESS", help="The member of rows without member_address."
)
@click.option("--node-type", metavar="TYPE", help="The type of the node of rows without node_type.")
@click.option(
    "--payload", type=parsed(_read_payload), metavar="JSON", help="The payload of rows without one."
)
@click.option(
    "--any-address", is_flag=True, help="Send addresses as they are, without a check or cleaning."
)
@click.option(
    "--duplicates",
    type=click.Choice([each.value for each in Duplicates]),
    default=Duplicates.REFUSE.value,
    show_default=True,
    help="Rows that dial the same phone as an earlier row: refuse the list, skip them, or dial"
    " again.",
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
    metavar="OUT",
    help="Write each row with its outcome to this file: OUT.csv as CSV, OUT.jsonl as JSON lines.",
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
    """Run a list of actions. FILE is .csv, .jsonl, or - for standard input.

    The columns are verb, to, member_address, trigger_source, role, key, phlo_id, node_id,
    node_type, run_id and payload (JSON), in any case and order. --map names other ones; the rest
    are copied to --results. The whole list is checked before anything is sent.

    to, trigger_source and member_address must hold one phone number with its country code, or
    sip:user@host. Spaces, hyphens, dots, parentheses and invisible characters are removed from a
    number; anything else is refused.

    Ctrl-C starts no more actions and waits for those in flight; a second Ctrl-C aborts them.
    """
    if options["journal"] is None and (options["retry_failed"] or options["retry_unknown"]):
        usage_error("--retry-failed and --retry-unknown need the --journal of an earlier run.")
    results = options["results"]
    if results is not None and spreadsheet_of(str(results), b""):
        usage_error(f"--results {results}: it is a spreadsheet; write OUT.csv or OUT.jsonl.")
    list_options = _list_options(options)
    name = "standard input" if file == "-" else file
    with _one_line(name):
        list_file = ListFile.open(file, form)
    with list_file:
        found = DryRun()
        with _one_line(name):
            checked = check_list(list_file, list_options, found.add if dry_run else None)
        _refuse_invalid(checked)
        if not dry_run:
            _run(checked, yes, as_json, piped=file == "-", **options)
        elif as_json:
            print_json(found.as_json(checked))
        else:
            found.print(checked)


def _list_options(options: dict[str, Any]) -> ListOptions:
    """Take the options that say how the list is read."""
    any_address, duplicates = options.pop("any_address"), Duplicates(options.pop("duplicates"))
    defaults = {name: value for name in OPTIONS if (value := options.pop(name)) is not None}
    try:
        columns = read_map(options.pop("maps"))
    except ColumnError as error:
        usage_error(f"--map: {error}")
    for name in ADDRESSES:
        if name in defaults and not any_address:
            try:
                defaults[name] = clean_address(defaults[name].strip()).address
            except AddressError as error:
                usage_error(f"{OPTIONS[name]}: {error}")
    return ListOptions(defaults, columns, any_address, duplicates)


@contextmanager
def _one_line(name: str) -> Iterator[None]:
    """Report an error of the list in one line."""
    try:
        yield
    except FileError as error:
        usage_error(f"{name}: {error}")
    except OSError as error:
        usage_error(f"{name}: {error.strerror or error}.")
    except sqlite3.Error as error:
        usage_error(f"the temporary directory cannot be used: {error}. Set TMPDIR to another one.")


def _run(checked: CheckedList, yes: bool, as_json: bool, **options: Any) -> None:
    for line in notes(checked):
        click.echo(line, err=True)
    runner = BulkRunner(checked, **options)
    _confirm(checked.plan, yes)
    with _one_line(checked.file.name):
        checked.file.check_unchanged()
    runner.print_start(checked.plan)
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


def _refuse_invalid(checked: CheckedList) -> None:
    """Print the errors of invalid rows and exit, if there are any."""
    errors, name = checked.errors, checked.file.name
    if not errors.count:
        return
    for error in errors.first:
        click.echo(f"{name}, line {error.line}: {error.reason}", err=True)
    for hint in checked.hints:
        click.echo(hint, err=True)
    click.echo(f"{f'and {errors.more} more. ' if errors.more else ''}Nothing was sent.", err=True)
    raise SystemExit(USAGE)


def _confirm(plan: Plan, yes: bool) -> None:
    """Ask for confirmation before many calls; without a terminal, exit."""
    if yes or plan.rings <= _MAX_UNCONFIRMED:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        usage_error(f"it {plan}, which needs a confirmation; pass --yes. Nothing was sent.")
    if not click.confirm(f"It {plan}. Continue?", err=True):
        click.echo("Nothing was sent.", err=True)
        raise SystemExit(INTERRUPTED)
