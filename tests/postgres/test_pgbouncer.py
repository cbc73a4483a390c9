"""The journal behind pgbouncer, which lends a connection for one transaction."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from plivo_phlo_async import Action, BulkOutcome, BulkStatus, JournalEntry
from plivo_phlo_async.postgres import PostgresJournal

from .server import PostgresServer, new_folder

pytestmark = pytest.mark.anyio

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")


@pytest.fixture
def pgbouncer(postgres_server: PostgresServer) -> Iterator[str]:
    """The connection string of a pgbouncer with two connections to the server."""
    if PROGRAM is None:
        missing = "pgbouncer is not installed, e.g. `apt install pgbouncer`"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with new_folder() as name:
        folder = Path(name)
        (folder / "users.txt").write_text('"postgres" ""\n')
        (folder / "pgbouncer.ini").write_text(
            "[databases]\n"
            f"* = host={postgres_server.folder} user=postgres\n"
            "[pgbouncer]\n"
            f"unix_socket_dir = {folder}\n"
            f"auth_file = {folder}/users.txt\n"
            "listen_port = 6432\nauth_type = trust\npool_mode = transaction\n"
            "default_pool_size = 2\n"
        )
        user = None if os.getuid() else pwd.getpwnam("postgres").pw_uid
        if user is not None:
            os.chown(folder, user, -1)
        process = subprocess.Popen(
            [PROGRAM, folder / "pgbouncer.ini"], stderr=subprocess.DEVNULL, user=user
        )
        try:
            yield _once_it_answers(process, f"host={folder} port=6432 user=postgres")
        finally:
            process.kill()
            process.wait()


def _once_it_answers(process: subprocess.Popen[bytes], dsn: str) -> str:
    dsn = f"{dsn} dbname=postgres"
    while process.poll() is None:
        try:
            psycopg.connect(dsn).close()
        except psycopg.OperationalError:
            continue
        return dsn
    raise RuntimeError("pgbouncer ended before it was ready")


async def test_each_action_is_begun_once_through_pgbouncer(pgbouncer: str, run: str) -> None:
    entries = [JournalEntry.of(Action.hold("p", "n", "1", key=f"{key}")) for key in range(50)]
    async with (
        PostgresJournal(pgbouncer, run=run) as one,
        PostgresJournal(pgbouncer, run=run) as other,
    ):
        for entry in entries:
            states = await asyncio.gather(
                *(journal.begin(entry) for journal in (one, other, one, other))
            )
            assert sorted(states) == ["fresh", *["under_way"] * 3]
            holder = (one, other)[states.index("fresh") % 2]  # type: ignore[arg-type]
            await holder.finish(entry, BulkOutcome(entry.action, BulkStatus.DONE))

        assert await one.counts() == {"done": 50, "failed": 0, "unknown": 0}
