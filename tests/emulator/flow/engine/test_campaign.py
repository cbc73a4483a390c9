"""A slice of the campaign: what always holds, over random PHLOs and random events."""

from __future__ import annotations

import pytest

from .campaign import Campaign, every_pair


@pytest.mark.parametrize("seed", range(4))
def test_what_always_holds_holds_over_random_phlos(seed: int) -> None:
    campaign = Campaign(seed)

    for _ in range(40):
        campaign.play(runs=2)

    assert campaign.runs == 80


def test_the_campaign_reaches_every_state_of_every_component() -> None:
    campaign = Campaign(1)
    for _ in range(400):
        if not every_pair() - campaign.reached.keys():
            break
        campaign.play(runs=2)

    assert every_pair() - campaign.reached.keys() == set()
