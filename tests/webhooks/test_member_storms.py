"""A slice of the storms of expectations; `nox -s members` runs many more."""

from __future__ import annotations

import pytest

from .member_storms import run_storm


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_no_wakeup_is_lost_and_no_other_event_fulfils(backend: str) -> None:
    storms = [run_storm(f"slice {number}", backend) for number in range(60)]

    fulfilled = sum(each.found is not None for storm in storms for each in storm.expected)
    assert fulfilled > 100
