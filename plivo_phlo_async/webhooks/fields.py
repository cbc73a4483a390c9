"""What all events share, and how an event says which variable a field holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, ClassVar

from attrs import field, fields, frozen

from .kinds import Kind
from .spelling import plain_key
from .vocabulary import Component

__all__ = ["Event", "Layout", "ends_in", "layout", "variable"]

Implied = Callable[[Any], StrEnum | None]


@frozen(kw_only=True)
class Event:
    """What all events share; also an event whose component could not be told.

    Plivo's page on what each component tells: https://docs.plivo.com/docs/phlo/components-library

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


def ends_in(kind: Kind, implied_by: tuple[str, Implied] | None = None) -> Any:
    """The field for the component's state, in words of this kind.

    Args:
        kind: how it is read.
        implied_by: where the state is not sent, the field that tells it, and what its values mean.
    """
    metadata = {"variable": "state", "kind": kind, "implied_by": implied_by}
    return field(default=None, kw_only=True, metadata=metadata)


@frozen
class Layout:
    """Where an event's fields come from.

    Attributes:
        readers: for each variable's plain key its field's name and its reader.
        implied_by: what tells the state where it is not sent; None where nothing does.
    """

    readers: Mapping[str, tuple[str, Callable[[Any], Any]]]
    implied_by: tuple[str, Implied] | None


_layouts: dict[type[Event], Layout] = {}


def layout(event: type[Event]) -> Layout:
    """Where the fields of this event come from."""
    if event not in _layouts:
        _layouts[event] = _laid_out(event)
    return _layouts[event]


def _laid_out(event: type[Event]) -> Layout:
    told = [own for own in fields(event) if own.metadata]
    readers = {
        plain_key(own.metadata["variable"]): (own.name, own.metadata["kind"].read) for own in told
    }
    implied = (own.metadata.get("implied_by") for own in told)
    return Layout(readers, next(filter(None, implied), None))
