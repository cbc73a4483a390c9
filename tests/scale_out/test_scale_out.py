"""A slice of the campaign: `nox -s scale_out` kills more workers, of all queues."""

from __future__ import annotations

import pytest

from ..postgres import server as postgres
from ..shared_limit import server as redis
from .campaign import run

pytestmark = pytest.mark.anyio


async def test_killed_workers_over_one_list_ring_no_phone_twice() -> None:
    postgres.needed()
    redis.needed()
    report = await run("plain", kills=3, seed=1)

    assert (report.lost, report.twice, report.hidden) == (0, 0, 0)
    assert report.unknown <= 4 * report.kills
