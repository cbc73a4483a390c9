"""`plivo-phlo doctor`: whether Plivo can be reached from here, and what to do where it cannot."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import click
from attrs import asdict
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .._transport.environment import base_url_from
from ..errors import ConfigurationError
from .checks import Finding, Verdict, base_url, credentials, proxy, trust, versions
from .exits import CREDENTIALS, OK
from .options import at_phlo, common, in_words
from .printing import print_json, print_line
from .probe import probe

__all__ = ["doctor"]

_SIGNS = {Verdict.GOOD: ("✓", "green"), Verdict.NOTE: ("!", "yellow"), Verdict.BAD: ("✗", "red")}


@click.command
@at_phlo("A PHLO to look for.", required=False)
@common
def doctor(phlo_id: str | None, as_json: bool, timeout: float | None, **reach: Any) -> None:
    """Tell what keeps Plivo from being reached from here.

    It asks for PHLOs, which changes nothing and dials nobody; it shows no Auth Token.
    """
    console = Console(highlight=False)
    findings = []
    for finding in _examine({**reach, "timeout": timeout or 10.0}, phlo_id):
        findings.append(finding)
        if not as_json:
            _show(console, finding)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        bad = [finding.name for finding in findings if finding.verdict is Verdict.BAD]
        print_line(console, f"Not well: {', '.join(bad)}." if bad else "All is well.", "bold")
    raise SystemExit(next((finding.code for finding in findings if finding.code), OK))


def _examine(options: dict[str, Any], phlo_id: str | None) -> Iterator[Finding]:
    well = True
    for finding in _here(options):
        well = well and finding.verdict is not Verdict.BAD
        yield finding
    if well:
        yield from probe(base_url_from(options["base_url"], os.environ), phlo_id, options)
    else:
        yield Finding("reachable", Verdict.NOTE, "not tried", "Mend the above first.")


def _here(options: dict[str, Any]) -> Iterator[Finding]:
    """What can be seen with no request."""
    yield versions()
    yield credentials(options["auth_id"])
    try:
        url = base_url_from(options["base_url"], os.environ)
    except ConfigurationError as error:
        yield Finding("base URL", Verdict.BAD, in_words(error), code=CREDENTIALS)
        return
    yield base_url(url)
    yield trust(url)
    yield proxy(url)


def _show(console: Console, finding: Finding) -> None:
    """A line, and one of advice: beside the sign on a terminal, with no line broken elsewhere."""
    sign = Text(*_SIGNS[finding.verdict])
    told = Text.assemble((finding.name, "bold"), f": {finding.told}")
    lines = [told, *([Text(finding.advice, "yellow")] if finding.advice else [])]
    if console.is_terminal:
        beside = Table.grid(padding=(0, 1))
        beside.add_row(sign, Text("\n").join(lines))
        console.print(beside)
    else:
        print_line(console, Text("\n  ").join([Text(" ").join([sign, lines[0]]), *lines[1:]]))
