"""Reaching an event loop from elsewhere, and knowing when one has ended."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from typing import Any

import anyio
import pytest
import trio
import trio.testing

from plivo_phlo_async import _event_loop as event_loop
from plivo_phlo_async._event_loop import (
    LoopEnd,
    WaitQueues,
    Wakeup,
    call_soon,
    is_over,
    loop_clock,
    on_fork,
    running_loop,
)

from .transport.counting_server import PATIENCE

pytestmark = pytest.mark.anyio


def _elsewhere(backend: str, function: Any, *args: Any) -> Any:
    """Run a coroutine function in an event loop of another thread."""
    result: list[Any] = []
    thread = threading.Thread(
        target=lambda: result.append(anyio.run(function, *args, backend=backend))
    )
    thread.start()
    thread.join(PATIENCE)
    return result[0]


async def _running_loop() -> Any:
    return running_loop()


async def test_the_running_loop_is_the_same_within_a_run() -> None:
    assert running_loop() is running_loop()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
async def test_another_thread_has_another_loop(backend: str) -> None:
    assert _elsewhere(backend, _running_loop) is not running_loop()


def test_without_a_loop_there_is_none() -> None:
    with pytest.raises(RuntimeError):
        running_loop()


def test_without_asyncio_there_is_none_either(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("asyncio", "trio"):
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(RuntimeError, match="no running event loop"):
        running_loop()


async def test_a_running_loop_is_not_over() -> None:
    assert not is_over(running_loop())


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
async def test_a_run_that_has_ended_is_over_and_calls_nothing(backend: str) -> None:
    ended = _elsewhere(backend, _running_loop)

    assert is_over(ended)
    assert not call_soon(ended, lambda: None)


async def test_a_call_from_another_thread_is_made_in_the_loop() -> None:
    loop, called = running_loop(), anyio.Event()
    await anyio.to_thread.run_sync(call_soon, loop, called.set)

    with anyio.fail_after(PATIENCE):
        await called.wait()


async def test_a_wakeup_set_before_the_wait_is_not_lost() -> None:
    wakeup = Wakeup()
    wakeup.set()

    with anyio.fail_after(PATIENCE):
        await wakeup.wait()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
async def test_a_wakeup_can_be_set_in_another_loop(backend: str) -> None:
    wakeup = Wakeup()

    async def set_it() -> None:
        wakeup.set()

    await anyio.to_thread.run_sync(_elsewhere, backend, set_it)

    with anyio.fail_after(PATIENCE):
        await wakeup.wait()


async def test_a_wakeup_of_a_loop_that_has_ended_can_be_set() -> None:
    async def make() -> Wakeup:
        return Wakeup()

    for backend in ("asyncio", "trio"):
        _elsewhere(backend, make).set()


async def test_no_task_queues_behind_another_loop() -> None:
    queues = WaitQueues()

    async def enter() -> bool:
        was_empty = queues.is_empty()
        async with queues.turn():
            return was_empty

    async with queues.turn():
        for backend in ("asyncio", "trio"):
            assert await anyio.to_thread.run_sync(_elsewhere, backend, enter)
        assert not queues.is_empty()
    assert queues.is_empty()


async def test_tasks_that_queue_in_a_loop_that_is_closed_are_let_go() -> None:
    queues, let_go = WaitQueues(), []

    async def wait() -> None:
        try:
            async with queues.turn():
                await anyio.sleep_forever()
        finally:
            let_go.append(True)

    def abandon() -> None:
        loop = asyncio.new_event_loop()
        tasks = [loop.create_task(wait()) for _ in range(3)]
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        for task in tasks:
            task._log_destroy_pending = False  # type: ignore[attr-defined]

    await anyio.to_thread.run_sync(abandon)
    async with queues.turn():
        gc.collect()

    assert let_go == [True] * 3
    assert queues.is_empty()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
async def test_the_end_of_a_loop_calls_back_once(backend: str) -> None:
    called: list[str] = []
    ends: list[LoopEnd] = []

    async def watch() -> None:
        ends.append(LoopEnd(lambda: called.append(backend)))
        await anyio.lowlevel.checkpoint()

        assert called == []

    await anyio.to_thread.run_sync(_elsewhere, backend, watch)
    ends[0].close()

    assert called == [backend]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
async def test_the_end_of_a_loop_may_be_closed_in_another_thread_before(backend: str) -> None:
    called: list[str] = []

    async def watch_and_close() -> None:
        end = LoopEnd(lambda: called.append(backend))
        await anyio.to_thread.run_sync(end.close)
        end.close()

    await anyio.to_thread.run_sync(_elsewhere, backend, watch_and_close)

    assert called == [backend]


async def test_the_clocks_of_all_loops_agree() -> None:
    async def now() -> float:
        return loop_clock()

    before = loop_clock()
    for backend in ("asyncio", "trio"):
        between = await anyio.to_thread.run_sync(_elsewhere, backend, now)

        assert before - 0.01 <= between <= loop_clock() + 0.01


def test_outside_a_loop_the_clock_is_monotonic() -> None:
    assert loop_clock(lambda: 7.0) == 7.0


def test_a_loops_own_clock_is_kept() -> None:
    async def waited() -> float:
        began = loop_clock()
        await anyio.sleep(1000)
        return loop_clock() - began

    clock = trio.testing.MockClock(autojump_threshold=0)

    assert trio.run(waited, clock=clock) == pytest.approx(1000)


class _Shared:
    forks = 0

    def after_fork(self) -> None:
        self.forks += 1


def test_what_is_shared_hears_of_a_fork_as_long_as_it_is_used() -> None:
    shared = _Shared()
    on_fork(shared)
    count = len(event_loop._forkables)
    event_loop._after_fork()
    forks = shared.forks
    del shared
    gc.collect()

    assert forks == 1
    assert len(event_loop._forkables) < count


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_it_hears_of_a_real_one_in_the_child_only() -> None:
    shared = _Shared()
    on_fork(shared)
    pid = os.fork()
    if pid == 0:
        os._exit(shared.forks)
    _, status = os.waitpid(pid, 0)

    assert (os.waitstatus_to_exitcode(status), shared.forks) == (1, 0)
