"""The modules of flows for the commands, and the problems of their files as lines."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click
from rich.text import Text

from .._masking import mask_numbers
from .exit_codes import usage_error
from .printing import printable

__all__ = ["PROBLEM_STYLES", "flow_module", "problem_line"]

PROBLEM_STYLES = {"error": "red", "warning": "yellow", "note": "cyan"}
"""The colours of problems, by severity."""


def flow_module(name: str) -> Any:
    """Return a module of the flows, which need libraries of their own; exits without them.

    Args:
        name: its name below the package of flows.
    """
    try:
        return import_module(f"..emulator.flow.{name}", __package__)
    except ModuleNotFoundError as error:
        command = click.get_current_context().command_path.partition(" ")[2]
        needed = "pip install 'plivo-phlo-async[flows]'"
        usage_error(f"{command} requires {error.name}: {needed}.")


def problem_line(problem: Any) -> Text:
    """Return a problem as one line: an error as it is, anything else with what it is."""
    position = f"{printable(problem.position)}: " if problem.position else ""
    kind = "" if problem.severity == "error" else f"{problem.severity}: "
    place = f"{problem.place}: " if problem.place else ""
    return Text.assemble(
        position, (kind, PROBLEM_STYLES[problem.severity]), mask_numbers(f"{place}{problem.text}")
    )
