"""A real PostgreSQL for tests: started in a folder of its own, frozen, killed, started again."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
import pytest

_USER = "postgres"  # the server refuses to run as root
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    # A commit that is not waited for stays in memory until the end of the test.
    "wal_writer_delay": "10s",
    "wal_writer_flush_after": "1GB",
    "autovacuum": "off",
    "checkpoint_timeout": "1d",
    "bgwriter_delay": "10s",
}
_MOST_STARTS = 20  # after a kill, its shared memory may be in use for a moment


def folder_of_programs() -> Path | None:
    """Return where `initdb` and `postgres` are; Debian does not put them on PATH."""
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


def needed() -> None:
    """Skip without the programs; where tests must not be left out (`CI` is set), fail."""
    if folder_of_programs() is None:
        missing = "PostgreSQL is not installed, e.g. `apt install postgresql`"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)


class PostgresServer:
    """Serves on a Unix socket while a `with` block runs.

    Args:
        folder: an empty folder that its user can enter.
        settings: more settings of the server.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder, self._data = folder, folder / "data"
        self._settings = _SETTINGS | settings
        self._programs = folder_of_programs()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        """The connection string of its superuser."""
        return self.dsn_of(_USER)

    def dsn_of(self, user: str, **options: str) -> str:
        """The connection string of a user."""
        return psycopg.conninfo.make_conninfo(
            host=str(self.folder), user=user, dbname="postgres", **options
        )

    def execute(self, *statements: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Execute statements, each on its own; return the rows of the last."""
        rows: list[tuple[object, ...]] = []
        dsn = psycopg.conninfo.make_conninfo(self.dsn, dbname=database)
        with psycopg.connect(dsn, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
                rows = cursor.fetchall() if cursor.description is not None else []
        return rows

    def create(self) -> None:
        assert self._programs is not None
        if os.getuid() == 0:
            shutil.chown(self.folder, _USER)
        command: list[str | Path] = [self._programs / "initdb"]
        command += ["-D", self._data, "-A", "trust", "-U", _USER, "-N"]
        user, group, groups = _its_user()
        subprocess.run(
            command,
            check=True,
            stdout=subprocess.DEVNULL,
            user=user,
            group=group,
            extra_groups=groups,
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        assert self._programs is not None
        options = [f"-c{name}={value}" for name, value in self._settings.items()]
        command: list[str | Path] = [self._programs / "postgres", "-D", self._data]
        command += ["-k", self.folder, *options]
        user, group, groups = _its_user()
        for _ in range(_MOST_STARTS):
            with (self.folder / "log").open("ab") as log:
                self._process = subprocess.Popen(
                    command,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    start_new_session=True,
                    user=user,
                    group=group,
                    extra_groups=groups,
                )
            if self._answers():
                return
            time.sleep(0.1)
        raise RuntimeError((self.folder / "log").read_text())

    def _answers(self) -> bool:
        """Wait until it answers; return False if it has ended."""
        assert self._process is not None
        while self._process.poll() is None:
            with suppress(psycopg.OperationalError):
                self.execute("SELECT 1")
                return True
            time.sleep(0.01)
        return False

    def kill(self) -> None:
        """Kill it with all its processes, as the kernel would for want of memory."""
        if self._process is not None:
            for pid in self._all():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        for pid in self._all():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in self._all():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def _all(self) -> list[int]:
        """Return the server's processes, the one that starts the others first."""
        assert self._process is not None
        leader = self._process.pid
        children = Path(f"/proc/{leader}/task/{leader}/children").read_text().split()
        return [leader, *map(int, children)]

    def __enter__(self) -> Self:
        self.create()
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()


def _its_user() -> tuple[int | None, int | None, list[int] | None]:
    """Return the server's user and groups, if they are not those of this process."""
    if os.getuid() != 0:
        return None, None, None
    user = pwd.getpwnam(_USER)
    return user.pw_uid, user.pw_gid, []


def new_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder with a short name, as sockets need, that the server's user can enter."""
    return tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp")
