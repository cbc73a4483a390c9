"""Phones as plain data: in seeds, in requests and in the state file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ..errors import InvalidParameter
from .phlos import DEFAULT_PHONE, Phone, PhoneBehaviour, SmsOutcome, SmsScript

__all__ = ["dump_phone", "read_phone"]

_MAX = 86_400
_KEYS = tuple(field.name for field in attrs.fields(Phone))


def dump_phone(phone: Phone) -> dict[str, object]:
    """Return a phone as plain data, which `read_phone` reads; its script only where it has one.

    Args:
        phone: the phone.
    """
    script = {
        "keys": list(phone.keys),
        "confirm": phone.confirm,
        "talks": phone.talks,
        "speaks": phone.speaks,
        "sms": {"status": phone.sms.status.value, "after": phone.sms.after},
    }
    given = {
        key: value
        for key, value in script.items()
        if getattr(phone, key) != getattr(DEFAULT_PHONE, key)
    }
    return {"does": phone.does.value, "after": phone.after, **given}


def read_phone(value: object, where: str) -> Phone:
    """Read a phone from what it does, or from a JSON object.

    Args:
        value: the parsed JSON.
        where: the name of the value in error messages.

    Raises:
        InvalidParameter: the value is invalid; the message names the part.
    """
    given = {"does": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping) or not {*given} <= {*_KEYS}:
        known = f"{', '.join(_KEYS[:-1])} and {_KEYS[-1]}"
        raise InvalidParameter(f"{where}: give what it does, or an object with {known}.")
    does = given.get("does", "answer")
    if does not in tuple(PhoneBehaviour):
        raise InvalidParameter(f"{where}.does: give one of {', '.join(PhoneBehaviour)}.")
    after = _read_seconds(given.get("after", 0), f"{where}.after")
    values: dict[str, Any] = {**given, "does": does, "after": after}
    if not isinstance(given.get("keys", []), list):
        raise InvalidParameter(f"{where}.keys: give a list of texts, one for each prompt.")
    if "sms" in given:
        values["sms"] = _read_sms(given["sms"], f"{where}.sms")
    for key in ("talks", "speaks"):
        if given.get(key) is not None:
            values[key] = _read_seconds(given[key], f"{where}.{key}")
    try:
        return Phone(**values)
    except ValueError as error:
        raise InvalidParameter(f"{where}.{error}") from error


def _read_seconds(value: object, where: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MAX:
        return float(value)
    raise InvalidParameter(f"{where}: give a number of seconds up to {_MAX}.")


def _read_sms(value: object, where: str) -> SmsScript:
    given = {"status": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping) or not {*given} <= {"status", "after"}:
        raise InvalidParameter(f"{where}: give a status, or an object with status and after.")
    status = given.get("status", "delivered")
    if status not in tuple(SmsOutcome):
        raise InvalidParameter(f"{where}.status: give one of {', '.join(SmsOutcome)}.")
    return SmsScript(SmsOutcome(status), _read_seconds(given.get("after", 0), f"{where}.after"))
