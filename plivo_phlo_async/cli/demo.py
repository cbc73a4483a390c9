"""`plivo-phlo demo`: the story of a call, told by an emulator in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import click
from rich.console import Console, Group
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from .._transport.limiter import RateLimit
from ..actions import Action
from ..bulk.report import BulkReport
from ..client import AsyncPhloClient
from ..emulator import DEMO_NODE_ID, DEMO_PHLO_ID, PhloEmulator
from ..results import ActionResult
from ..testing import emulated_client
from .options import json_option
from .printing import print_json
from .story import HOLDS, NAMES, PROGRAM, STORY, VERA, Step

__all__ = ["demo"]

LOOKS = {
    "ringing": ("◌", "yellow", "ringing"),
    "in_call": ("●", "green", "in the call"),
    "on_hold": ("‖", "yellow", "on hold"),
    "private": ("⇄", "magenta", "in private talk"),
    "voicemail": ("✉", "cyan", "voicemail"),
    "left": ("○", "bright_black", "left"),
}


@click.command()
@json_option("Print one JSON object for each step.")
def demo(as_json: bool) -> None:
    """Tell the story of a call, with no account.

    An emulator in this process takes the actions; no socket is opened. The end is 200 holds in one
    bulk run.
    """
    anyio.run(_tell, JsonTeller() if as_json else Teller())


async def _tell(teller: Teller | JsonTeller) -> None:
    emulator = PhloEmulator(phones={VERA: "voicemail"})
    limit = RateLimit(300, per=5.0)  # the account's, as with Plivo
    async with emulated_client(emulator, rate_limit=limit) as client:
        mpc = client.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)
        for number, step in enumerate(STORY, 1):
            teller.step(number, step, await step.do(mpc), _members(emulator))
        teller.program()
        teller.bulk(await _hold_many(client, emulator, teller))


async def _hold_many(
    client: AsyncPhloClient, emulator: PhloEmulator, teller: Teller | JsonTeller
) -> BulkReport:
    waiting = [f"1303555{number:04}" for number in range(HOLDS)]
    for address in waiting:
        emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, address)
    holds = (Action.hold(DEMO_PHLO_ID, DEMO_NODE_ID, address) for address in waiting)
    with teller.progress() as advance:
        return await client.bulk_all(holds, concurrency=20, on_progress=advance)


def _members(emulator: PhloEmulator) -> list[dict[str, Any]]:
    state: Any = emulator.state()
    return [member for call in state["calls"] for member in call["members"]]


class Teller:
    """Tells the story to a person: colour on a terminal, plain text in a pipe."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)

    def step(
        self, number: int, step: Step, result: ActionResult, members: list[dict[str, Any]]
    ) -> None:
        """One step, its line of Python, and who is on the call now."""
        took = f"   {result.status_code} in {result.elapsed * 1000:.1f} ms"
        line = _python(step.code).append(took, "bright_black")
        self._console.print(Text(f"\n{number:>2}  {step.tells}", "bold"))
        self._console.print(Padding(Group(line, _who(members)), (0, 0, 0, 4), expand=False))

    def program(self) -> None:
        """The lines of Python that did it."""
        code = PROGRAM + "".join(f"    {step.code}\n" for step in STORY)
        self._console.print(Text("\nWhat did that, and would with an account:\n", "bold"))
        self._console.print(Padding(_python(code), (0, 0, 1, 4), expand=False))

    @contextmanager
    def progress(self) -> Iterator[Callable[[BulkReport], None]]:
        """A bar for the bulk run, on a terminal."""
        title = f"{HOLDS} callers wait; all are put on hold in one bulk run.\n"
        self._console.print(Text(title, "bold"))
        columns = (
            TextColumn("   "),
            BarColumn(40, complete_style="green", finished_style="green"),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:.0f} per second"),
        )
        on_terminal = self._console.is_terminal
        with Progress(
            *columns, console=self._console, disable=not on_terminal, transient=True
        ) as bar:
            task = bar.add_task("", total=HOLDS, rate=0)
            yield lambda report: bar.update(task, completed=report.total, rate=report.rate)

    def bulk(self, report: BulkReport) -> None:
        """How the bulk run went."""
        self._console.print(
            f"    {report.done} done, {report.failed} failed, {report.unknown} unknown"
            f" in {report.elapsed:.1f} s:"
            f" {report.rate:.1f} per second,\n    kept just below Plivo's limit of 60.\n"
        )


def _python(code: str) -> Text:
    text = Syntax("", "python", theme="ansi_dark", background_color="default").highlight(code)
    text.rstrip()
    return text


def _who(members: list[dict[str, Any]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for member in members:
        sign, colour, words = LOOKS[member["state"]]
        name = NAMES[member["address"]]
        table.add_row(name, member["role"], member["address"], Text(f"{sign} {words}", colour))
    return table


class JsonTeller:
    """Tells the story to a machine: one object a line."""

    def step(
        self, number: int, step: Step, result: ActionResult, members: list[dict[str, Any]]
    ) -> None:
        """One step and who is on the call now."""
        told = {"step": number, "tells": step.tells, "code": step.code, "members": members}
        print_json({**told, "api_id": result.api_id, "status": result.status_code})

    def program(self) -> None:
        """Nothing: each step carries its line."""

    @contextmanager
    def progress(self) -> Iterator[None]:
        """Nothing to see on the way."""
        yield None

    def bulk(self, report: BulkReport) -> None:
        """How the bulk run went."""
        names = ("done", "failed", "unknown", "elapsed", "rate")
        print_json({"bulk": {name: getattr(report, name) for name in names}})
