"""The command: it runs the local checks, then the requests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import click
from attrs import asdict
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..._transport.environment import base_url_from
from ...errors import ConfigurationError
from ..exit_codes import CREDENTIALS, OK
from ..options import at_phlo, common, describe_error
from ..printing import print_json, print_line
from .checks import CheckStatus, Finding, base_url, credentials, proxy, trust, versions
from .probe import probe

__all__ = ["doctor"]

_SIGNS = {
    CheckStatus.GOOD: ("✓", "green"),
    CheckStatus.NOTE: ("!", "yellow"),
    CheckStatus.BAD: ("✗", "red"),
}


@click.command
@at_phlo("A PHLO to look up.", required=False)
@common
def doctor(phlo_id: str | None, as_json: bool, timeout: float | None, **options: Any) -> None:
    """Check the connection to Plivo. Show how to fix each problem.

    It only reads PHLOs: it changes nothing and dials no number. The Auth Token is not shown.
    """
    console = Console(highlight=False)
    findings = []
    for finding in _examine({**options, "timeout": timeout or 10.0}, phlo_id):
        findings.append(finding)
        if not as_json:
            _show(console, finding)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        bad = [finding.name for finding in findings if finding.verdict is CheckStatus.BAD]
        print_line(
            console, f"Failed checks: {', '.join(bad)}." if bad else "All checks passed.", "bold"
        )
    raise SystemExit(next((finding.code for finding in findings if finding.code), OK))


def _examine(options: dict[str, Any], phlo_id: str | None) -> Iterator[Finding]:
    passed = True
    for finding in _local_checks(options):
        passed = passed and finding.verdict is not CheckStatus.BAD
        yield finding
    if passed:
        yield from probe(base_url_from(options["base_url"], os.environ), phlo_id, options)
    else:
        yield Finding("reachable", CheckStatus.NOTE, "not tried", "Fix the problems above first.")


def _local_checks(options: dict[str, Any]) -> Iterator[Finding]:
    """Run the checks without a request."""
    yield versions()
    yield credentials(options["auth_id"])
    try:
        url = base_url_from(options["base_url"], os.environ)
    except ConfigurationError as error:
        yield Finding("base URL", CheckStatus.BAD, describe_error(error), code=CREDENTIALS)
        return
    yield base_url(url)
    yield trust(url)
    yield proxy(url)


def _show(console: Console, finding: Finding) -> None:
    """Print a finding and its advice; on a terminal, wrapped beside the sign."""
    sign = Text(*_SIGNS[finding.verdict])
    text = Text.assemble((finding.name, "bold"), f": {finding.detail}")
    lines = [text, *([Text(finding.advice, "yellow")] if finding.advice else [])]
    if console.is_terminal:
        beside = Table.grid(padding=(0, 1))
        beside.add_row(sign, Text("\n").join(lines))
        console.print(beside)
    else:
        print_line(console, Text("\n  ").join([Text(" ").join([sign, lines[0]]), *lines[1:]]))
