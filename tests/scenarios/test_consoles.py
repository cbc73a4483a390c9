"""What a page shows at a prompt, typed in its order: servers stay up, all else has to succeed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from plivo_phlo_async.webhooks import sign_v3

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n?", re.MULTILINE)
# Tried in a fresh clone, and by typing the page that begins with it.
ELSEWHERE = re.compile(r"pip install|-m asyncio")
EMULATES = re.compile(r"^plivo-phlo emulate\b")
LISTENS = re.compile(r"^(plivo-phlo listen|redis-server)\b|uvicorn |examples/\w+_service\.py")
PORTS = {"emulate": 7461, "listen": 7462, "redis-server": 6379, "uvicorn": 8000}
PORTS |= {"_service.py": 8000}
# The page shows a signature that does not match, and why.
EXITS = {"verify": (1, "its URL begins with https://")}


def _commands(page: Path) -> list[str]:
    typed = [line for block in BLOCK.findall(page.read_text()) for line in COMMAND.findall(block)]
    return [command for command in typed if not ELSEWHERE.search(command)]


SESSIONS = [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES if _commands(page)]


class Shells:
    """A reader's shells: a folder, an environment, ports, and the servers that run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environ = {"PATH": path, "LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
        self.ports = {port: _free_port() for port in {*PORTS.values()}}
        self.environ["PORT"] = str(self.ports[8000])
        self.running: dict[int, subprocess.Popen[str]] = {}  # by the page's port

    def type(self, command: str) -> None:
        """Do what a reader does with a command."""
        if EMULATES.search(command):
            self.emulate(command)
        elif LISTENS.search(command):
            self.serve(command)
        else:
            if not self.running:  # the page starts it in a block of another kind
                self.emulate("plivo-phlo emulate")
            self.run(command)

    def emulate(self, command: str) -> None:
        emulator = self.serve(command)
        assert emulator.stdout is not None
        lines = [emulator.stdout.readline() for _ in range(5)]
        self.environ |= dict(re.findall(r"export (\w+)=(.*)\n", "".join(lines)))

    def serve(self, command: str) -> subprocess.Popen[str]:
        port = next(port for name, port in PORTS.items() if name in command)
        if "--port" not in command and "_service.py" not in command:
            command += f" --port {port}"
        if port in self.running:
            self.stop(port)
        self.running[port] = self._start(command)
        _reach(self.ports[port], self.running[port])
        return self.running[port]

    def run(self, command: str) -> None:
        process = self._start(command)
        printed, _ = process.communicate(timeout=120)
        code, text = next((ends for name, ends in EXITS.items() if name in command), (0, ""))

        assert process.returncode == code, printed
        assert text in printed

    def _start(self, command: str) -> subprocess.Popen[str]:
        for port, ours in self.ports.items():
            command = command.replace(str(port), str(ours))
        return subprocess.Popen(
            ["bash", "-c", f"exec {command}" if "=" not in command.split()[0] else command],
            env=self.environ,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if "emulate" not in command else subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def stop(self, port: int) -> None:
        """Ctrl-C in the shell of what listens there."""
        process = self.running[port]
        os.killpg(process.pid, signal.SIGINT)
        printed, _ = process.communicate(timeout=120)
        del self.running[port]

        assert process.returncode in {0, 130, -signal.SIGINT}, printed

    def leave(self) -> None:
        """Ctrl-C in every shell."""
        for port in reversed([*self.running]):
            self.stop(port)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _reach(port: int, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)  # until it listens, as a reader would wait for its prompt
    process.kill()
    raise AssertionError(f"nothing listens on {port}: {process.communicate()[0]}")


@contextmanager
def _desk(folder: Path) -> Iterator[Shells]:
    desk = Shells(folder)
    try:
        yield desk
        desk.leave()
    finally:
        for process in desk.running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _files_of(page: Path, folder: Path) -> None:
    """Put there what the page says to put there."""
    (folder / "examples").symlink_to(ROOT / "examples")
    text = page.read_text()
    if "`hooks.py`" in text:
        blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        (whole,) = (block for block in blocks if "app = WebhookApp" in block)
        kept = whole.split("\nasync def deliver")[0]
        token = 'import os\nTOKEN = os.environ["PLIVO_AUTH_TOKEN"]'
        (folder / "hooks.py").write_text(re.sub(r"^TOKEN = .*$", token, kept, flags=re.MULTILINE))
    if "`shop.phlo.yaml`" in text:
        (phlo,) = re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        (folder / "shop.phlo.yaml").write_text(phlo)


def _signed(command: str, token: str) -> str:
    """The page leaves out a signature, which depends on the token."""
    signed = sign_v3(
        "POST",
        "https://example.com/plivo?tenant=5",
        {"to": "12025551111", "event": "ConferenceEnter"},
        token,
        nonce="n1",
    )
    return command.replace("'...'", f"'{signed['X-Plivo-Signature-V3']}'")


@pytest.mark.parametrize("page", SESSIONS)
def test_what_a_page_shows_at_a_prompt_does_what_it_says(page: Path, tmp_path: Path) -> None:
    _files_of(page, tmp_path)
    typed = 0
    with _desk(tmp_path) as desk:
        for command in _commands(page):
            desk.type(_signed(command, desk.environ.get("PLIVO_AUTH_TOKEN", "")))
            typed += 1

    assert typed == len(_commands(page))
