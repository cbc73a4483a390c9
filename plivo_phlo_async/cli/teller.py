"""What `listen` prints: events to stdout, all else to stderr."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click
from attrs import frozen
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .._masking import mask_numbers
from ..webhooks import Event
from ..webhooks.http_params import normalize_headers
from .event_lines import as_json as plain
from .event_lines import printable, rows, words
from .forward import Forwarded, Pairs

__all__ = ["Request", "Teller"]

_WIDER_THAN_ANY_LINE = 1_000_000


@frozen
class Request:
    """A request as it came; `url` begins as the sender knows it, as far as that was told."""

    method: str
    url: str
    line: str
    headers: Pairs
    body: bytes


class Teller:
    """Prints events to stdout and all else to stderr: colour on a terminal, plain in a pipe."""

    def __init__(self, *, verbose: bool, as_json: bool, clock: Callable[[], datetime]) -> None:
        self._verbose, self._json, self._clock = verbose, as_json, clock
        self._out, self._err = _console(), _console(stderr=True)
        self.events: int = 0
        self.refusals: int = 0

    def event(self, event: Event, request: Request, *, verified: bool) -> None:
        """One event: a line, then its variables if they are wanted; or a JSON object."""
        now = self._clock()
        if self._json:
            asked = {"method": request.method, "url": request.url, "verified": verified}
            click.echo(json.dumps({"time": now.isoformat(), **asked, **plain(event)}))
        else:
            self._line(self._out, now, words(event))
            if self._verbose:
                _print(self._out, _table(event))
        self.events += 1

    def refused(self, request: Request, status: int, reason: str) -> None:
        """One line of what was refused, and how to find out why."""
        self.refusals += 1
        path = printable(request.line.partition("?")[0])
        told = f"{request.method} {mask_numbers(path)}: {reason}"
        command = _verify_command(request) if status == 403 else None
        if command and not self._verbose:
            told += "; -v gives the `plivo-phlo verify` command that tells why"
        self._line(
            self._err, self._clock(), [(f"refused {status}", "red"), (told, "default")], cut=False
        )
        if command and self._verbose:
            click.echo(f"          {command}", err=True)

    def forwarded(self, url: str, answer: Forwarded | OSError) -> None:
        """How a service took the event before this."""
        if isinstance(answer, Forwarded):
            good = 200 <= answer.status < 300
            told = f"→ {answer.status} in {answer.elapsed * 1000:.0f} ms from {url}"
        else:
            good = False
            told = f"→ not forwarded to {url}: {answer.strerror or answer}"
        style = "green" if good else "red"
        _print(self._err, Text(f"{'':8}  {printable(told)}", style), cut=False)

    def _line(
        self, console: Console, now: datetime, parts: list[tuple[str, str]], cut: bool = True
    ) -> None:
        line = Text().append(f"{now:%H:%M:%S}", "bright_black")
        for text, style in parts:
            line.append("  ").append(text, style)
        line.rstrip()
        _print(console, line, cut=cut)


def _console(*, stderr: bool = False) -> Console:
    """No wider than the terminal; in a pipe as wide as it needs."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = _WIDER_THAN_ANY_LINE
    return console


def _print(console: Console, shown: Text | Table, *, cut: bool = True) -> None:
    """Print it without spaces at the end of a line; text that is not cut is wrapped."""
    options: dict[str, Any] = {}
    if isinstance(shown, Text):
        options = {"no_wrap": True, "overflow": "ellipsis"} if cut else {"soft_wrap": True}
    with console.capture() as captured:
        console.print(shown, **options)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    # By click, whose broken pipe is one that the command knows how to leave at.
    click.echo("\n".join(lines), err=console.stderr, color=True)


def _table(event: Event) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(width=8)
    table.add_column(style="cyan", overflow="fold")
    table.add_column(overflow="fold")
    for name, value, known in rows(event):
        shown = Text(value) if value else Text("(blank)", "bright_black")
        if not known:
            shown.append(" (not known)", "bright_black")
        table.add_row("", Text(name), shown)
    return table


def _verify_command(request: Request) -> str | None:
    """The command that looks into a refused request; None when it is not signed at all."""
    texts = normalize_headers(request.headers)
    for version in ("v3", "v2"):
        found = texts.get(f"x-plivo-signature-{version}")
        found = found or texts.get(f"x-plivo-signature-ma-{version}")
        nonce = texts.get(f"x-plivo-signature-{version}-nonce")
        if found and nonce:
            break
    else:
        return None
    given = ["--url", request.url, "--nonce", nonce, "--signature", found]
    given += ["--method", request.method] if request.method != "POST" else []
    given += ["--v2"] if version == "v2" else []
    if request.body:
        body = request.body.decode(errors="replace")
        plain_text = body == printable(body) and not body.startswith("@")
        given += ["--body", body if plain_text else "@FILE"]
    return shlex.join(["plivo-phlo", "verify", *map(printable, given)])
