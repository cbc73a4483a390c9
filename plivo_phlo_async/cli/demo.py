"""`plivo-phlo demo`: walks through a call, on an emulator in this process."""

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
from .demo_script import HOLDS, NAMES, PROGRAM, STEPS, VERA, DemoStep
from .flow_demo import run_flow_demo
from .options import json_option
from .printing import print_json

__all__ = ["demo"]

LOOKS = {
    "ringing": ("◌", "yellow", "ringing"),
    "in_call": ("●", "green", "in the call"),
    "on_hold": ("‖", "yellow", "on hold"),
    "consulting": ("⇄", "magenta", "in consultation"),
    "voicemail": ("✉", "cyan", "voicemail"),
    "left": ("○", "bright_black", "left"),
}


@click.command()
@click.option(
    "--flow", is_flag=True, help="Play a whole PHLO, from an incoming call to the SMS afterwards."
)
@json_option("Print one JSON object for each step.")
def demo(flow: bool, as_json: bool) -> None:
    """Walk through a call on an emulator, without an account.

    The emulator runs in this process and opens no socket. The last step is a bulk run of 200
    holds.
    """
    if flow:
        anyio.run(run_flow_demo, as_json)
    else:
        anyio.run(_run_demo, DemoJsonPrinter() if as_json else DemoPrinter())


async def _run_demo(printer: DemoPrinter | DemoJsonPrinter) -> None:
    emulator = PhloEmulator(phones={VERA: "voicemail"})
    limit = RateLimit(300, per=5.0)  # the account's, as with Plivo
    async with emulated_client(emulator, rate_limit=limit) as client:
        mpc = client.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)
        for number, step in enumerate(STEPS, 1):
            printer.step(number, step, await step.run(mpc), _members(emulator))
        printer.program()
        printer.bulk(await _hold_many(client, emulator, printer))


async def _hold_many(
    client: AsyncPhloClient, emulator: PhloEmulator, printer: DemoPrinter | DemoJsonPrinter
) -> BulkReport:
    addresses = [f"1303555{number:04}" for number in range(HOLDS)]
    for address in addresses:
        emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, address)
    holds = (Action.hold(DEMO_PHLO_ID, DEMO_NODE_ID, address) for address in addresses)
    with printer.progress() as advance:
        return await client.bulk_all(holds, concurrency=20, on_progress=advance)


def _members(emulator: PhloEmulator) -> list[dict[str, Any]]:
    state: Any = emulator.state()
    return [member for call in state["calls"] for member in call["members"]]


class DemoPrinter:
    """Prints the demo as text: coloured on a terminal, plain in a pipe."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)

    def step(
        self, number: int, step: DemoStep, result: ActionResult, members: list[dict[str, Any]]
    ) -> None:
        """Print a step, its line of Python and the members of the call."""
        took = f"   {result.status_code} in {result.elapsed * 1000:.1f} ms"
        line = _python(step.code).append(took, "bright_black")
        self._console.print(Text(f"\n{number:>2}  {step.text}", "bold"))
        self._console.print(
            Padding(Group(line, _member_table(members)), (0, 0, 0, 4), expand=False)
        )

    def program(self) -> None:
        """Print the Python program of all steps."""
        code = PROGRAM + "".join(f"    {step.code}\n" for step in STEPS)
        self._console.print(
            Text("\nThe same program, which runs with an account as well:\n", "bold")
        )
        self._console.print(Padding(_python(code), (0, 0, 1, 4), expand=False))

    @contextmanager
    def progress(self) -> Iterator[Callable[[BulkReport], None]]:
        """Show a progress bar for the bulk run, on a terminal."""
        title = f"A bulk run puts {HOLDS} waiting callers on hold.\n"
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
        """Print the result of the bulk run."""
        self._console.print(
            f"    {report.done} done, {report.failed} failed, {report.unknown} unknown"
            f" in {report.elapsed:.1f} s:"
            f" {report.rate:.1f} per second,\n    just below Plivo's limit of 60.\n"
        )


def _python(code: str) -> Text:
    text = Syntax("", "python", theme="ansi_dark", background_color="default").highlight(code)
    text.rstrip()
    return text


def _member_table(members: list[dict[str, Any]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for member in members:
        sign, colour, words = LOOKS[member["state"]]
        name = NAMES[member["address"]]
        table.add_row(name, member["role"], member["address"], Text(f"{sign} {words}", colour))
    return table


class DemoJsonPrinter:
    """Prints the demo as JSON, one object per line."""

    def step(
        self, number: int, step: DemoStep, result: ActionResult, members: list[dict[str, Any]]
    ) -> None:
        """Print a step and the members of the call."""
        values = {"step": number, "text": step.text, "code": step.code, "members": members}
        print_json({**values, "api_id": result.api_id, "status": result.status_code})

    def program(self) -> None:
        """Do nothing: each step has its line of Python."""

    @contextmanager
    def progress(self) -> Iterator[None]:
        """Show no progress."""
        yield None

    def bulk(self, report: BulkReport) -> None:
        """Print the result of the bulk run."""
        names = ("done", "failed", "unknown", "elapsed", "rate")
        print_json({"bulk": {name: getattr(report, name) for name in names}})
