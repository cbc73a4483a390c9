"""The agent desktop as a user serves it: processes that share a Redis, beside an emulator."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs

from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer

from ..shared_limit.server import RedisServer

ROOT = Path(__file__).parents[2]
APP = "examples.agent_desktop.app:app"


@attrs.frozen
class ServedDesktop:
    """A desktop with two workers, each with a socket of its own.

    Attributes:
        url: where the second worker serves the page.
        emulator: posts every event to the first worker.
        workers: the ids of the two processes.
    """

    url: str
    emulator: PhloEmulator
    workers: tuple[int, int]


@contextmanager
def serve_desktop(ring_seconds: float = 600.0) -> Iterator[ServedDesktop]:
    """Serve a desktop whose page is another worker's than the events."""
    with ExitStack() as stack:
        (first, callback), (second, url) = (stack.enter_context(listening()) for _ in range(2))
        emulator, env = stack.enter_context(backends(callback))
        env["RING_SECONDS"] = str(ring_seconds)
        workers = [stack.enter_context(uvicorn(sock, env)) for sock in (first, second)]
        yield ServedDesktop(url, emulator, (workers[0], workers[1]))


@contextmanager
def backends(url: str) -> Iterator[tuple[PhloEmulator, dict[str, str]]]:
    """A Redis, an emulator that posts to a desktop at `url`, and the environment for it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        RedisServer(Path(folder)) as redis,
        EmulatorServer(PhloEmulator(callback=f"{url}/plivo")) as server,
    ):
        env = {"REDIS_URL": f"unix://{redis.socket}", "PUBLIC_BASE_URL": url}
        yield server.emulator, server.env | env


@contextmanager
def listening() -> Iterator[tuple[socket.socket, str]]:
    """A socket that queues who connects before the workers are up, and its URL."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.set_inheritable(True)
        yield sock, f"http://127.0.0.1:{sock.getsockname()[1]}"


@contextmanager
def uvicorn(sock: socket.socket, env: Mapping[str, str], *options: str) -> Iterator[int]:
    """Serve the desktop with uvicorn; the id of the process."""
    fd = str(sock.fileno())
    with _running(sock, env, "uvicorn", "--fd", fd, "--log-level", "warning", *options) as pid:
        yield pid


@contextmanager
def gunicorn(sock: socket.socket, env: Mapping[str, str], *options: str) -> Iterator[int]:
    """Serve the desktop with gunicorn; the id of the process."""
    bind = f"fd://{sock.fileno()}"
    with _running(sock, env, "gunicorn", "--bind", bind, "--log-level", "warning", *options) as pid:
        yield pid


@contextmanager
def _running(
    sock: socket.socket, env: Mapping[str, str], program: str, *options: str
) -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-m", program, *options, APP],
        cwd=ROOT,
        env={**os.environ, **env},
        pass_fds=[sock.fileno()],
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)
