"""What each worker opens: a client that keeps the account's limit, and the journal all share.

Environment: DATABASE_URL, REDIS_URL, PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import frozen
from redis.asyncio import Redis

from plivo_phlo_async import Action, AsyncPhloClient
from plivo_phlo_async.postgres import PostgresJournal
from plivo_phlo_async.redis import RedisRateLimit


@frozen
class Worker:
    """Performs actions, each once."""

    client: AsyncPhloClient
    journal: PostgresJournal

    async def perform(self, fields: dict[str, str]) -> None:
        """Perform an action once, however often a queue delivers it."""
        await self.client.perform(Action.from_dict(fields), journal=self.journal)


@asynccontextmanager
async def open_worker(run: str) -> AsyncIterator[Worker]:
    """Open a worker of a run; each piece of work is done once within its run."""
    async with Redis.from_url(os.environ["REDIS_URL"]) as redis:
        limit = RedisRateLimit(redis, 300, per=5.0, key="plivo:rate")
        journal = PostgresJournal(os.environ["DATABASE_URL"], run=run)
        async with AsyncPhloClient(rate_limit=limit) as client, journal:
            yield Worker(client, journal)
