"""The command: it checks this machine's settings, then what the server answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import click
from attrs import asdict
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..._transport.environment import base_url_from
from ...errors import ConfigurationError
from ...results import PhloDetails
from ..exit_codes import CREDENTIALS, OK
from ..options import at_node, at_phlo, common, describe_error
from ..printing import print_json, print_line
from .checks import (
    account,
    base_url,
    clock,
    credentials,
    node,
    phlo,
    proxy,
    reachable,
    trust,
    unchecked,
    versions,
)
from .finding import CheckStatus, Finding
from .probe import NO_NODE, NO_PHLO, Answer, get_node, get_phlo

__all__ = ["doctor"]

_SIGNS = {
    CheckStatus.GOOD: ("✓", "green"),
    CheckStatus.NOTE: ("!", "yellow"),
    CheckStatus.BAD: ("✗", "red"),
    CheckStatus.UNCHECKED: ("?", "yellow"),
}
_OF_THE_SERVER = ("reachable", "account", "clock", "PHLO", "node")


@click.command
@at_phlo("A PHLO to look up.", required=False)
@at_node("A multi-party call node of the PHLO to look up.", required=False)
@common
def doctor(
    phlo_id: str | None, node_id: str | None, as_json: bool, timeout: float | None, **options: Any
) -> None:
    """Check the settings and the connection to Plivo. Show how to fix each problem.

    It only reads PHLOs and nodes: it changes nothing and dials no number. The Auth Token is not
    shown. A check that could not be done, or whose answer proves nothing, is marked with "?".
    """
    console = Console(highlight=False)
    findings = []
    for finding in _examine({**options, "timeout": timeout or 10.0}, phlo_id, node_id):
        findings.append(finding)
        if not as_json:
            _show(console, finding)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        print_line(console, _conclusion(findings), "bold")
    raise SystemExit(next((finding.code for finding in findings if finding.code), OK))


def _examine(
    options: dict[str, Any], phlo_id: str | None, node_id: str | None
) -> Iterator[Finding]:
    passed = True
    for finding in _local_checks(options):
        passed = passed and finding.verdict is not CheckStatus.BAD
        yield finding
    if passed:
        yield from _server_checks(options, phlo_id, node_id)
    else:
        yield from _unchecked("reachable", "fix the problems above first")


def _local_checks(options: dict[str, Any]) -> Iterator[Finding]:
    """Run the checks of this machine, without a request."""
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


def _server_checks(
    options: dict[str, Any], phlo_id: str | None, node_id: str | None
) -> Iterator[Finding]:
    """Run the checks that need the server."""
    control = get_phlo(options, NO_PHLO)
    found = reachable(base_url_from(options["base_url"], os.environ), control)
    yield found
    if found.verdict is CheckStatus.BAD:
        yield from _unchecked("account", "Plivo was not reached")
        return
    asks = phlo_id is not None and getattr(control, "status_code", None) in {200, 404}
    answer = get_phlo(options, phlo_id) if phlo_id is not None and asks else None
    yield account(control, answer)
    yield clock(control, datetime.now(UTC))
    if phlo_id is None:
        yield from _unchecked("PHLO", "pass --phlo, or set PLIVO_PHLO_ID")
    elif answer is None:
        yield from _unchecked("PHLO", "the account was not accepted")
    else:
        yield phlo(phlo_id, answer, control)
        yield _node(options, phlo_id, node_id, answer)


def _node(
    options: dict[str, Any], phlo_id: str, node_id: str | None, phlo_answer: Answer
) -> Finding:
    if node_id is None:
        return unchecked("node", "pass --node, or set PLIVO_NODE_ID")
    if not isinstance(phlo_answer, PhloDetails):
        return unchecked("node", "its PHLO was not found")
    answer = get_node(options, phlo_id, node_id)
    return node(node_id, answer, get_node(options, phlo_id, NO_NODE))


def _unchecked(first: str, why: str) -> Iterator[Finding]:
    """Return a finding for a check of the server, and for those after it."""
    for name in _OF_THE_SERVER[_OF_THE_SERVER.index(first) :]:
        yield unchecked(name, why)


def _conclusion(findings: list[Finding]) -> str:
    """Say what failed and what was not checked; only then, that all is well."""
    names = {
        status: ", ".join(each.name for each in findings if each.verdict is status)
        for status in CheckStatus
    }
    parts = []
    if names[CheckStatus.BAD]:
        parts.append(f"Failed checks: {names[CheckStatus.BAD]}.")
    elif names[CheckStatus.UNCHECKED]:
        parts.append("No check failed.")
    else:
        parts.append("All checks passed.")
    if names[CheckStatus.UNCHECKED]:
        parts.append(f"Not checked: {names[CheckStatus.UNCHECKED]}.")
    return " ".join(parts)


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
