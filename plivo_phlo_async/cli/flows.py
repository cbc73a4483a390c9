"""`plivo-phlo flow`: draws a PHLO, and writes a new one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from .command_group import CommandGroup
from .exit_codes import USAGE, usage_error
from .flow_problems import flow_module, problem_line
from .printing import print_line

__all__ = ["flow"]


@click.group(cls=CommandGroup)
def flow() -> None:
    """Draw a PHLO, or write a new one with its scenarios."""


@flow.command()
@click.argument("file", metavar="FILE")
@click.option(
    "--svg",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write an SVG instead, for a README or a review.",
)
def draw(file: str, svg: Path | None) -> None:
    """Draw the graph of a PHLO in the terminal, or as SVG.

    Each node stands where it is reached first; elsewhere its name has "(above)" behind it.
    """
    console = Console(highlight=False)
    phlo = _load(console, file)
    if svg is not None:
        svg.write_text(flow_module("drawing.svg").to_svg(phlo), "utf-8")
        return
    for line in flow_module("drawing.outline").outline(phlo, console.width):
        console.print(Text(line), soft_wrap=True)


def _load(console: Console, file: str) -> Any:
    """Return the flow of a file, or exit with every problem of it."""
    try:
        return flow_module("reader").load_phlo(file)
    except flow_module("problems").FlowError as error:
        for problem in error.problems:
            print_line(console, problem_line(problem))
        raise SystemExit(USAGE) from None


@flow.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    default=".",
    show_default=True,
    metavar="FOLDER",
    help="The folder of the files.",
)
def new(name: str, folder: Path) -> None:
    """Write a PHLO to begin with, and its scenarios.

    The files are NAME.phlo.yaml and NAME.scenario.yaml. A file that exists is never overwritten.
    """
    starter = flow_module("starter")
    if re.fullmatch(starter.NAME_PATTERN, name) is None:
        usage_error("give a name of up to 60 letters, digits, - and _.")
    files = {folder / file: text for file, text in starter.starter_files(name).items()}
    for path in files:
        if path.exists():
            usage_error(f"{path} exists; give another name.")
    for path, text in files.items():
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        click.echo(path)
