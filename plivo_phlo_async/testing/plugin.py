"""The pytest plugin: an emulator, a client of it, and a server, for your own tests.

Every fixture is synchronous, so it does not matter which plugin runs the tests' event loop, nor in
which mode. Override `phlo_emulator_options` and `phlo_client_options` to have them otherwise.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

__all__ = [
    "phlo_client",
    "phlo_client_options",
    "phlo_clock",
    "phlo_emulator",
    "phlo_emulator_options",
    "phlo_server",
]

# Loaded when a fixture is first asked for: a session that asks for none pays nothing.
_PACKAGE = __name__.split(".")[0]


def _load(module: str) -> Any:
    return importlib.import_module(f"{_PACKAGE}.{module}")


@pytest.fixture
def phlo_clock() -> Any:
    """The emulator's clock, a `plivo_phlo_async.testing.Clock`: `phlo_clock.advance(5)`."""
    return _load("testing").Clock()


@pytest.fixture
def phlo_emulator_options() -> dict[str, Any]:
    """More arguments for `PhloEmulator`; none unless you override it."""
    return {}


@pytest.fixture
def phlo_client_options() -> dict[str, Any]:
    """More arguments for `AsyncPhloClient`; none unless you override it."""
    return {}


@pytest.fixture
def phlo_emulator(phlo_clock: Any, phlo_emulator_options: dict[str, Any]) -> Any:
    """A `PhloEmulator` of its own for each test, whose time `phlo_clock` moves."""
    time = {"clock": phlo_clock, "wall": phlo_clock.wall, "sleep": phlo_clock.sleep}
    return _load("emulator").PhloEmulator(**{**time, **phlo_emulator_options})


@pytest.fixture
def phlo_client(phlo_emulator: Any, phlo_client_options: dict[str, Any]) -> Any:
    """An `AsyncPhloClient` whose server is `phlo_emulator`, in this process, with no socket."""
    return _load("testing").client_of(phlo_emulator, **phlo_client_options)


@pytest.fixture
def phlo_server(phlo_emulator: Any) -> Iterator[Any]:
    """An `EmulatorServer` for `phlo_emulator` on a free port: its `base_url` is for any client."""
    with _load("emulator.server").EmulatorServer(phlo_emulator) as server:
        yield server
