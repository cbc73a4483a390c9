"""The ids of what a source gives none."""

from __future__ import annotations

import uuid

__all__ = ["derive_id"]


def derive_id(*names: str) -> str:
    """Return the id of what has none of its own: the same names give the same UUID."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(names)))
