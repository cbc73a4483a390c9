"""Run the command as a shell would, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from plivo_phlo_async.cli import main
from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer, shell_exports

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def plivo_phlo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`plivo_phlo("hold", "1")` gives exit code, stdout, stderr."""

    def run(*argv: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["plivo-phlo", *argv])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        code = left.value.code
        assert isinstance(code, int)
        return code, out, err

    return run


@pytest.fixture(scope="session")
def _server() -> Iterator[EmulatorServer]:
    with EmulatorServer(PhloEmulator(rate_limit=None)) as server:
        yield server


@pytest.fixture
def emulator(_server: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> PhloEmulator:
    """An emulator on a port, which the environment points at."""
    _server.emulator.reset()
    for line in shell_exports(_server.emulator, _server.base_url).splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        monkeypatch.setenv(name, value)
    return _server.emulator
