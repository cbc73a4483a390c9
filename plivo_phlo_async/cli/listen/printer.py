"""Printing of events to stdout, and of everything else to stderr."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import click
from attrs import frozen
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..._masking import mask_numbers
from ...webhooks import Event
from ...webhooks.http_params import normalize_headers
from ..printing import printable
from ..stdio import raise_output_error
from .event_format import line_parts, table_rows
from .forward import ForwardResponse, Pairs

__all__ = ["EventPrinter", "IncomingRequest"]

_UNLIMITED_WIDTH = 1_000_000


@frozen
class IncomingRequest:
    """A received request.

    Attributes:
        method: the HTTP method.
        url: the URL that the sender requested, with the public base URL where one is set.
        target: the raw path and query.
        headers: the headers.
        body: the body.
    """

    method: str
    url: str
    target: str
    headers: Pairs
    body: bytes


class EventPrinter:
    """Prints events to stdout and everything else to stderr, coloured on a terminal."""

    def __init__(self, *, verbose: bool, as_json: bool, clock: Callable[[], datetime]) -> None:
        self._verbose, self._json, self._clock = verbose, as_json, clock
        self._out, self._err = _console(), _console(stderr=True)
        self.events: int = 0
        self.rejections: int = 0

    def event(self, event: Event, request: IncomingRequest, *, verified: bool) -> None:
        """Print an event: a line, and its variables if verbose; or a JSON object.

        Raises:
            OSError: stdout cannot be written.
        """
        now = self._clock()
        if self._json:
            received = {"method": request.method, "url": request.url, "verified": verified}
            click.echo(json.dumps({"time": now.isoformat(), **received, **event.to_dict()}))
        else:
            self._line(self._out, now, line_parts(event))
            if self._verbose:
                _print(self._out, _table(event))
        raise_output_error()
        self.events += 1

    def rejected(self, request: IncomingRequest, status: int, reason: str) -> None:
        """Print a rejected request with its reason."""
        self.rejections += 1
        path = printable(request.target.partition("?")[0])
        text = f"{request.method} {mask_numbers(path)}: {reason}"
        command = _verify_command(request) if status == 403 else None
        if command and not self._verbose:
            text += "; -v prints a `plivo-phlo verify` command for it"
        self._line(
            self._err, self._clock(), [(f"rejected {status}", "red"), (text, "default")], cut=False
        )
        if command and self._verbose:
            click.echo(f"          {command}", err=True)

    def forwarded(self, url: str, response: ForwardResponse | OSError) -> None:
        """Print the response of the service to the last event."""
        if isinstance(response, ForwardResponse):
            good = 200 <= response.status < 300
            text = f"→ {response.status} in {response.elapsed * 1000:.0f} ms from {url}"
        else:
            good = False
            text = f"→ not forwarded to {url}: {response.strerror or response}"
        style = "green" if good else "red"
        _print(self._err, Text(f"{'':8}  {printable(text)}", style), cut=False)

    def _line(
        self, console: Console, now: datetime, parts: list[tuple[str, str]], cut: bool = True
    ) -> None:
        line = Text().append(f"{now:%H:%M:%S}", "bright_black")
        for text, style in parts:
            line.append("  ").append(text, style)
        line.rstrip()
        _print(console, line, cut=cut)


def _console(*, stderr: bool = False) -> Console:
    """Make a console as wide as the terminal; in a pipe, of unlimited width."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = _UNLIMITED_WIDTH
    return console


def _print(console: Console, shown: Text | Table, *, cut: bool = True) -> None:
    """Print without trailing spaces; text that is not cut is wrapped."""
    options: dict[str, Any] = {}
    if isinstance(shown, Text):
        options = {"no_wrap": True, "overflow": "ellipsis"} if cut else {"soft_wrap": True}
    with console.capture() as captured:
        console.print(shown, **options)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    click.echo("\n".join(lines), err=console.stderr, color=True)


def _table(event: Event) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(width=8)
    table.add_column(style="cyan", overflow="fold")
    table.add_column(overflow="fold")
    for name, value, known in table_rows(event):
        shown = Text(value) if value else Text("(blank)", "bright_black")
        if not known:
            shown.append(" (not known)", "bright_black")
        table.add_row("", Text(name), shown)
    return table


def _verify_command(request: IncomingRequest) -> str | None:
    """Return the command that diagnoses a rejected request; None for an unsigned one."""
    texts = normalize_headers(request.headers)
    for version in ("v3", "v2"):
        found = texts.get(f"x-plivo-signature-{version}")
        found = found or texts.get(f"x-plivo-signature-ma-{version}")
        nonce = texts.get(f"x-plivo-signature-{version}-nonce")
        if found and nonce:
            break
    else:
        return None
    arguments = ["--url", request.url, "--nonce", nonce, "--signature", found]
    host = texts.get("host", "")
    arguments += ["--other-host", host] if host and host != urlsplit(request.url).netloc else []
    arguments += ["--method", request.method] if request.method != "POST" else []
    arguments += ["--v2"] if version == "v2" else []
    if request.body:
        body = request.body.decode(errors="replace")
        plain_text = body == printable(body) and not body.startswith("@")
        arguments += ["--body", body if plain_text else "@FILE"]
    return shlex.join(["plivo-phlo", "verify", *map(printable, arguments)])
