"""One client in several event loops, one after another or at once: every request goes once."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import anyio
import pytest
import trio
import trio.testing
import uvloop

from plivo_phlo_async import Action, AsyncPhloClient, NotSentError, RateLimit, Result, RetryPolicy

from .counting_server import (
    PATIENCE,
    REFUSED,
    UNAVAILABLE,
    CountingServer,
    call,
    counting_server,
)

__all__ = ["counting_server"]

T = TypeVar("T")
Work = Callable[[], Awaitable[T]]


async def _run(work: Work[T]) -> T:
    return await work()


def on_asyncio(work: Work[T]) -> T:
    return asyncio.run(_run(work))


def on_uvloop(work: Work[T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(work))


def on_trio(work: Work[T]) -> T:
    return trio.run(_run, work)


def as_asgiref_does(work: Work[T]) -> T:
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(_run(work))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def closed_abruptly(work: Work[T]) -> T:
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(_run(work))
    finally:
        loop.close()


def uvloop_closed_abruptly(work: Work[T]) -> T:
    loop = uvloop.new_event_loop()
    try:
        return loop.run_until_complete(_run(work))
    finally:
        loop.close()


SHUT_DOWN = [on_asyncio, on_uvloop, on_trio, as_asgiref_does]
ABRUPT = [closed_abruptly, uvloop_closed_abruptly]
Runner = Callable[[Work[T]], T]


@pytest.fixture
def unclosed() -> Iterator[None]:
    """Event loops may be closed with transports open, of which asyncio warns at any later time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


@pytest.fixture
def server(counting_server: CountingServer) -> CountingServer:
    return counting_server


@pytest.fixture
def client(server: CountingServer) -> Iterator[AsyncPhloClient]:
    client = server.client()
    yield client
    anyio.run(client.aclose)


def _perform(client: AsyncPhloClient, action: Action) -> Work[Result]:
    return lambda: client.perform(action)


# One after another


@pytest.mark.usefixtures("unclosed")
@pytest.mark.parametrize("run", SHUT_DOWN + ABRUPT)
def test_a_loop_for_each_action_loses_no_attempt(
    run: Runner[Result], server: CountingServer, client: AsyncPhloClient
) -> None:
    results = [run(_perform(client, call(number))) for number in range(30)]

    assert {result.attempts for result in results} == {1}
    assert (len(server.called), max(server.called.values())) == (30, 1)


@pytest.mark.parametrize("run", SHUT_DOWN)
def test_a_loop_that_is_shut_down_closes_its_connections(
    run: Runner[Result], server: CountingServer, client: AsyncPhloClient
) -> None:
    run(_perform(client, call(0)))

    assert server.until_open(0)
    gc.collect()  # nothing warns of a transport that was left open


@pytest.mark.usefixtures("unclosed")
@pytest.mark.parametrize("run", ABRUPT)
def test_the_next_request_closes_the_connections_of_loops_that_were_closed_abruptly(
    run: Runner[Result], server: CountingServer, client: AsyncPhloClient
) -> None:
    for number in range(5):
        run(_perform(client, call(number)))

        assert server.until(lambda: server.open <= 1)


async def _three_tasks_under_way(server: CountingServer, client: AsyncPhloClient) -> None:
    arrived = len(server.arrived)
    client.tasks = {  # type: ignore[attr-defined]  # or they are destroyed at once
        asyncio.create_task(_run(_perform(client, call(arrived + number)))) for number in range(3)
    }
    while not server.has_arrived(arrived + 3):
        await asyncio.sleep(0)


@pytest.mark.usefixtures("unclosed")
@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_loop_closed_with_requests_under_way_costs_no_slot_and_no_socket(
    new_loop: Callable[[], asyncio.AbstractEventLoop], server: CountingServer
) -> None:
    client = server.client(max_connections=4)
    abandoned = []
    for _ in range(4):
        server.gate.clear()
        loop = new_loop()
        loop.run_until_complete(_three_tasks_under_way(server, client))
        loop.close()
        abandoned.append(client.tasks)  # type: ignore[attr-defined]
        server.gate.set()
    result = asyncio.run(_run(_perform(client, call(99))))
    anyio.run(client.aclose)

    assert (result.attempts, server.called["12020000099"]) == (1, 1)
    assert server.until_open(0)
    _destroy(abandoned)


def _destroy(abandoned: list[set[asyncio.Task[Result]]]) -> None:
    """Have tasks of closed loops destroyed, without asyncio's message that they were pending."""
    for tasks in abandoned:
        for task in tasks:
            task._log_destroy_pending = False  # type: ignore[attr-defined]
    abandoned.clear()
    gc.collect()


