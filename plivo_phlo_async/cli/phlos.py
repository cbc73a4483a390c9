"""The commands for a PHLO: `run` and `show`."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from .._masking import mask_numbers
from ..actions import Action
from ..client import AsyncPhloClient
from ..results import Result
from .client_runner import perform, result_to_dict, with_client
from .exit_codes import usage_error
from .options import at_node, at_phlo, common
from .printing import print_json

__all__ = ["run", "show"]


@click.command()
@click.argument("params", nargs=-1, metavar="[KEY=VALUE]...")
@click.option(
    "--payload", metavar="JSON", help="A JSON object of parameters; KEY=VALUE overrides its keys."
)
@at_phlo()
@common
def run(phlo_id: str, params: tuple[str, ...], payload: str | None, **options: Any) -> None:
    """Start a run of the PHLO. KEY=VALUE is a parameter of its Start node."""
    given = {**_object(payload), **dict(_pair(param) for param in params)}
    perform(Action.run(phlo_id, given or None), **options)


def _pair(param: str) -> tuple[str, str]:
    key, equals, value = param.partition("=")
    if not equals or not key:
        usage_error(f"{mask_numbers(param)!r} is not KEY=VALUE.")
    return key, value


def _object(payload: str | None) -> dict[str, Any]:
    try:
        found = json.loads(payload or "{}")
    except (ValueError, RecursionError) as error:
        usage_error(f"--payload is not JSON: {error}.")
    if not isinstance(found, dict):
        usage_error("--payload is not a JSON object.")
    return found


@click.command()
@at_phlo()
@at_node("Also show this node.", required=False)
@click.option(
    "--node-type",
    default="multi_party_call",
    show_default=True,
    metavar="TYPE",
    help="The type of the node.",
)
@click.option(
    "--run", "run_id", metavar="ID", help="Show the calls, messages and recordings of this run."
)
@common
def show(
    phlo_id: str,
    node_id: str | None,
    node_type: str,
    run_id: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Show a PHLO, and a node or a run of it."""
    actions = {"phlo": Action.get_phlo(phlo_id)}
    if node_id is not None:
        actions["node"] = Action.get_node(phlo_id, node_type, node_id)
    if run_id is not None:
        actions["run"] = Action.get_run(phlo_id, run_id)

    async def ask(client: AsyncPhloClient) -> None:
        found = {name: await client.perform(action) for name, action in actions.items()}
        if as_json:
            print_json({name: result_to_dict(result) for name, result in found.items()})
        else:
            Console().print(_table(found))

    with_client(ask, **options)


def _table(found: dict[str, Result]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    hidden = {"api_id", "reply_complete", "attempts", "elapsed", "status_code"}
    for name, result in found.items():
        for field, value in result_to_dict(result).items():
            if field not in hidden:
                shown = ", ".join(value) if isinstance(value, list | tuple) else str(value or "")
                table.add_row(f"[bold]{name}[/bold]", field, shown)
    return table
