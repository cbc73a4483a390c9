"""What all events share, and how an event says which variable a field holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import field, frozen

from .reading import Kind
from .vocabulary import Component

__all__ = ["Event", "ends_in", "variable"]


@frozen(kw_only=True)
class Event:
    """What all events share; also an event whose component could not be told.

    Attributes:
        component: the component it comes from; None when that could not be told.
        raw: everything that was sent, as it came: a text, or a list of texts where a key was
            repeated; of a JSON body whatever it held.
    """

    component: ClassVar[Component | None] = None
    raw: Mapping[str, Any] = field(factory=dict, repr=False, hash=False)


def variable(name: str, kind: Kind, *, default: Any = None, hashed: bool = True) -> Any:
    """A field that holds the variable of this name, which is read as this kind."""
    metadata = {"variable": name, "kind": kind}
    return field(default=default, kw_only=True, hash=hashed, metadata=metadata)


def ends_in(kind: Kind) -> Any:
    """The field for the component's state, in words of this kind."""
    return field(default=None, kw_only=True, metadata={"variable": "state", "kind": kind})
