"""A nonce store for several processes and machines.

nonces = RedisNonces(Redis.from_url("redis://nonces.internal"))
app = WebhookApp(handler, AUTH_TOKEN, nonces=nonces)
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import Literal

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ..errors import InvalidArgumentError

__all__ = ["RedisNonces"]

_logger = logging.getLogger("plivo_phlo_async")


class RedisNonces:
    """A nonce store in Redis: a replayed request is rejected in every process.

    Plivo's nonces have no timestamp, so a replay is detected only while its nonce is stored. Redis
    drops each after `window`; a Redis that loses its data accepts a replay of what it had stored.

    Args:
        redis: a `redis.asyncio.Redis`, which the caller closes and may use for other things.
        key: the prefix of the keys: one key, `key:nonce`, for each nonce.
        window: seconds for which a nonce is stored.
        when_unreachable: what to do with a request while Redis cannot be used. "accept": accept it;
            its signature is valid, and only its nonce is not checked. "raise": `is_new` raises, and
            the request gets a 503. "accept" is the default because Plivo does not repeat a callback
            after a 503 unless its URL asks for that (`#rp=5xx`), so that each event would be lost:
            https://docs.plivo.com/docs/voice/concepts/callback-configurations
        timeout: seconds to wait for Redis' answer.

    Raises:
        InvalidArgumentError: an argument is invalid; the message names it.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        key: str = "plivo:nonces",
        window: float = 3600.0,
        when_unreachable: Literal["accept", "raise"] = "accept",
        timeout: float = 1.0,
    ) -> None:
        _check(redis, key, window, when_unreachable, timeout)
        self._redis, self._key, self._timeout = redis, key, timeout
        self._milliseconds = max(1, int(window * 1000))
        self._accepts = when_unreachable == "accept"
        self._is_away = False

    def __repr__(self) -> str:
        return f"RedisNonces(key={self._key!r}, window={self._milliseconds / 1000})"

    async def is_new(self, nonce: str) -> bool:
        """Store a nonce.

        Args:
            nonce: the value of `X-Plivo-Signature-V3-Nonce` or `-V2-Nonce`.

        Returns:
            True when the nonce was not known, or is not checked because Redis cannot be used.

        Raises:
            RedisError: Redis cannot be used, and `when_unreachable` is "raise".
            OSError: as `RedisError`; a timeout is a `TimeoutError`.
        """
        try:
            async with asyncio.timeout(self._timeout):
                is_new = await self._store(nonce)
        except (RedisError, OSError) as error:
            if not self._is_away:
                meanwhile = "not checked" if self._accepts else "answered with 503"
                _logger.warning("Redis cannot be used (%r); nonces are %s", error, meanwhile)
            self._is_away = True
            if not self._accepts:
                raise
            return True
        if self._is_away:
            _logger.info("Redis is back; nonces are checked")
        self._is_away = False
        return is_new

    async def _store(self, nonce: str) -> bool:
        """Store a nonce with a value of this call, which redis-py may send more than once."""
        name, value = f"{self._key}:{nonce}", secrets.token_hex(8)
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.set(name, value, px=self._milliseconds, nx=True)
            pipeline.get(name)
            _, stored = await pipeline.execute()
        return stored in {None, value, value.encode()}


def _check(
    redis: object, key: str, window: float, when_unreachable: object, timeout: float
) -> None:
    if not isinstance(redis, Redis):
        raise InvalidArgumentError("redis: give a redis.asyncio.Redis.")
    if not key:
        raise InvalidArgumentError("key: give the keys a prefix.")
    if not window > 0:
        raise InvalidArgumentError("window: give a number of seconds above 0.")
    if when_unreachable not in {"accept", "raise"}:
        raise InvalidArgumentError('when_unreachable: give "accept" or "raise".')
    if not timeout > 0:
        raise InvalidArgumentError("timeout: give a number of seconds above 0.")
