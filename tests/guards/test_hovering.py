"""What an editor shows over a public name: its arguments, its fields, what it raises."""

from __future__ import annotations

import enum
import importlib
import inspect
import re
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import attrs
import pytest

PUBLIC = [
    "plivo_phlo_async",
    "plivo_phlo_async.emulator",
    "plivo_phlo_async.emulator.flow",
    "plivo_phlo_async.emulator.server",
    "plivo_phlo_async.otel",
    "plivo_phlo_async.postgres",
    "plivo_phlo_async.redis",
    "plivo_phlo_async.testing",
    "plivo_phlo_async.webhooks",
    "plivo_phlo_async.webhooks.aiohttp",
    "plivo_phlo_async.webhooks.asgi",
    "plivo_phlo_async.webhooks.fastapi",
]
# Coroutines that have nothing to raise.
WAITS_ONLY = {"aclose", "sleep", "someone_sleeps", "RateLimit.acquire"}
WAITS_ONLY |= {f"MemoryJournal.{method}" for method in ("start", "begin", "finish")}
WAITS_ONLY |= {"SqliteJournal.finish"}
# What `client.bulk` makes; its arguments are explained there.
MADE_FOR_YOU = {"plivo_phlo_async.BulkRun()"}


def _public(module: str) -> dict[str, Any]:
    room = importlib.import_module(module)
    return {f"{module}.{name}": getattr(room, name) for name in room.__all__}


def _functions(name: str, value: Any) -> Iterator[tuple[str, FunctionType, str]]:
    """Each function, or public method with what its class says beside it."""
    if inspect.isfunction(value):
        yield name, value, ""
    if not inspect.isclass(value):
        return
    docstring = " ".join(parent.__doc__ or "" for parent in value.__mro__[:-1])
    members = {
        method: member
        for parent in reversed(value.__mro__)
        if parent.__module__.startswith("plivo_phlo_async.emulator")
        for method, member in parent.__dict__.items()
    }
    for method, member in {**members, **value.__dict__}.items():
        function = getattr(member, "__func__", member)
        if isinstance(function, FunctionType) and not method.startswith("_"):
            yield f"{name}.{method}", function, docstring
    is_value = attrs.has(value) or issubclass(value, enum.Enum | BaseException)
    init = value.__init__
    if isinstance(init, FunctionType) and init.__module__ == value.__module__ and not is_value:
        yield f"{name}()", init, docstring


EVERYTHING = {name: value for module in PUBLIC for name, value in _public(module).items()}
FUNCTIONS = {
    found: (function, docstring)
    for name, value in EVERYTHING.items()
    for found, function, docstring in _functions(name, value)
    if found not in MADE_FOR_YOU
}
VALUES = {
    name: value for name, value in EVERYTHING.items() if inspect.isclass(value) and attrs.has(value)
}


def _unexplained(names: Iterator[str], docstring: str) -> list[str]:
    return [name for name in names if not re.search(rf"\b{re.escape(name)}\b", docstring)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_is_explained(name: str) -> None:
    function, docstring = FUNCTIONS[name]
    arguments = (name for name in inspect.signature(function).parameters)
    docstring += function.__doc__ or ""

    assert (
        _unexplained((name for name in arguments if name not in {"self", "cls"}), docstring) == []
    )


@pytest.mark.parametrize("name", VALUES)
def test_every_field_is_explained(name: str) -> None:
    docstring = " ".join(parent.__doc__ or "" for parent in VALUES[name].__mro__[:-1])
    fields = (field.name for field in attrs.fields(VALUES[name]))

    assert _unexplained((name for name in fields if not name.startswith("_")), docstring) == []


COROUTINES = [
    name
    for name, (function, _) in FUNCTIONS.items()
    if inspect.iscoroutinefunction(function)
    and not {function.__name__, function.__qualname__} & WAITS_ONLY
]


@pytest.mark.parametrize("name", COROUTINES)
def test_a_coroutine_says_what_it_raises(name: str) -> None:
    function, _ = FUNCTIONS[name]

    assert re.search(r"\braises?\b", function.__doc__ or "", re.IGNORECASE)