@pytest.mark.parametrize("close_in", SHUT_DOWN)
@pytest.mark.parametrize("used_in", [on_asyncio, on_trio])
def test_a_client_can_be_closed_in_another_loop_than_it_was_used_in(
    used_in: Runner[Result], close_in: Runner[None], server: CountingServer
) -> None:
    client = server.client()
    used_in(_perform(client, call(0)))
    close_in(client.aclose)

    with pytest.raises(NotSentError, match="this client is closed"):
        used_in(_perform(client, call(1)))
    assert server.until_open(0)


def test_trio_then_asyncio_then_trio(server: CountingServer, client: AsyncPhloClient) -> None:
    runs = [on_trio, on_asyncio, on_trio, on_uvloop, on_trio]
    results = [run(_perform(client, call(number))) for number, run in enumerate(runs)]

    assert {result.attempts for result in results} == {1}
    assert server.until_open(0)


def test_a_loop_that_runs_again_uses_its_connection_again(
    server: CountingServer, client: AsyncPhloClient
) -> None:
    with asyncio.Runner() as runner:
        runner.run(_run(_perform(client, call(0))))
        on_trio(_perform(client, call(1)))
        runner.run(_run(_perform(client, call(2))))

    assert server.arrived == [1, 2, 1]


# What the loops share


def test_a_refusal_in_one_loop_pauses_the_next(server: CountingServer) -> None:
    limit = RateLimit(100, per=1.0, clock=lambda: 1000.0)
    client = server.client(rate_limit=limit, retry=RetryPolicy(deadline=0))
    server.answers.append(REFUSED)
    with pytest.raises(Exception, match="429"):
        on_asyncio(_perform(client, call(0)))

    async def has_token() -> bool:
        return limit.acquire_nowait()

    anyio.run(client.aclose)

    assert not on_trio(has_token)
    assert limit.rate == pytest.approx(0.7 * limit.full_rate)


def test_a_pause_in_the_time_of_one_run_is_not_waited_for_in_that_of_another() -> None:
    limit = RateLimit(1000, per=1.0)

    async def pause_and_wait() -> None:
        limit.pause(3600.0)
        await limit.acquire()

    async def acquire() -> None:
        with anyio.fail_after(PATIENCE):
            await limit.acquire()

    trio.run(pause_and_wait, clock=trio.testing.MockClock(autojump_threshold=0))
    trio.run(acquire)
    asyncio.run(acquire())


def test_the_retry_budget_is_one_over_all_loops(server: CountingServer) -> None:
    client = server.client(retry=RetryPolicy(attempts=2, max_backoff=0, budget=0))
    hang_up = Action.hangup("p", "n", "12025550000")
    server.answers = [answer for _ in range(10) for answer in (UNAVAILABLE, b"")] + [UNAVAILABLE]
    runs = [on_asyncio, on_trio] * 5
    reasons = []
    for run in [*runs, on_asyncio]:
        with pytest.raises(Exception) as raised:  # noqa: PT011  what it says is looked at below
            run(_perform(client, hang_up))
        reasons.append("budget" in str(raised.value))
    anyio.run(client.aclose)

    assert reasons == [False] * 10 + [True]


def test_a_repeat_is_not_sent_after_another_loop_asked_for_something_newer(
    server: CountingServer,
) -> None:
    client = server.client(retry=RetryPolicy(max_backoff=0))
    server.gate.clear()
    server.held = {""}  # the hold, which names no number
    errors: list[str] = []

    def hold() -> None:
        try:
            on_asyncio(_perform(client, Action.hold("p", "n", "12020000007")))
        except Exception as error:
            errors.append(str(error))

    thread = threading.Thread(target=hold)
    thread.start()
    server.until_arrived(1)
    on_trio(_perform(client, call(7)))
    server.answers.append(UNAVAILABLE)
    server.gate.set()
    thread.join(PATIENCE)
    anyio.run(client.aclose)

    assert "a newer action for that member" in errors[0]
    assert len(server.arrived) == 2


# A loop that stands still


@pytest.mark.parametrize("options", [{"max_connections": 1}, {"rate_limit": RateLimit(20, 1, 1)}])
def test_a_loop_that_stops_while_it_is_first_in_line_blocks_no_other(
    options: dict[str, object], server: CountingServer
) -> None:
    client = server.client(**options)
    server.gate.clear()
    loop = asyncio.new_event_loop()

    async def one_sent_and_one_in_line() -> list[asyncio.Task[Result]]:
        tasks = [loop.create_task(_run(_perform(client, call(number)))) for number in range(2)]
        while not server.has_arrived(1):
            await asyncio.sleep(0)
        return tasks

    tasks = loop.run_until_complete(one_sent_and_one_in_line())
    server.gate.set()
    if "max_connections" in options:
        loop.run_until_complete(tasks[0])  # its slot is free, and its loop stands still
    elsewhere = on_trio(_perform(client, call(2)))
    results = loop.run_until_complete(asyncio.gather(*tasks))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    anyio.run(client.aclose)

    assert [result.attempts for result in (elsewhere, *results)] == [1, 1, 1]
