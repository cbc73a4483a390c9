"""The queues of `examples/queues`: how each is filled, and how its workers are started."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from plivo_phlo_async import Action

__all__ = ["ENGINES", "Engine"]

_BIN = Path(sys.executable).parent


class Engine(ABC):
    """A queue, and the command of a worker.

    Args:
        environment: the environment variables that the examples read.
        folder: a folder of its own.
    """

    name: ClassVar[str]
    needs_rabbit: ClassVar[bool] = False

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment, self._folder = {**os.environ, **environment}, folder
        os.environ.update(environment)  # the examples' modules read it when they are imported

    async def open(self) -> None:  # noqa: B027  not every queue needs it
        """Prepare the queue."""

    @abstractmethod
    async def put(self, actions: Sequence[Action]) -> None:
        """Queue actions."""

    @abstractmethod
    def command(self) -> list[str | Path]:
        """Return the command of one worker."""

    async def close(self) -> None:  # noqa: B027  not every queue needs it
        """Close the connection to the queue."""

    def start(self) -> subprocess.Popen[bytes]:
        """Start a worker in a process group of its own."""
        with (self._folder / "workers.txt").open("ab") as output:
            return subprocess.Popen(
                self.command(),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )


class Plain(Engine):
    """Processes that read one list."""

    name = "plain"

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        super().__init__(environment, folder)
        self.list = folder / "calls.txt"
        self.list.touch()

    async def put(self, actions: Sequence[Action]) -> None:
        """Append the numbers to the list; a worker reads it from the beginning."""
        with self.list.open("a") as file:
            file.writelines(f"{action.to}\n" for action in actions)

    def command(self) -> list[str | Path]:
        """Run the example again and again, as cron would, so that it sees what was appended."""
        once = f"{sys.executable} -m examples.queues.plain {self.list}"
        return ["bash", "-c", f"while sleep 0.2; do {once}; done"]


class Taskiq(Engine):
    """taskiq on RabbitMQ."""

    name = "taskiq"
    needs_rabbit = True
    _module: Any

    async def open(self) -> None:
        """Connect to RabbitMQ."""
        self._module = importlib.import_module("examples.queues.fastapi_taskiq")
        await self._module.broker.startup()

    async def put(self, actions: Sequence[Action]) -> None:
        """Queue actions."""
        for action in actions:
            await self._module.perform.kiq(action.to_dict())

    def command(self) -> list[str | Path]:
        """Return the command of one worker."""
        module = "examples.queues.fastapi_taskiq:broker"
        options = ["--ack-type", "when_saved", "--workers", "1", "--max-async-tasks", "10"]
        return [_BIN / "taskiq", "worker", module, *options]

    async def close(self) -> None:
        """Disconnect."""
        await self._module.broker.shutdown()


class CeleryEngine(Engine):
    """Celery on RabbitMQ."""

    name = "celery"
    needs_rabbit = True
    _module: Any
    _numbers = itertools.count(1)

    async def open(self) -> None:
        """Import the example."""
        self._module = importlib.import_module("examples.queues.celery_app")

    async def put(self, actions: Sequence[Action]) -> None:
        """Queue actions."""

        def put() -> None:
            for action in actions:
                self._module.perform.delay(action.to_dict())

        await asyncio.to_thread(put)

    def command(self) -> list[str | Path]:
        """Return the command of one worker."""
        name = f"worker-{next(self._numbers)}@%h"  # two with one name stop each other
        options = ["--pool", "threads", "--concurrency", "10", "-n", name]
        return [_BIN / "celery", "-A", "examples.queues.celery_app", "worker", *options]


class Procrastinate(Engine):
    """procrastinate on PostgreSQL."""

    name = "procrastinate"
    _module: Any

    async def open(self) -> None:
        """Make procrastinate's tables, and connect."""
        self._module = importlib.import_module("examples.queues.procrastinate_app")
        await self._module.app.open_async()
        await self._module.app.schema_manager.apply_schema_async()

    async def put(self, actions: Sequence[Action]) -> None:
        """Queue actions."""
        for action in actions:
            await self._module.perform.defer_async(fields=action.to_dict())

    def command(self) -> list[str | Path]:
        """Return the command of one worker."""
        return [sys.executable, "-m", "examples.queues.procrastinate_app"]

    async def close(self) -> None:
        """Disconnect."""
        await self._module.app.close_async()


ENGINES: dict[str, type[Engine]] = {
    engine.name: engine for engine in (Plain, Taskiq, CeleryEngine, Procrastinate)
}
