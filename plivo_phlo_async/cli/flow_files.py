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
        loaded: dict[str, Path] = {}
        for path in self._paths:
            self._seen[path] = _version(path)
            phlo_id, problems = _load(emulator, path)
            if problems:
                usage_error(problems)
            if phlo_id in loaded:
                usage_error(f"{path}: {loaded[phlo_id]} has the id {phlo_id!r} too.")
            loaded[phlo_id] = path

    def reload_changed(self, emulator: PhloEmulator) -> None:
        """Load the files that have changed; one with problems leaves its flow as it is."""
        for path in self._paths:
            version = _version(path)
            if version == self._seen[path] or version is None:
                continue
            self._seen[path] = version
            _, problems = _load(emulator, path)
            click.echo(problems or f"# {path}: loaded again.", err=True)


def _version(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _load(emulator: PhloEmulator, path: Path) -> tuple[str, str]:
    """Load a file; returns the id of its flow and its problems, each "" for none."""
    try:
        return emulator.load_flow(path).phlo_id, ""
    except (ImportError, ValueError) as error:  # a FlowError has a line for each problem
        return "", str(error)
    except ApiError as error:
        return "", f"{path}: {error.error}"
