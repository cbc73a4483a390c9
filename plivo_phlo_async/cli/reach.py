"""How a command reaches the API, and what it prints of an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import anyio
import attrs
import click

from .._transport.hooks import OutcomeEvent
from ..actions import Action
from ..client import AsyncPhloClient
from ..errors import PhloError, ResponseError
from ..results import Result
from .exits import INTERRUPTED, code_of
from .printing import print_json

__all__ = ["perform", "plain", "with_client"]


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
                print_json({"ok": False, "action": action.to_dict(), "error": _of_error(error)})
            click.echo(str(error), err=True)
            raise SystemExit(code_of(error)) from None
        if as_json:
            print_json({"ok": True, "action": action.to_dict(), "result": plain(result)})
        else:
            click.echo(f"{action}: accepted in {result.elapsed:.2f} s{_details(result)}")

    with_client(ask, **reach)


def plain(result: Result) -> dict[str, Any]:
    """A result as JSON knows it."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in attrs.asdict(result).items()
        if name != "raw"
    }


def _of_error(error: PhloError) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": type(error).__name__,
        "message": str(error),
        "may_have_happened": error.may_have_happened,
        "attempts": error.attempts,
    }
    if isinstance(error, ResponseError):
        told |= {"status_code": error.status_code, "api_id": error.api_id, "body": error.body}
    return told


def _details(result: Result) -> str:
    if not result.reply_complete:
        return "; the body of the answer was lost"
    again = f", {result.attempts} attempts" if result.attempts > 1 else ""
    return f" (api_id {result.api_id}{again})"
