"""Values as plain JSON: what `json`, FastAPI, pydantic and task queues can write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any, get_type_hints

from attrs import fields_dict

__all__ = ["JsonObject", "field_types", "to_json_value"]

_MOST_LEVELS = 20


def to_json_value(value: Any, level: int = 1) -> Any:
    """Convert a value: times to ISO 8601, durations to seconds, money to text, enums to values.

    JSON has neither infinity nor half of a surrogate pair: the former becomes text, the latter "?".
    Levels below the 20th become "…".
    """
    if level > _MOST_LEVELS:
        return "…"
    match value:
        case JsonObject():
            return value.to_dict()
        case Mapping():
            return {_text(str(key)): to_json_value(each, level + 1) for key, each in value.items()}
        case list() | tuple():
            return [to_json_value(each, level + 1) for each in value]
        case Enum():
            return value.value
        case str():
            return _text(value)
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return str(value)
        case float():
            return value if isfinite(value) else str(value)
    return value


def _text(text: str) -> str:
    return text if text.isascii() else text.encode(errors="replace").decode()


class JsonObject:
    """A value that is a JSON object: the base class of what has `to_dict`.

    A FastAPI endpoint or a Celery task can return it. pydantic, and so FastAPI, writes it and the
    JSON Schema of its class; it reads an instance or, if the class has `from_dict`, an object.
    """

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as plain JSON values."""
        cls: Any = type(self)
        return {name: to_json_value(getattr(self, name)) for name in fields_dict(cls)}

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Iterate over the pairs of `to_dict`, so that FastAPI can convert it with `dict`."""
        return iter(self.to_dict().items())

    def __json__(self) -> dict[str, Any]:
        """Return `to_dict()`; Celery's JSON serializer calls it."""
        return self.to_dict()

    @classmethod
    def _json_types(cls) -> dict[str, Any]:
        """Return the type of each value of `to_dict`.

        A dict of types is an object; a name that ends in "?" can be absent.
        """
        return field_types(cls)

    @classmethod
    def _from_json(cls, value: Any) -> Any:
        if isinstance(value, cls):
            return value
        if isinstance(value, Mapping) and hasattr(cls, "from_dict"):
            return cls.from_dict(value)
        raise ValueError(f"give a {cls.__name__}, not {type(value).__name__}")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Return the schema that pydantic asks for; pydantic alone calls this."""
        from pydantic_core import core_schema  # pydantic has loaded it

        def value_schema(kind: Any, cls: type[Any] | None = None) -> Any:
            if not isinstance(kind, dict):
                return handler.generate_schema(kind)
            fields = {
                name.removesuffix("?"): core_schema.typed_dict_field(
                    value_schema(each), required=not name.endswith("?")
                )
                for name, each in kind.items()
            }
            return core_schema.typed_dict_schema(fields, cls=cls)

        return core_schema.no_info_wrap_validator_function(
            lambda value, _: cls._from_json(value),
            value_schema(cls._json_types(), cls),  # validates nothing; describes `to_dict`
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: value.to_dict()
            ),
            ref=f"{cls.__module__}.{cls.__qualname__}:{id(cls)}",
        )


def field_types(cls: type[Any]) -> dict[str, Any]:
    """Return the type of each field of an attrs class."""
    hints = get_type_hints(cls)
    return {name: hints[name] for name in fields_dict(cls)}
