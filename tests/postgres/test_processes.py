"""Several processes share a journal: each action is sent by one of them."""

from __future__ import annotations

import json
import signal
import time
from contextlib import ExitStack

import anyio
import pytest

from plivo_phlo_async import AsyncPhloClient
from plivo_phlo_async.postgres import PostgresJournal

from .processes import dialling_server, line_of, started
from .server import PostgresServer
from .worker import START_WITHIN, calls

pytestmark = pytest.mark.usefixtures("unmeasured")


def test_four_processes_over_one_list_do_each_action_once(
    postgres_server: PostgresServer, run: str
) -> None:
    with ExitStack() as stack:
        emulator, environment = stack.enter_context(dialling_server(120))
        workers = [
            stack.enter_context(started(environment, "list", postgres_server.dsn, run, "120"))
            for _ in range(4)
        ]
        assert [line_of(worker) for worker in workers] == ["ready"] * 4
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("\n")
            worker.stdin.flush()
        reports = [json.loads(worker.communicate()[0]) for worker in workers]
        dialled = dict(emulator.dialled)

    assert sorted(dialled.values()) == [1] * 120
    assert sum(report["done"] for report in reports) == 120
    assert [report["done"] + report["skipped"] for report in reports] == [120] * 4


def _stalled_and_redone(
    server: PostgresServer, run: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, int]:
    """Stop a worker between begin and write, redo its action, and let it go on.

    Returns how it ended and how often the number was dialled.
    """
    action = calls(1)[0]

    async def redo() -> None:
        async with PostgresJournal(server.dsn, run=run) as journal, AsyncPhloClient() as client:
            await client.perform(action, journal=journal, redo={"unknown"})

    with ExitStack() as stack:
        emulator, environment = stack.enter_context(dialling_server(1))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        worker = stack.enter_context(started(environment, "stall", server.dsn, run, way))
        assert line_of(worker) == "begun"
        time.sleep(START_WITHIN)
        server.execute(f"UPDATE phlo_actions SET until = now() WHERE run = '{run}'")
        anyio.run(redo)
        worker.send_signal(signal.SIGCONT)
        ended = worker.communicate()[0].strip()
        return ended, sum(emulator.dialled.values())


def test_a_worker_that_was_stopped_before_it_sent_does_not_send_what_was_redone(
    postgres_server: PostgresServer, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, dialled = _stalled_and_redone(postgres_server, run, "look", monkeypatch)

    assert ended == "NotSentError"
    assert dialled == 1


def test_without_the_last_look_it_would(
    postgres_server: PostgresServer, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, dialled = _stalled_and_redone(postgres_server, run, "blind", monkeypatch)

    assert ended == "done"
    assert dialled == 2
