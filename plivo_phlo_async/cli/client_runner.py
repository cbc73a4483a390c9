"""Runs the client for a command, and prints the result of an action."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import click

from .._transport.hooks import OutcomeEvent, logger
from ..actions import Action
from ..client import AsyncPhloClient
from ..errors import PhloError
from ..results import Result
from .exit_codes import INTERRUPTED, exit_code_for
from .printing import print_json

__all__ = ["perform", "result_to_dict", "with_client"]


def with_client(
    ask: Callable[[AsyncPhloClient], Awaitable[None]],
    *,
    auth_id: str | None,
    base_url: str | None,
    timeout: float | None,
) -> None:
    """Call `ask` with a client for the common options.

    An interrupted action that may have happened is reported. A Ctrl-C after `ask` has returned is
    too late: what it printed is the outcome.
    """
    options: dict[str, Any] = {} if timeout is None else {"timeout": timeout}
    interrupted: list[OutcomeEvent] = []
    returned = False

    def remember(event: OutcomeEvent) -> None:
        if event.cancelled and event.may_have_happened:
            interrupted.append(event)

    async def go() -> None:
        nonlocal returned
        async with AsyncPhloClient(
            auth_id, base_url=base_url, on_outcome=remember, **options
        ) as client:
            await ask(client)
            returned = True

    logger.addHandler(logging.NullHandler())  # its warnings are printed below
    try:
        anyio.run(go)
    except KeyboardInterrupt:
        if returned:
            return
        if not interrupted:
            raise
        for event in interrupted:
            click.echo(
                f"{event.action}: it may have happened; check before repeating it.", err=True
            )
        raise SystemExit(INTERRUPTED) from None


def perform(action: Action, as_json: bool, **options: Any) -> None:
    """Perform one action and print its result."""

    async def ask(client: AsyncPhloClient) -> None:
        try:
            result = await client.perform(action)
        except PhloError as error:
            if as_json:
                print_json({"ok": False, "action": action.to_dict(), "error": error.to_dict()})
            click.echo(str(error), err=True)
            raise SystemExit(exit_code_for(error)) from None
        if as_json:
            print_json({"ok": True, "action": action.to_dict(), "result": result_to_dict(result)})
        else:
            click.echo(f"{action}: accepted in {result.elapsed:.2f} s{_details(result)}")

    with_client(ask, **options)


def result_to_dict(result: Result) -> dict[str, Any]:
    """Return a result as a JSON value, without the response that it is made of."""
    return {name: value for name, value in result if name != "raw"}


def _details(result: Result) -> str:
    if not result.reply_complete:
        return "; the response body was lost"
    again = f", {result.attempts} attempts" if result.attempts > 1 else ""
    return f" (api_id {result.api_id}{again})"
