"""The report of `--dry-run`: what would be sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import click
from attrs import define, field
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..._masking import mask, mask_numbers
from .check import CheckedList
from .countries import INVALID, Countries
from .messages import Findings
from .notes import notes, passed_through, used_columns
from .rows import Row

__all__ = ["DryRun"]

_MAX_ROWS = 10
_WIDTH = 160  # of the table, where there is no terminal


@define
class DryRun:
    """Collects what a run would send.

    Attributes:
        first: the first rows, each with its country.
        invalid: the rows whose number no country has.
        countries: the number of addresses by country.
    """

    first: Findings[tuple[Row, str]] = field(factory=lambda: Findings(_MAX_ROWS))
    invalid: Findings[Row] = field(factory=lambda: Findings(_MAX_ROWS))
    countries: Counter[str] = field(factory=Counter)
    _look_up: Countries = field(factory=Countries)

    def add(self, row: Row) -> None:
        """Add a row that would be sent."""
        address = row.action.to or row.action.member_address
        country = (address and self._look_up.of(address)) or ""
        self.first.add((row, country))
        if country:
            self.countries[country] += 1
        if country == INVALID:
            self.invalid.add(row)

    def print(self, checked: CheckedList) -> None:
        """Print the report."""
        click.echo(f"{checked.file.name}: {checked.total} valid rows.")
        for verb, count in checked.plan.verbs.items():
            click.echo(f"  {verb:<14} {count:>7}")
        for line in notes(checked):
            click.echo(line)
        self._print_rows()
        if self.countries:
            click.echo("Countries:")
            for country, count in self.countries.most_common():
                click.echo(f"  {country:<16}{count:>6}{self._lines(country)}")
        click.echo(f"It {checked.plan}. Dry run: nothing was sent.")

    def _lines(self, country: str) -> str:
        if country != INVALID:
            return ""
        lines = ", ".join(str(row.line) for row in self.invalid.first)
        more = f" and {self.invalid.more} more" if self.invalid.more else ""
        return f"  line{'s' if self.invalid.count > 1 else ''} {lines}{more}"

    def _print_rows(self) -> None:
        table = Table(box=None, padding=(0, 1), header_style="bold")
        shown = [name for name in _CELLS if any(_CELLS[name](*row) for row in self.first.first)]
        for name in shown:
            table.add_column(name, justify="right" if name == "line" else "left")
        for row in self.first.first:
            table.add_row(*(Text(_CELLS[name](*row), no_wrap=True) for name in shown))
        console = Console(highlight=False)
        with console.capture() as captured:
            console.print(table, width=None if console.is_terminal else _WIDTH)
        for line in captured.get().splitlines():
            click.echo(line.rstrip())
        if self.first.more:
            click.echo(f" and {self.first.more} more rows")

    def as_json(self, checked: CheckedList) -> dict[str, Any]:
        """Return the report as a JSON value."""
        cleaned, repeats = checked.cleaned, checked.repeats
        return {
            "dry_run": True,
            "file": checked.file.name,
            "rows": checked.total,
            **checked.plan.as_json(),
            "countries": dict(self.countries.most_common()),
            "columns": used_columns(checked),
            "not_used": passed_through(checked),
            "cleaned": {
                "count": cleaned.count,
                "first": [
                    {"line": each.line, "field": each.name, "removed": list(each.removed)}
                    for each in cleaned.first
                ],
            },
            "duplicates": {
                "count": repeats.count,
                "first": [
                    {"line": each.line, "first_line": each.first_line} for each in repeats.first
                ],
            },
            "first_rows": [
                {"line": row.line, "action": row.action.to_dict()} for row, _ in self.first.first
            ],
        }


def _masked(address: str | None) -> str:
    return "" if address is None else mask(address)


_CELLS: dict[str, Callable[[Row, str], str]] = {
    "line": lambda row, _: str(row.line),
    "verb": lambda row, _: row.action.verb,
    "to": lambda row, _: _masked(row.action.to),
    "member_address": lambda row, _: _masked(row.action.member_address),
    "country": lambda row, country: country,
    "trigger_source": lambda row, _: _masked(row.action.trigger_source),
    "role": lambda row, _: row.action.role or "",
    "key": lambda row, _: mask_numbers(row.action.key or ""),
}
