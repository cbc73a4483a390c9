"""What a bulk run does again: actions that failed, or whose outcome is unknown."""

from __future__ import annotations

from collections.abc import Callable, Collection

from ..actions import Action
from ..errors import InvalidArgumentError
from .report import BulkStatus

__all__ = ["Redo", "parse_redo"]

Redo = Collection[str] | Callable[[Action], Collection[str]]


def parse_redo(names: Collection[str]) -> frozenset[BulkStatus]:
    """Return how an action may have ended to be done again.

    Args:
        names: "failed", "unknown" or both.

    Raises:
        InvalidArgumentError: it is something else.
    """
    if isinstance(names, str) or not set(names) <= {BulkStatus.FAILED, BulkStatus.UNKNOWN}:
        raise InvalidArgumentError('redo: give a set of "failed" and "unknown", or of one of them.')
    return frozenset(BulkStatus(name) for name in names)
