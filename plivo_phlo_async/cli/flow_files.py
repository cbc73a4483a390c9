"""The files of flows that `emulate` loads, and loads again when they change."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from ..emulator import PhloEmulator
from ..emulator.errors import ApiError
from .exit_codes import usage_error

__all__ = ["POLL_SECONDS", "FlowFiles"]

POLL_SECONDS = 0.5
"""How often the files are looked at."""


class FlowFiles:
    """Some files of flows.

    Args:
        paths: the files.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = tuple(paths)
        self._seen: dict[Path, tuple[int, int] | None] = {}

    def load(self, emulator: PhloEmulator) -> None:
        """Load every file, or exit with all problems of the first that has some."""
        for path in self._paths:
            self._seen[path] = _version(path)
            problems = _load(emulator, path)
            if problems is not None:
                usage_error(problems)

    def reload_changed(self, emulator: PhloEmulator) -> None:
        """Load the files that have changed; one with problems leaves its flow as it is."""
        for path in self._paths:
            version = _version(path)
            if version == self._seen[path] or version is None:
                continue
            self._seen[path] = version
            problems = _load(emulator, path)
            click.echo(problems or f"# {path}: loaded again.", err=True)


def _version(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _load(emulator: PhloEmulator, path: Path) -> str | None:
    """Load a file; returns its problems, None for none."""
    try:
        emulator.load_flow(path)
    except (ImportError, ValueError) as error:  # a FlowError has a line for each problem
        return str(error)
    except ApiError as error:
        return f"{path}: {error.error}"
    return None
