"""Start processes that share a journal and an emulator."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plivo_phlo_async.emulator import DEMO_AUTH_ID, DEMO_AUTH_TOKEN, PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer

from .worker import calls

__all__ = ["dialling_server", "line_of", "started"]

ROOT = Path(__file__).parents[2]


@contextmanager
def dialling_server(count: int) -> Iterator[tuple[PhloEmulator, dict[str, str]]]:
    """An emulator whose phones reject, so that it dials as often as it is asked to.

    Yields it and the environment of processes that use it.
    """
    numbers = [action.to for action in calls(count)]
    emulator = PhloEmulator(rate_limit=None, phones=dict.fromkeys(map(str, numbers), "reject"))
    with EmulatorServer(emulator) as server:
        yield (
            emulator,
            {
                "PLIVO_AUTH_ID": DEMO_AUTH_ID,
                "PLIVO_AUTH_TOKEN": DEMO_AUTH_TOKEN,
                "PLIVO_PHLO_BASE_URL": server.base_url,
            },
        )


@contextmanager
def started(environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a worker; kill it if it still runs in the end."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.postgres.worker", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
