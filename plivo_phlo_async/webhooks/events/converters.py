"""Converters from received values to Python values.

A converter accepts any JSON value and never raises: it converts an invalid value to None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attrs import frozen

from ...errors import WebhookError
from ..http_params import parse_json
from .keys import alphanumerics

__all__ = [
    "ADDRESS",
    "ANYTHING",
    "COUNT",
    "FLAG",
    "INSTANT",
    "MAPPING",
    "MILLISECONDS",
    "MONEY",
    "SECONDS",
    "TEXT",
    "TEXTS",
    "Converter",
    "one_of",
]

_NUMBER = re.compile(r"-?\d{1,30}(?:\.\d{0,30})?(?:[eE][+-]?\d{1,2})?", re.ASCII).fullmatch
_GO_ZONE = re.compile(r" ?([+-]\d\d:?\d\d)(?: [A-Z]{1,5})?$| (?:UTC|GMT|Z)$", re.ASCII)
_BETWEEN_URLS = re.compile(r"(?<![\s,])[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]{0,20}://)")
_LONGEST_INSTANT = 100  # characters
_MILLISECONDS_FROM = 100_000_000_000  # as seconds that would be the year 5138


@frozen
class Converter:
    """Converts the received value of a variable.

    Attributes:
        python_type: the Python type of the result, as the documentation shows it.
        unit: the unit or format of the received value, "" where there is none.
        convert: converts a received value; None for an invalid one.
        values: the enum of known values, where there is one.
    """

    python_type: str
    unit: str
    convert: Callable[[Any], Any]
    values: type[StrEnum] | None = None


def one_of(values: type[StrEnum]) -> Converter:
    """Make a converter to a member of an enum; an unknown value stays a text."""
    exact: dict[str, StrEnum] = {str(member): member for member in values}
    normalized = {alphanumerics(str(each)): each for each in values if alphanumerics(str(each))}

    def convert(value: Any) -> StrEnum | str | None:
        known = exact.get(value) if type(value) is str else None
        if known is not None:
            return known
        text = _text(value)
        return None if not text else normalized.get(alphanumerics(text), exact.get(text, text))

    return Converter(f"{values.__name__} | str", "", convert, values)


def _text(value: Any) -> str | None:
    if type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number_text(value)
    if isinstance(value, list):
        texts = [_text(item) for item in value]
        return None if None in texts else ",".join(filter(None, texts))
    return None


def _number_text(value: float) -> str | None:
    try:
        return str(value)
    except ValueError:  # an int of more digits than Python prints
        return None


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    text = value.strip() if type(value) is str else None
    if isinstance(value, int | float):
        text = _number_text(value)
    return Decimal(text) if text is not None and _NUMBER(text) else None


def _count(value: Any) -> int | None:
    number = _decimal(value)
    return int(number) if number is not None and number == number.to_integral_value() else None


def _flag(value: Any) -> bool | None:
    text = _text(value)
    return _FLAGS.get(text.strip().lower()) if text is not None else None


_FLAGS = {
    **dict.fromkeys(("true", "1", "yes"), True),
    **dict.fromkeys(("false", "0", "no"), False),
}


def _seconds(value: Any) -> timedelta | None:
    return _duration(value, 1_000_000)


def _milliseconds(value: Any) -> timedelta | None:
    return _duration(value, 1_000)


def _duration(value: Any, microseconds: int) -> timedelta | None:
    number = _decimal(value)
    if number is None or number < 0:
        return None
    try:
        return timedelta(microseconds=int(number * microseconds))
    except OverflowError:
        return None


def _instant(value: Any) -> datetime | None:
    """Convert ISO 8601, Go's format of a time, or a Unix time; a time without a zone is in UTC."""
    number = _decimal(value)
    try:
        if number is not None:
            seconds = number / 1000 if abs(number) >= _MILLISECONDS_FROM else number
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(seconds * 1000000))
        if type(value) is not str or not value.isascii() or len(value) > _LONGEST_INSTANT:
            return None
        instant = datetime.fromisoformat(_GO_ZONE.sub(lambda zone: zone[1] or "Z", value.strip()))
        return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _texts(value: Any) -> tuple[str, ...]:
    if type(value) is str:
        listed = _json(value, list)
        value = _BETWEEN_URLS.split(value.strip()) if listed is None else listed
    if not isinstance(value, list):
        return ()
    return tuple(text for text in map(_text, value) if text)


def _mapping(value: Any) -> Mapping[str, Any] | None:
    found = _json(value, dict) if type(value) is str else value
    return dict(found) if isinstance(found, dict) else None


def _json(text: str, expected: type[Any]) -> Any:
    """Parse JSON; None when it is invalid or of another type."""
    try:
        found = parse_json(text)
    except WebhookError:
        return None
    return found if isinstance(found, expected) else None


TEXT = Converter("str", "", _text)
ADDRESS = Converter("str", "phone number or SIP address", _text)
COUNT = Converter("int", "", _count)
FLAG = Converter("bool", "", _flag)
INSTANT = Converter("datetime", "aware, UTC unless sent otherwise", _instant)
SECONDS = Converter("timedelta", "seconds", _seconds)
MILLISECONDS = Converter("timedelta", "milliseconds", _milliseconds)
MONEY = Converter("Decimal", "the account's currency", _decimal)
TEXTS = Converter("tuple[str, ...]", "", _texts)
MAPPING = Converter("Mapping[str, Any]", "", _mapping)
ANYTHING = Converter("Any", "any JSON value", lambda value: value)
