"""Ctrl-C and a closed terminal: one line, whenever they come."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from plivo_phlo_async._early_interrupt import is_command
from plivo_phlo_async.cli.printing import print_json
from plivo_phlo_async.emulator import PhloEmulator

from .conftest import Run

ENVIRON = {
    "PLIVO_AUTH_ID": "MA2025RK4E639VJFZAGV",
    "PLIVO_AUTH_TOKEN": "t",
    "PLIVO_PHLO_ID": "p",
    "PLIVO_NODE_ID": "n",
}
# Sends a signal to the process while it looks for a module.
SITE = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
signal.signal(signal.SIGINT, {handler})
sys.meta_path.insert(0, Finder())
"""
COMMAND = [sys.executable, "-m", "plivo_phlo_async"]
MODULES = ["httpx", "anyio", "click", "rich", "plivo_phlo_async.client", "plivo_phlo_async.cli"]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The command, as it is installed."""
    path = tmp_path / "plivo-phlo"
    path.write_text(
        f"#!{sys.executable}\nimport sys\nfrom plivo_phlo_async.__main__ import main\n"
        "if __name__ == '__main__':\n    sys.exit(main())\n"
    )
    path.chmod(0o755)
    return path


def _interrupted(
    tmp_path: Path, command: list[str], module: str, handler: str = "signal.default_int_handler"
) -> subprocess.CompletedProcess[str]:
    (tmp_path / "sitecustomize.py").write_text(SITE.format(module=module, handler=handler))
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    return subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("module", MODULES)
def test_ctrl_c_while_the_command_is_imported_is_one_line(
    tmp_path: Path, script: Path, module: str
) -> None:
    installed = _interrupted(tmp_path, [str(script), "--version"], module)
    as_module = _interrupted(tmp_path, [*COMMAND, "--version"], module)

    assert (installed.returncode, installed.stdout) == (130, "")
    assert installed.stderr == "plivo-phlo: interrupted.\n"
    assert (as_module.returncode, as_module.stderr) == (130, "plivo-phlo: interrupted.\n")


def test_an_ignored_ctrl_c_stays_ignored_while_the_command_is_imported(
    tmp_path: Path, script: Path
) -> None:
    done = _interrupted(tmp_path, [str(script), "--version"], "httpx", "signal.SIG_IGN")

    assert (done.returncode, done.stderr) == (0, "")


def test_another_program_that_imports_the_package_handles_ctrl_c_itself(tmp_path: Path) -> None:
    code = "try:\n    import plivo_phlo_async\nexcept KeyboardInterrupt:\n    print('mine')"
    done = _interrupted(tmp_path, [sys.executable, "-c", code], "httpx")

    assert (done.returncode, done.stdout, done.stderr) == (0, "mine\n", "")


@pytest.mark.parametrize(
    ("program", "argv", "command"),
    [
        ("/usr/bin/plivo-phlo", [], True),
        (r"plivo-phlo.exe", [], True),
        ("-m", ["python", "-m", "plivo_phlo_async", "bulk"], True),
        ("-m", ["python", "-Im", "plivo_phlo_async"], True),
        ("-m", ["python", "-m", "another", "plivo_phlo_async"], False),
        ("-m", ["python", "-m", "plivo_phlo_async.emulator"], False),
        ("/usr/bin/pytest", ["pytest", "-m", "plivo_phlo_async"], False),
        ("", [], False),
    ],
)
def test_the_command_is_known_by_its_name(program: str, argv: list[str], command: bool) -> None:
    assert is_command(program, argv) is command


def test_ctrl_c_before_anything_is_sent_is_one_line(
    tmp_path: Path, script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    done = _interrupted(tmp_path, [str(script), "show"], "anyio._backends._asyncio")

    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "plivo-phlo: interrupted.\n"


def _hung_up(before: str) -> subprocess.Popen[str]:
    """Send SIGHUP to a call whose request is on the wire, and then answer it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        process = subprocess.Popen(
            ["sh", "-c", f'{before} exec "$@"', "sh", *COMMAND, "call", "1", "2"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                **ENVIRON,
                "PLIVO_PHLO_BASE_URL": f"http://127.0.0.1:{server.getsockname()[1]}",
            },
        )
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            process.send_signal(signal.SIGHUP)
            body = b'{"api_id": "a", "error": ""}'
            head = f"HTTP/1.1 201 Created\r\nContent-Length: {len(body)}\r\n\r\n"
            if before:
                connection.sendall(head.encode() + body)
            process.communicate(timeout=120)
    return process


def test_a_closed_terminal_ends_a_command_as_sigterm_does() -> None:
    assert _hung_up("").returncode == -signal.SIGTERM


def test_under_nohup_a_closed_terminal_is_ignored() -> None:
    assert _hung_up("trap '' HUP;").returncode == 0


def test_a_ctrl_c_after_the_outcome_was_printed_does_not_change_the_exit_code(
    plivo_phlo: Run,
    emulator: PhloEmulator,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    def interrupted(value: Any) -> None:
        print_json(value)
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    monkeypatch.setattr("plivo_phlo_async.cli.client_runner.print_json", interrupted)
    code, out, err = plivo_phlo("call", "12025550101", "12025550199", "--json")

    assert (code, json.loads(out)["ok"], err) == (0, True, "")
