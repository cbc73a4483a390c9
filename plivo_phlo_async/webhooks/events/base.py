"""The base class of all events, and the fields that events are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar, get_args

from attrs import field, fields, frozen

from ..._json_values import JsonObject, field_types, to_json_value
from .converters import Converter
from .enums import Component
from .keys import normalize_key

__all__ = ["Event", "FieldMap", "field_map", "state_field", "variable"]

Implied = Callable[[Any], StrEnum | None]


@frozen(kw_only=True)
class Event(JsonObject):
    """The base class of all events; an instance of it has an unrecognised component.

    Plivo's components and their variables: https://docs.plivo.com/docs/phlo/components-library

    Every variable is optional, because a PHLO can leave it out of the webhook. A variable that was
    not sent or cannot be read is None; `raw` still holds the received value.

    Attributes:
        component: the component that sent the event; None when it is not recognised.
        raw: all received parameters, unconverted. A value is a text, or a list of texts where a
            key is repeated; in a JSON body it can be any JSON value.
    """

    component: ClassVar[Component | None] = None
    raw: Mapping[str, Any] = field(factory=dict, repr=False, hash=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the event as a JSON value.

        Returns:
            `component`, `type` (the class), `variables` by field name and `raw`: durations in
            seconds, money as text, times in ISO 8601. Levels below the 20th are left out as "…".
        """
        variables = [each.name for each in fields(type(self)) if each.metadata]
        return {
            "component": to_json_value(self.component),
            "type": type(self).__name__,
            "variables": {name: to_json_value(getattr(self, name)) for name in variables},
            "raw": to_json_value(self.raw),
        }

    @classmethod
    def _json_types(cls) -> dict[str, Any]:
        types = field_types(cls)
        variables = {
            each.name: float | None if timedelta in get_args(types[each.name]) else types[each.name]
            for each in fields(cls)
            if each.metadata
        }
        own = {"component": Component | None, "type": str, "variables": variables}
        return {**own, "raw": types["raw"]}


def variable(name: str, converter: Converter, *, default: Any = None, hashed: bool = True) -> Any:
    """Make a field that holds a variable.

    Args:
        name: the variable's name in Plivo's documentation.
        converter: converts the received value.
        default: the value of a variable that was not sent.
        hashed: False leaves the field out of the event's hash.
    """
    metadata = {"variable": name, "converter": converter}
    return field(default=default, kw_only=True, hash=hashed, metadata=metadata)


def state_field(converter: Converter, implied_by: tuple[str, Implied] | None = None) -> Any:
    """Make the field that holds the component's state.

    Args:
        converter: converts the received value.
        implied_by: the field that implies the state when none was sent, and the function from its
            value to the state.
    """
    metadata = {"variable": "state", "converter": converter, "implied_by": implied_by}
    return field(default=None, kw_only=True, metadata=metadata)


@frozen
class FieldMap:
    """How received parameters map to an event's fields.

    Attributes:
        converters: the field's name and its conversion function, by the variable's normalized key.
        implied_by: the field that implies the state, and the function from its value to the state;
            None where no field does.
    """

    converters: Mapping[str, tuple[str, Callable[[Any], Any]]]
    implied_by: tuple[str, Implied] | None


_field_maps: dict[type[Event], FieldMap] = {}


def field_map(event: type[Event]) -> FieldMap:
    """Return the event's field map; it is built once."""
    if event not in _field_maps:
        _field_maps[event] = _build_field_map(event)
    return _field_maps[event]


def _build_field_map(event: type[Event]) -> FieldMap:
    variables = [each for each in fields(event) if each.metadata]
    converters = {
        normalize_key(each.metadata["variable"]): (each.name, each.metadata["converter"].convert)
        for each in variables
    }
    implied = (each.metadata.get("implied_by") for each in variables)
    return FieldMap(converters, next(filter(None, implied), None))
