"""Variables of nodes: attributes that render themselves as Liquid."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, get_type_hints

from ..problems import did_you_mean, list_names, quote

__all__ = [
    "AddressVariable",
    "CallVariables",
    "JsonVariable",
    "MessageVariables",
    "ParamsVariables",
    "PayloadVariable",
    "RequestVariables",
    "Variable",
    "VariableGroup",
    "attributes_of",
    "missing",
]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def attributes_of(kind: type) -> dict[str, type]:
    """Return the attributes that a class declares, with their types."""
    return {name: hint for name, hint in get_type_hints(kind).items() if not name.startswith("_")}


def missing(what: str, name: str, existing: Iterable[str]) -> str:
    """Return the message about a name that does not exist.

    Args:
        what: what lacks it: `IVR Menu has no state or variable`.
        name: the name.
        existing: the names that exist.
    """
    names = tuple(existing)
    near = did_you_mean(name, names)
    return f"{what} {quote(name)}{near}; it has {list_names(names) or 'none'}."


class _Declared:
    """Has the variables below a path as the attributes that its class declares."""

    def __init__(self, path: str) -> None:
        self._path = path
        for name, kind in attributes_of(type(self)).items():
            setattr(self, name, kind(f"{path}.{name.rstrip('_')}"))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._path!r})"

    if not TYPE_CHECKING:  # a type checker would take every attribute for one that exists

        def __getattr__(self, name: str) -> object:
            message = missing(f"{self._path} has no variable", name, attributes_of(type(self)))
            raise AttributeError(message, obj=self)


class Variable(_Declared):
    """A variable; `str()` and f-strings render it as Liquid: `{{Menu.digits}}`."""

    def __str__(self) -> str:
        return f"{{{{{self._path}}}}}"

    def default(self, fallback: str | int | float | Variable) -> Variable:
        """Return the variable with a value for where it is empty.

        Args:
            fallback: the value, or another variable.

        Raises:
            ValueError: Liquid cannot quote the text.
        """
        return Variable(f"{self._path} | default: {_literal(fallback)}")


def _literal(value: str | int | float | Variable) -> str:
    if isinstance(value, Variable):
        return str(value)[2:-2]
    return str(value) if isinstance(value, int | float) else _quoted(value)


def _quoted(text: str) -> str:
    """Quote a text for Liquid, which has no escapes."""
    quote = '"' if "'" in text else "'"
    if quote in text or "}}" in text or "%}" in text:
        raise ValueError(f"{text!r}: Liquid cannot quote a text with both quotes, }}}} or %}}.")
    return f"{quote}{text}{quote}"


class AddressVariable(Variable):
    """A phone number or SIP endpoint, with the country below it."""

    iso2: Variable


class JsonVariable(Variable):
    """A JSON value: `response.name`, `response["first name"]` and `response.items[0]` are in it."""

    __iter__ = None  # else Python would try one index after the other, without an end

    def __getitem__(self, key: str | int) -> JsonVariable:
        return JsonVariable(self._path + _step(key))

    def __getattr__(self, name: str) -> JsonVariable:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]


def _step(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if _IDENTIFIER.fullmatch(key) else f"[{_quoted(key)}]"


class PayloadVariable(JsonVariable):
    """The payload of an API request, with the keys that Start has; any key if it has none."""

    def __init__(self, path: str, keys: tuple[str, ...] = ()) -> None:
        self._keys = keys
        super().__init__(path)

    def __getitem__(self, key: str | int) -> JsonVariable:
        if self._keys and key not in self._keys:
            raise AttributeError(missing("Start has no key", str(key), self._keys), obj=self)
        return super().__getitem__(key)


class VariableGroup(_Declared):
    """Variables below a common name, which is no variable itself."""

    def __format__(self, spec: str) -> str:
        names = ", ".join(attributes_of(type(self)))
        raise TypeError(f"{self._path} is no variable but a group of them; it has {names}.")


class CallVariables(VariableGroup):
    """The variables of an incoming call."""

    uuid: Variable
    to: Variable
    from_: Variable
    start_time: Variable
    answer_time: Variable
    end_time: Variable
    direction: Variable
    to_iso2: Variable
    from_iso2: Variable
    to_country: Variable
    from_country: Variable
    leg: Variable
    hangup_cause: Variable
    duration: Variable
    bill_duration: Variable
    bill_rate: Variable
    bill_amount: Variable


class MessageVariables(VariableGroup):
    """The variables of an incoming message."""

    message_uuid: Variable
    time: Variable
    direction: Variable
    status: Variable
    to: Variable
    from_: Variable
    to_iso2: Variable
    from_iso2: Variable
    to_country: Variable
    from_country: Variable
    msg: Variable
    text: Variable
    units: Variable
    total_rate: Variable
    total_amount: Variable


class RequestVariables(VariableGroup):
    """The variables of an API request."""

    uuid: Variable
    params: PayloadVariable


class ParamsVariables(VariableGroup):
    """The payload of an API request, under the name that templates use."""

    params: PayloadVariable
