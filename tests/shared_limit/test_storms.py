"""A slice of the storms: no token lost, none given too early, no waiter overtaken."""

from __future__ import annotations

import pytest

from .server import RedisServer
from .storms import storms

pytestmark = pytest.mark.anyio


async def test_storms_over_several_machines_lose_no_token_and_turn_no_order(
    shared_server: RedisServer,
) -> None:
    tally = await storms(40, seed=11, socket=shared_server.socket)

    assert (tally.over, tally.lost, tally.inversions) == (0, 0, 0)
    assert tally.grants > 400
    assert tally.cancelled > 100
