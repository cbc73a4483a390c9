"""The pytest plugin: fixtures for your own tests, and a net below their mocks.

Every fixture is synchronous, so it does not matter which plugin runs the tests' event loop, nor in
which mode. Override `phlo_emulator_options` and `phlo_client_options` to change them.

The net: a request that no mock has answered is refused before it connects, unless it goes to this
machine. A test that forgot its mock, or mocks something else, rings no phone.
"""

from __future__ import annotations

import importlib
import importlib.util
import ipaddress
import logging
import os
from collections.abc import Generator, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from .._transport.send_trace import NotBegun, SendTrace

__all__ = [
    "phlo_client",
    "phlo_client_options",
    "phlo_clock",
    "phlo_emulator",
    "phlo_emulator_options",
    "phlo_env",
    "phlo_server",
]

_ALLOWED = "plivo_phlo_allow_network"
_VARIABLE = _ALLOWED.upper()
_POOL = "plivo_phlo_async._transport.connection_pool.ConnectionPool"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that takes the net away, on the command line and in the configuration."""
    what = "let requests that no mock has answered leave this machine"
    group = parser.getgroup("plivo-phlo-async")
    group.addoption(f"--{_ALLOWED.replace('_', '-')}", action="store_true", help=what)
    parser.addini(_ALLOWED, what, type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Put the net in place, and let respx see the connection pool below httpx."""
    allowed = config.getoption(_ALLOWED) or config.getini(_ALLOWED)

    def check_host(host: str) -> None:
        if not (allowed or os.environ.get(_VARIABLE) == "1" or _is_loopback(host)):
            raise NotBegun(
                f"no mock answered this request to {host}, and tests do not leave this machine;"
                f" mock it, use the fixture phlo_client, or set {_VARIABLE}=1"
            )

    outer = SendTrace.check_host  # a session may run another one inside, to test a plugin
    SendTrace.check_host = staticmethod(check_host)
    config.add_cleanup(lambda: setattr(SendTrace, "check_host", outer))
    if importlib.util.find_spec("respx") is not None:
        importlib.import_module("respx.mocks").HTTPCoreMocker.add_targets(_POOL)


def _is_loopback(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


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
def phlo_emulator(phlo_clock: Any, phlo_emulator_options: dict[str, Any]) -> Iterator[Any]:
    """A `PhloEmulator` of its own for each test, whose time `phlo_clock` moves.

    Prompts of flows take no time.

    It logs why it refuses a request, and pytest shows the log of a test that fails.
    """
    time = {"clock": phlo_clock, "wall": phlo_clock.wall, "sleep": phlo_clock.sleep}
    logger = logging.getLogger(f"{_PACKAGE}.emulator")
    before = logger.level
    logger.setLevel(logging.INFO)
    options = {**time, "prompt_speed": None, **phlo_emulator_options}
    emulator = _load("emulator").PhloEmulator(**options)
    yield emulator
    logger.setLevel(before)
    unused = emulator.unused_stubs
    if unused:
        pytest.fail(f"no request used these answers of load_flow(http=): {', '.join(unused)}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the runs of flows of a test that fails."""
    report = yield
    emulator = getattr(item, "funcargs", {}).get("phlo_emulator")
    if report.when == "call" and report.failed and emulator is not None:
        explained = emulator.explain_runs()
        if explained:
            report.sections.append(("Runs of PHLOs", explained))
    return report


@pytest.fixture
def phlo_client(phlo_emulator: Any, phlo_client_options: dict[str, Any]) -> Any:
    """An `AsyncPhloClient` whose server is `phlo_emulator`, in this process, with no socket."""
    return _load("testing").client_of(phlo_emulator, **phlo_client_options)


@pytest.fixture
def phlo_env(phlo_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment, set to `phlo_emulator` in this process, with no port.

    For code that creates its own client, `AsyncPhloClient()`. Any `httpx.AsyncClient` reaches the
    emulator at that base URL. The client keeps its own rate limit.
    """
    in_process = _load("testing.in_process")
    in_process.route_in_process(phlo_emulator, monkeypatch)
    values: dict[str, str] = phlo_emulator.env(in_process.IN_PROCESS_URL)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture
def phlo_server(phlo_emulator: Any) -> Iterator[Any]:
    """An `EmulatorServer` for `phlo_emulator` on a free port: its `base_url` is for any client."""
    with _load("emulator.server").EmulatorServer(phlo_emulator) as server:
        yield server
