"""How a command reaches the API: its options, its client, and what it prints of an answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

import anyio
import attrs
import click

from .._transport.hooks import OutcomeEvent
from ..actions import Action
from ..client import AsyncPhloClient
from ..errors import PhloError, ResponseError
from ..results import Result
from .exits import INTERRUPTED, code_of

__all__ = ["as_json", "at_node", "at_phlo", "common", "perform", "with_client"]

F = TypeVar("F", bound=Callable[..., Any])


def common(function: F) -> F:
    """Options of every command that asks the API."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines."),
        click.option(
            "--timeout",
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help="Longest time for one attempt.",
        ),
        click.option("--base-url", metavar="URL", help="The API's address [PLIVO_PHLO_BASE_URL]."),
        click.option("--auth-id", metavar="ID", help="The account [PLIVO_AUTH_ID]."),
    ):
        function = option(function)
    return function


at_phlo = click.option(
    "--phlo", "phlo_id", envvar="PLIVO_PHLO_ID", required=True, metavar="ID", show_envvar=True,
    help="The PHLO.",
)  # fmt: skip
at_node = click.option(
    "--node", "node_id", envvar="PLIVO_NODE_ID", required=True, metavar="ID", show_envvar=True,
    help="The multi-party call node.",
)  # fmt: skip


def with_client(
    ask: Callable[[AsyncPhloClient], Awaitable[None]],
    *,
    auth_id: str | None,
    base_url: str | None,
    timeout: float | None,
) -> None:
    """Run `ask` with a client made of the common options; say so if it is interrupted in doubt."""
    options: dict[str, Any] = {} if timeout is None else {"timeout": timeout}
    cut_short: list[OutcomeEvent] = []

    def remember(event: OutcomeEvent) -> None:
        if event.cancelled and event.may_have_happened:
            cut_short.append(event)

    async def go() -> None:
        async with AsyncPhloClient(
            auth_id, base_url=base_url, on_outcome=remember, **options
        ) as client:
            await ask(client)

    try:
        anyio.run(go)
    except KeyboardInterrupt:
        for event in cut_short:
            click.echo(
                f"{event.action}: it may have happened; check before repeating it.", err=True
            )
        raise SystemExit(INTERRUPTED) from None


def perform(action: Action, as_json: bool, **reach: Any) -> None:
    """Carry out one action and print what came of it."""

    async def ask(client: AsyncPhloClient) -> None:
        try:
            result = await client.perform(action)
        except PhloError as error:
            if as_json:
                click.echo(_json({"ok": False, "action": action.to_dict(), **_of_error(error)}))
            click.echo(str(error), err=True)
            raise SystemExit(code_of(error)) from None
        if as_json:
            click.echo(_json({"ok": True, "action": action.to_dict(), **_of_result(result)}))
        else:
            click.echo(f"{action}: accepted in {result.elapsed:.2f} s{_details(result)}")

    with_client(ask, **reach)


def as_json(result: Result) -> dict[str, Any]:
    """A result as JSON knows it."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in attrs.asdict(result).items()
        if name != "raw"
    }


def _of_result(result: Result) -> dict[str, Any]:
    return {"result": as_json(result)}


def _of_error(error: PhloError) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": type(error).__name__,
        "message": str(error),
        "may_have_happened": error.may_have_happened,
        "attempts": error.attempts,
    }
    if isinstance(error, ResponseError):
        told |= {"status_code": error.status_code, "api_id": error.api_id, "body": error.body}
    return {"error": told}


def _details(result: Result) -> str:
    if not result.reply_complete:
        return "; the body of the answer was lost"
    again = f", {result.attempts} attempts" if result.attempts > 1 else ""
    return f" (api_id {result.api_id}{again})"


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
