"""One limiter in several event loops: one after another it works, at once it says what to do."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import warnings
from collections.abc import Iterator

import anyio
import pytest
from redis.asyncio import Redis

from plivo_phlo_async import AsyncPhloClient, ConfigurationError, NotSentError
from plivo_phlo_async.redis import RedisRateLimit

from ..transport.counting_server import PATIENCE, CountingServer, call, counting_server
from .server import RedisServer
from .world import fresh_key

__all__ = ["counting_server"]


@pytest.fixture
def limit(shared_server: RedisServer) -> Iterator[RedisRateLimit]:
    """A limiter whose Redis client is not closed in the loops that end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        redis = Redis(unix_socket_path=str(shared_server.socket))
        yield RedisRateLimit(redis, 1000, per=1.0, key=fresh_key())
        redis.connection_pool.reset()  # type: ignore[no-untyped-call]
        gc.collect()


@pytest.fixture
def client(counting_server: CountingServer, limit: RedisRateLimit) -> Iterator[AsyncPhloClient]:
    client = counting_server.client(rate_limit=limit)
    yield client
    anyio.run(client.aclose)


async def _attempts(client: AsyncPhloClient, number: int) -> int:
    return (await client.perform(call(number))).attempts


def test_a_loop_for_each_action_works(
    client: AsyncPhloClient, counting_server: CountingServer
) -> None:
    attempts = [asyncio.run(_attempts(client, number)) for number in range(20)]

    assert attempts == [1] * 20
    assert set(counting_server.called.values()) == {1}


def test_what_was_left_waiting_in_a_closed_loop_holds_up_no_other(limit: RedisRateLimit) -> None:
    async def leave_a_task_first_in_line() -> None:
        limit.pause(0.05)
        for _ in range(2):
            asyncio.create_task(limit.acquire())  # noqa: RUF006  asyncio.run cancels them
        await asyncio.sleep(0)

    async def acquire() -> None:
        async with asyncio.timeout(PATIENCE):
            await limit.acquire()

    asyncio.run(leave_a_task_first_in_line())
    asyncio.run(acquire())


def test_in_two_running_loops_it_is_refused_and_nothing_is_sent(
    client: AsyncPhloClient, counting_server: CountingServer
) -> None:
    raised: list[BaseException] = []

    def elsewhere() -> None:
        try:
            asyncio.run(_attempts(client, 1))
        except NotSentError as error:
            raised.append(error)

    async def both() -> None:
        await _attempts(client, 0)
        thread = threading.Thread(target=elsewhere)
        thread.start()
        await asyncio.to_thread(thread.join, PATIENCE)
        await _attempts(client, 2)

    asyncio.run(both())

    assert isinstance(raised[0].__cause__, ConfigurationError)
    assert "make one for each of them" in str(raised[0])
    assert sum(counting_server.called.values()) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_of_a_process_that_uses_it_is_refused(
    limit: RedisRateLimit, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(limit.acquire())
    monkeypatch.setattr(os, "getpid", lambda: -1)

    with pytest.raises(ConfigurationError, match="another event loop or process"):
        asyncio.run(limit.acquire())


def test_a_child_of_a_process_that_only_made_it_can_use_it(limit: RedisRateLimit) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "getpid", lambda: -1)
        asyncio.run(limit.acquire())


def test_on_trio_it_is_refused(client: AsyncPhloClient, counting_server: CountingServer) -> None:
    with pytest.raises(NotSentError, match="asyncio only"):
        anyio.run(_attempts, client, 0, backend="trio")

    assert counting_server.arrived == []
