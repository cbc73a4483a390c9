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

    Attributes:
        paths: the files.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self.paths: tuple[Path, ...] = tuple(paths)
        self._seen: dict[Path, tuple[int, int] | None] = {}
        self._problems: dict[str, str] = {}

    def load(self, emulator: PhloEmulator) -> None:
        """Load every file, or exit with all problems of the first that has some."""
        loaded: dict[str, Path] = {}
        for path in self.paths:
            self._seen[path] = _version(path)
            phlo_id, problems = _load(emulator, path)
            if problems:
                usage_error(problems)
            if phlo_id in loaded:
                usage_error(f"{path}: {loaded[phlo_id]} has the id {phlo_id!r} too.")
            loaded[phlo_id] = path

    def reload_changed(self, emulator: PhloEmulator) -> None:
        """Load the files that have changed; one with problems leaves its flow as it is."""
        for path in self.paths:
            version = _version(path)
            if version == self._seen[path] or version is None:
                continue
            self._seen[path] = version
            click.echo(self._reload(emulator, path), err=True)

    def _reload(self, emulator: PhloEmulator, path: Path) -> str:
        """Load a file; returns what came of it, for the terminal."""
        live = [run for run in emulator.runs if run.ended is None]
        _, problems = _load(emulator, path)
        before = self._problems
        known = {**before, str(path): problems}
        self._problems = {file: text for file, text in known.items() if text}
        if self._problems != before:
            emulator.report_file_problems(self._problems)
        if problems:
            return f"{problems}\n# {path}: not loaded; the version before still runs."
        stopped = sum(run.ended is not None for run in live)
        runs = f"; stopped {stopped} live run{'s' * (stopped > 1)}" if stopped else ""
        return f"# {path}: loaded again{runs}."


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
