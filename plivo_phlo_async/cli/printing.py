"""How a command prints: JSON for machines, lines for people."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Console
from rich.text import Text

__all__ = ["print_json", "print_line"]


def print_json(value: Any) -> None:
    """A JSON value on one line of stdout, in ASCII, which every pipe carries."""
    click.echo(json.dumps(value))


def print_line(console: Console, line: str | Text, style: str = "") -> None:
    """A line, broken between words on a terminal, and not at all elsewhere."""
    text = Text(line, style) if isinstance(line, str) else line
    console.print(text, soft_wrap=not console.is_terminal)
