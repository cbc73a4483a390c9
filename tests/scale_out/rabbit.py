"""A real RabbitMQ for tests, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["RabbitServer"]

_PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_MAX_PORT = 45_535  # Erlang's distribution uses the port 20000 above
_PATIENCE = 60.0  # seconds for a start


class RabbitServer:
    """Serves on a port of its own while a `with` block runs; keeps its queues over a kill."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, _free_port()
        self._epmd_port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL for clients."""
        return f"amqp://guest:guest@127.0.0.1:{self._port}//"

    def start(self) -> None:
        """Start, and wait until it accepts connections."""
        assert _PROGRAM.exists(), "install rabbitmq-server, e.g. `apt install rabbitmq-server`"
        (self._folder / "plugins").write_text("[].\n")
        environment = os.environ | {
            "RABBITMQ_NODENAME": f"tests{self._port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "plugins"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "HOME": str(self._folder),
        }
        with (self._folder / "output.txt").open("wb") as output:
            self._process = subprocess.Popen(
                [_PROGRAM],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + _PATIENCE
        while "completed with" not in (said := (self._folder / "output.txt").read_text()):
            assert self._process.poll() is None, said
            assert time.monotonic() < deadline, "rabbitmq-server did not start"
            time.sleep(0.1)

    def kill(self) -> None:
        """Kill it, with its helpers."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        self._end_epmd()

    def _end_epmd(self) -> None:
        epmd = shutil.which("epmd")
        if epmd:
            environment = os.environ | {"ERL_EPMD_PORT": str(self._epmd_port)}
            subprocess.run([epmd, "-kill"], env=environment, check=False, capture_output=True)


def _free_port() -> int:
    for _ in range(100):
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port <= _MAX_PORT:
            return port
    raise RuntimeError("no free port")
