"""A slice of the storms: no token lost, none given too early, no waiter overtaken."""

from __future__ import annotations

import pytest

from .storms import Tally, grants, storms

pytestmark = pytest.mark.anyio


async def test_storms_of_cancellation_lose_no_token_and_turn_no_order() -> None:
    tally = await storms(150, seed=11)

    assert (tally.over, tally.lost, tally.inversions) == (0, 0, 0)
    assert tally.grants > 1000
    assert tally.cancelled > 500


async def test_the_default_limit_is_kept_and_used_over_many_grants() -> None:
    most, share = await grants(20_000, seed=11)

    assert most <= 300
    assert share >= 0.97


def test_a_storm_counts_what_it_is_given() -> None:
    assert Tally(1, 2, 3, 0, 0, 0) + Tally(1, 1, 1, 1, 1, 1) == Tally(2, 3, 4, 1, 1, 1)
