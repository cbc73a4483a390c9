"""Nonces in Redis: a replay is rejected in every process, and what happens while Redis is away."""

from __future__ import annotations

import logging
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis as redis_py
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from plivo_phlo_async.errors import InvalidArgumentError
from plivo_phlo_async.redis import RedisNonces
from plivo_phlo_async.webhooks import AsyncNonceStore, Event, sign_v3

from ..shared_limit.server import RedisServer, needed
from .samples import FORM, MEMBER, MEMBER_FORM, TOKEN
from .servers import SERVERS, Serving

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # the one that redis-py knows


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    needed()
    with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder)) as server:
        yield server


@pytest.fixture
def key() -> str:
    return f"nonces:{secrets.token_hex(8)}"


@pytest.fixture
async def redis(server: RedisServer) -> AsyncIterator[Redis]:
    async with Redis(unix_socket_path=str(server.socket)) as redis:
        yield redis


@pytest.fixture
async def absent(tmp_path: Path) -> AsyncIterator[Redis]:
    """A client whose server does not run."""
    path, once = str(tmp_path / "absent.sock"), Retry(NoBackoff(), 0)
    async with Redis(unix_socket_path=path, retry=once) as redis:
        yield redis


async def test_a_nonce_is_new_once(redis: Redis, key: str) -> None:
    nonces: AsyncNonceStore = RedisNonces(redis, key=key)

    assert await nonces.is_new("n1")
    assert not await nonces.is_new("n1")
    assert await nonces.is_new("n2")


async def test_a_nonce_is_new_in_one_process_only(
    redis: Redis, server: RedisServer, key: str
) -> None:
    async with Redis(unix_socket_path=str(server.socket), decode_responses=True) as elsewhere:
        await RedisNonces(redis, key=key).is_new("n1")
        is_new = await RedisNonces(elsewhere, key=key).is_new("n1")

    assert not is_new


async def test_stores_with_different_keys_know_nothing_of_each_other(
    redis: Redis, key: str
) -> None:
    await RedisNonces(redis, key=key).is_new("n1")

    assert await RedisNonces(redis, key=f"{key}:staging").is_new("n1")


async def test_redis_drops_a_nonce_after_the_window(redis: Redis, key: str) -> None:
    await RedisNonces(redis, key=key, window=90.0).is_new("n1")

    assert 80_000 < await redis.pttl(f"{key}:n1") <= 90_000


class _SentTwice(Redis):
    """A client that sends each pipeline twice, as redis-py does when an answer is lost."""

    def pipeline(self, *args: Any, **options: Any) -> Any:
        pipeline = super().pipeline(*args, **options)
        execute = pipeline.execute

        async def twice(raise_on_error: bool = True) -> list[Any]:
            commands = list(pipeline.command_stack)
            await execute()
            pipeline.command_stack = commands
            return await execute(raise_on_error)

        pipeline.execute = twice  # type: ignore[method-assign]
        return pipeline


async def test_a_nonce_whose_answer_was_lost_is_no_replay(server: RedisServer, key: str) -> None:
    async with _SentTwice(unix_socket_path=str(server.socket)) as redis:
        nonces = RedisNonces(redis, key=key)

        assert await nonces.is_new("n1")
        assert not await nonces.is_new("n1")


async def test_while_redis_is_away_requests_are_accepted_and_that_is_logged_once(
    absent: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    nonces = RedisNonces(absent)

    assert [await nonces.is_new("n1") for _ in range(3)] == [True] * 3
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "nonces are not checked" in caplog.text


async def test_where_asked_to_the_store_raises_while_redis_is_away(absent: Redis) -> None:
    nonces = RedisNonces(absent, when_unreachable="raise")
    with pytest.raises(redis_py.ConnectionError):
        await nonces.is_new("n1")


async def test_a_redis_that_is_back_is_used_and_that_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    needed()
    caplog.set_level(logging.INFO, "plivo_phlo_async")
    server = RedisServer(tmp_path)
    async with Redis(unix_socket_path=str(server.socket), retry=Retry(NoBackoff(), 0)) as redis:
        nonces = RedisNonces(redis)
        await nonces.is_new("n1")
        with server:
            checked = [await nonces.is_new("n1") for _ in range(2)]

    assert checked == [True, False]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_a_frozen_redis_holds_no_request_for_longer_than_the_timeout(tmp_path: Path) -> None:
    needed()
    with RedisServer(tmp_path) as server:
        async with Redis(unix_socket_path=str(server.socket)) as redis:
            server.freeze()
            is_new = await RedisNonces(redis, timeout=0.05).is_new("n1")
            server.thaw()

    assert is_new


async def _statuses(serving: Serving, nonces: RedisNonces, times: int) -> tuple[list[int], int]:
    """The statuses that a request sent so many times gets, and how many reach the handler."""
    handled = 0

    async def note(event: Event) -> None:
        nonlocal handled
        handled += 1

    async with serving(note, nonces=nonces) as url, httpx.AsyncClient(trust_env=False) as client:
        headers = {**FORM, **sign_v3("POST", url, MEMBER, TOKEN)}
        answers = [
            await client.post(url, headers=headers, content=MEMBER_FORM) for _ in range(times)
        ]
    return [answer.status_code for answer in answers], handled


@pytest.mark.parametrize("serving", SERVERS.values(), ids=SERVERS)
async def test_a_replay_gets_403(serving: Serving, redis: Redis, key: str) -> None:
    statuses, handled = await _statuses(serving, RedisNonces(redis, key=key), 2)

    assert statuses == [200, 403]
    assert handled == 1


@pytest.mark.parametrize("serving", SERVERS.values(), ids=SERVERS)
async def test_a_store_that_raises_leads_to_a_503(
    serving: Serving, absent: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    statuses, handled = await _statuses(serving, RedisNonces(absent, when_unreachable="raise"), 1)

    assert statuses == [503]
    assert handled == 0
    assert "the nonce store failed" in caplog.text


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"redis": redis_py.Redis()}, "redis"),
        ({"key": ""}, "key"),
        ({"window": 0}, "window"),
        ({"when_unreachable": "wait"}, "when_unreachable"),
        ({"timeout": 0}, "timeout"),
    ],
)
async def test_an_invalid_value_is_refused_by_name(given: Any, name: str) -> None:
    right = {"redis": Redis(), "key": "nonces"}
    with pytest.raises(InvalidArgumentError, match=f"^{name}: "):
        RedisNonces(**(right | given))
