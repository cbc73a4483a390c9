"""A real redis-server for tests: started in a folder of its own, frozen, killed, started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

PROGRAM = "redis-server"


def needed() -> None:
    """Skip without the program; where tests must not be left out (`CI` is set), fail."""
    if shutil.which(PROGRAM) is None:
        missing = f"{PROGRAM} is not on PATH; install it, e.g. `apt install redis-server`"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)


class RedisServer:
    """Serves on a Unix socket while a `with` block runs; keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly"]
        self._process = subprocess.Popen(
            [PROGRAM, *options, "no", "--dir", str(self._folder)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        while (
            "ready to accept connections" not in (line := self._process.stdout.readline()).lower()
        ):
            assert line, "redis-server ended before it was ready"

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()
