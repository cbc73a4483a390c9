"""The modules of flows for the commands, and the problems of their files as lines."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from .._masking import mask_numbers
from ..emulator.flow_package import load_flow_module
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
        return load_flow_module(name)
    except ImportError as error:
        usage_error(str(error))


def problem_line(problem: Any) -> Text:
    """Return a problem as one line: an error as it is, anything else with what it is."""
    position = f"{printable(problem.position)}: " if problem.position else ""
    kind = "" if problem.severity == "error" else f"{problem.severity}: "
    place = f"{problem.place}: " if problem.place else ""
    return Text.assemble(
        position, (kind, PROBLEM_STYLES[problem.severity]), mask_numbers(f"{place}{problem.text}")
    )
