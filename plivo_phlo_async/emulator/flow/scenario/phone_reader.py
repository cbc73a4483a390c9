"""The phones of a scenario, written as in a seed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ...calls.phlos import Phone, PhoneBehaviour, SmsOutcome
from ...calls.phone_data import read_phone
from ...errors import InvalidParameter
from ..problems import Path, list_names, quote
from ..tree import ListValue, MapValue, ScalarValue, SourceValue
from .part_reader import PartReader

__all__ = ["PHONE_KEYS", "PhoneReader"]

PHONE_KEYS = ("does", "after", "keys", "confirm", "talks", "speaks", "sms")
"""The keys of a phone."""

_SYNONYMS: Mapping[str, str] = {
    "noanswer": PhoneBehaviour.NEVER,
    "timeout": PhoneBehaviour.NEVER,
    "unreachable": PhoneBehaviour.NEVER,
    "busy": PhoneBehaviour.REJECT,
}
"""What other words for a phone's behaviour mean."""


class PhoneReader(PartReader):
    """Reads what phones do."""

    def phones(self, value: SourceValue | None, path: Path) -> dict[str, Phone]:
        """Return phones by address."""
        phones: dict[str, Phone] = {}
        for address, (key, inner) in self.entries(value, path, "addresses to phones").items():
            where = (*path, address)
            data = self._phone_data(inner, where)
            try:
                phones[address] = read_phone(data, "phone")
            except InvalidParameter as error:
                place, _, text = error.error.partition(": ")
                at, part = _part(inner, place.removeprefix("phone."))
                self._add(at or key, (*where, *part), text)
        return phones

    def _phone_data(self, value: SourceValue, path: Path) -> object:
        """Return a phone as `read_phone` takes it."""
        if isinstance(value, ScalarValue):
            return self._choice(value, path, "phone", PhoneBehaviour)
        given = self._options.mapping(value, path, PHONE_KEYS) or {}
        return {key: self._setting(key, inner, (*path, key)) for key, inner in given.items()}

    def _setting(self, key: str, value: SourceValue, path: Path) -> object:
        if key == "does" and isinstance(value, ScalarValue):
            return self._choice(value, path, key, PhoneBehaviour)
        if key == "sms" and isinstance(value, ScalarValue):
            return self._choice(value, path, "status", SmsOutcome)
        if key == "sms" and isinstance(value, MapValue):
            given = self._options.mapping(value, path, ("status", "after")) or {}
            return {name: _plain(inner, name) for name, inner in given.items()}
        return _plain(value, key)

    def _choice(self, value: ScalarValue, path: Path, what: str, names: Iterable[str]) -> str:
        """Return the text of a choice; the first one in place of what is none."""
        choices = [str(name) for name in names]
        if value.text in choices:
            return value.text
        meant = _SYNONYMS.get(re.sub(r"[\W_]", "", value.text.lower()), "")
        near = self._problems.suggest(meant if meant in choices else value.text, choices)
        there = f"there are {list_names(choices)}."
        self._add(value, path, f"no {what} {quote(value.text)}{near}; {there}")
        return choices[0]


def _part(value: SourceValue, place: str) -> tuple[SourceValue | None, Path]:
    """Return the value of a mapping that a problem of a phone names, and its key."""
    key = place.partition(".")[0]
    if isinstance(value, MapValue) and key in value.entries:
        return value.entries[key][1], (key,)
    return None, ()


def _plain(value: SourceValue, key: str) -> object:
    """Return a value of a phone as plain data: texts, and numbers of seconds."""
    if isinstance(value, ListValue):
        return [_plain(item, "") for item in value.items]
    if not isinstance(value, ScalarValue):
        return {}
    if key not in ("after", "talks", "speaks"):
        return value.text
    try:
        return float(value.text)
    except ValueError:
        return value.text
