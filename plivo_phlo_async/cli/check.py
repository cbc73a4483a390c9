"""`plivo-phlo check`: the errors, warnings and notes of files that describe PHLOs."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import attrs
import click
from rich.console import Console
from rich.text import Text

from .exit_codes import OK, USAGE, usage_error
from .flow_problems import PROBLEM_STYLES, flow_module, problem_line
from .options import json_option
from .printing import print_json, print_line, printable

__all__ = ["check"]


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the files, for editors.")
@json_option("Print the problems as JSON.")
def check(files: tuple[str, ...], schema: bool, as_json: bool) -> None:
    """Check files that describe PHLOs, in YAML or JSON. Show every error, warning and note.

    An error refuses a file. A warning is legal and may not do what is meant: a node that nothing
    leads to, a variable that is empty on some path. The exit code is 2 with an error, and 0
    otherwise.
    """
    if schema:
        click.echo(json.dumps(flow_module("schema").json_schema(), indent=2))
        return
    if not files:
        usage_error("give a file: plivo-phlo check support.phlo.yaml.")
    flows = [(file, flow_module("check").check_file(file)) for file in files]
    if as_json:
        print_json([attrs.asdict(problem) for _, flow in flows for problem in flow.problems])
    else:
        console = Console(highlight=False)
        for file, flow in flows:
            _print(console, file, flow)
    raise SystemExit(OK if all(flow.phlo for _, flow in flows) else USAGE)


def _print(console: Console, file: str, flow: Any) -> None:
    for problem in flow.problems:
        print_line(console, problem_line(problem))
    counts = Counter(problem.severity for problem in flow.problems)
    shown = ", ".join(_count(counts[severity], severity) for severity in PROBLEM_STYLES)
    nodes = f"{_count(len(flow.phlo.nodes), 'node')}; " if flow.phlo else ""
    print_line(console, Text(f"{printable(file)}: {nodes}{shown}.", "bold"))


def _count(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'s' * (count != 1)}"
