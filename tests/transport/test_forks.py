"""A forked process has connections, slots and locks of its own, and leaves the parent's alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .counting_server import PATIENCE, CountingServer, counting_server

__all__ = ["counting_server"]

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
    pytest.mark.usefixtures("unmeasured"),
]

_COMMON = """
import asyncio, gc, multiprocessing, os, sys, threading
import anyio
from plivo_phlo_async import AsyncPhloClient, RateLimit
from tests.transport.counting_server import call

async def perform(*numbers):
    for number in numbers:
        result = await client.perform(call(number))
        assert result.attempts == 1, result

def in_child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
            gc.collect()
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert status == 0, status

child_backend = sys.argv[2]
client = AsyncPhloClient("MA2025RK4E639VJFZAGV", "token", base_url=sys.argv[1],
                         rate_limit=RateLimit(300, per=1.0), max_connections=1)

def child():
    anyio.run(perform, 101, 102, 103, backend=child_backend)
    anyio.run(client.aclose, backend=child_backend)
"""

AROUND_RUNS = """
with asyncio.Runner() as runner:
    runner.run(perform(1))
    in_child(child)
    runner.run(perform(2))
    runner.run(client.aclose())
"""

IN_A_RUNNING_LOOP = """
async def main():
    await perform(1)
    in_child(child)
    await perform(2)
    await client.aclose()

asyncio.run(main())
"""

FROM_A_THREAD = """
async def main():
    await perform(1)
    await anyio.to_thread.run_sync(in_child, child)
    await perform(2)
    await client.aclose()

anyio.run(main, backend=sys.argv[3])
"""

BY_MULTIPROCESSING = """
async def main():
    await perform(1)
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    await anyio.to_thread.run_sync(process.join)
    assert process.exitcode == 0, process.exitcode
    await perform(2)
    await client.aclose()

asyncio.run(main())
"""

WITH_LOCKS_HELD = """
from plivo_phlo_async._event_loop import _forkables

asyncio.run(perform(1))
held, forked = threading.Event(), threading.Event()

def hold():
    locks = [shared._lock for shared in _forkables]
    assert len(locks) >= 5, locks
    for lock in locks:
        lock.acquire()
    held.set()
    forked.wait()
    for lock in locks:
        lock.release()

thread = threading.Thread(target=hold)
thread.start()
held.wait()
in_child(child)
forked.set()
thread.join()
asyncio.run(perform(2))
asyncio.run(client.aclose())
"""

WITH_THE_ONLY_SLOT_TAKEN = """
async def main():
    async with anyio.create_task_group() as group:
        group.start_soon(perform, 1)
        while not client._transport.shared.slots._held:
            await anyio.lowlevel.checkpoint()
        group.start_soon(perform, 2)
        while client._transport.shared.slots._queues.is_empty():
            await anyio.lowlevel.checkpoint()
        await anyio.to_thread.run_sync(in_child, child)
        print("forked", flush=True)
    await client.aclose()

anyio.run(main, backend=sys.argv[3])
"""


def _run(script: str, *args: str) -> subprocess.Popen[str]:
    # Python warns of forks while threads run, trio of a run in a process forked from a run.
    quiet = ["-W", "ignore::DeprecationWarning", "-W", "ignore::RuntimeWarning"]
    command = [sys.executable, *quiet, "-c", _COMMON + script, *args]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def _end(process: subprocess.Popen[str]) -> None:
    try:
        _, said = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise

    assert (process.returncode, said) == (0, "")


def _check_each_kept_to_its_own(server: CountingServer) -> None:
    """The parent's two calls are on one connection, the child's three on others."""
    parent, *childs, again = server.arrived

    assert again == parent
    assert len(childs) == 3
    assert parent not in childs
    assert (len(server.called), set(server.called.values())) == (5, {1})
    assert server.foreign == []
    assert server.until_open(0)


@pytest.mark.parametrize("child_backend", ["asyncio", "trio"])
@pytest.mark.parametrize(
    "script",
    [
        pytest.param(AROUND_RUNS, id="between-runs"),
        pytest.param(IN_A_RUNNING_LOOP, id="in-a-running-loop"),
        pytest.param(BY_MULTIPROCESSING, id="multiprocessing"),
    ],
)
def test_a_child_opens_connections_of_its_own_and_the_parents_goes_on(
    script: str, child_backend: str, counting_server: CountingServer
) -> None:
    _end(_run(script, counting_server.url, child_backend))

    _check_each_kept_to_its_own(counting_server)


@pytest.mark.parametrize("child_backend", ["asyncio", "trio"])
@pytest.mark.parametrize("parent_backend", ["asyncio", "trio"])
def test_a_child_forked_from_a_worker_thread_leaves_the_loops_connections_alone(
    parent_backend: str, child_backend: str, counting_server: CountingServer
) -> None:
    _end(_run(FROM_A_THREAD, counting_server.url, child_backend, parent_backend))

    _check_each_kept_to_its_own(counting_server)


def test_a_lock_that_another_thread_held_does_not_hang_the_child(
    counting_server: CountingServer,
) -> None:
    _end(_run(WITH_LOCKS_HELD, counting_server.url, "asyncio"))

    assert len(counting_server.called) == 5


@pytest.mark.parametrize("parent_backend", ["asyncio", "trio"])
def test_slots_that_the_parent_holds_are_free_in_the_child(
    parent_backend: str, counting_server: CountingServer
) -> None:
    counting_server.gate.clear()
    counting_server.held = {"12020000001"}
    process = _run(WITH_THE_ONLY_SLOT_TAKEN, counting_server.url, "asyncio", parent_backend)
    assert process.stdout is not None
    process.stdout.readline()
    counting_server.gate.set()
    _end(process)

    assert (len(counting_server.called), set(counting_server.called.values())) == (5, {1})
    assert counting_server.foreign == []
