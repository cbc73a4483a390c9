"""Output of the commands: JSON, or lines of text."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Console
from rich.text import Text

__all__ = ["print_json", "print_line", "printable"]


def print_json(value: Any) -> None:
    """Print a JSON value on one line of stdout, in ASCII."""
    click.echo(json.dumps(value))


def printable(value: object) -> str:
    """Return a value as text without control characters, which could control the terminal."""
    return "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(value)
    )


def print_line(console: Console, line: str | Text, style: str = "") -> None:
    """Print a line; on a terminal it is wrapped between words."""
    text = Text(line, style) if isinstance(line, str) else line
    console.print(text, soft_wrap=not console.is_terminal)
