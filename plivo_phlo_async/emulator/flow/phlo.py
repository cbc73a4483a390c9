"""A PHLO as a value: what a file and the Python builder make, and the engine runs."""

from __future__ import annotations

import attrs

from .graph import PhloGraph
from .writer import to_yaml

__all__ = ["Phlo"]


@attrs.frozen
class Phlo(PhloGraph):
    """A PHLO.

    Attributes:
        name: its name.
        phlo_id: its id.
        numbers: the numbers that are attached to it.
        start: its Start node.
        nodes: its other nodes by name.
    """

    def to_yaml(self) -> str:
        """Return the PHLO as a YAML file; reading it gives an equal value."""
        return to_yaml(self)
