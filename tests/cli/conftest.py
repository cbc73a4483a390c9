"""Run the command as a shell would, in this process."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plivo_phlo_async.__main__ import main
from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer

Run = Callable[..., tuple[int, str, str]]
Terminal = Callable[..., tuple[int, str]]
Installed = Callable[..., subprocess.CompletedProcess[str]]


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


@pytest.fixture
def terminal() -> Terminal:
    """`terminal("bulk", "-", typed="y\\n")` gives exit code and what a terminal was sent.

    It runs in a process of its own; standard output goes to the terminal only with `out=True`.
    """

    def run(*argv: str, typed: str = "", out: bool = True, **environ: str) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "plivo_phlo_async", *argv],
            stdin=theirs,
            stderr=theirs,
            stdout=theirs if out else subprocess.DEVNULL,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "80", **environ},
        )
        os.close(theirs)
        os.write(ours, typed.encode())
        shown = b""
        while True:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # how a terminal ends
                break
        os.close(ours)
        return process.wait(20), shown.decode().replace("\r\n", "\n")

    return run


@pytest.fixture
def without(tmp_path: Path) -> Installed:
    """`without("rich", argv=["demo"])` runs the command as where rich is not installed."""

    def run(*missing: str, argv: list[str]) -> subprocess.CompletedProcess[str]:
        for path in Path(sysconfig.get_path("purelib")).iterdir():
            if path.name.partition("-")[0] not in missing:
                (tmp_path / path.name).symlink_to(path)
        code = (
            f"import runpy, site, sys; site.addsitedir({str(tmp_path)!r});"
            f" sys.argv = ['plivo-phlo', *{argv!r}];"
            " runpy.run_module('plivo_phlo_async', run_name='__main__')"
        )
        return subprocess.run(
            [sys.executable, "-S", "-c", code], capture_output=True, text=True, timeout=120
        )

    return run


@pytest.fixture(scope="session")
def _server() -> Iterator[EmulatorServer]:
    with EmulatorServer(PhloEmulator(rate_limit=None)) as server:
        yield server


@pytest.fixture
def emulator(_server: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> PhloEmulator:
    """An emulator on a port, which the environment points at."""
    _server.emulator.reset()
    for name, value in _server.env.items():
        monkeypatch.setenv(name, value)
    return _server.emulator
