"""Workers on one Redis, each with a tracker and a connection of its own."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from plivo_phlo_async.redis import RedisMemberTracker

from ..shared_limit.server import RedisServer, needed

NewTracker = Callable[..., RedisMemberTracker]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # the one that redis-py knows


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    needed()
    with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder)) as server:
        yield server


@pytest.fixture
async def new_tracker(redis_server: RedisServer) -> AsyncIterator[NewTracker]:
    async with AsyncExitStack() as stack:

        def new(key: str = "test", connection: dict[str, Any] | None = None, **options: Any) -> Any:
            redis = Redis(unix_socket_path=str(redis_server.socket), **(connection or {}))
            stack.push_async_callback(redis.aclose)
            return RedisMemberTracker(redis, key=key, **options)

        yield new


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[Redis]:
    async with Redis(unix_socket_path=str(redis_server.socket), decode_responses=True) as redis:
        yield redis
