"""What `plivo_phlo_async.testing` offers, though it loads it late."""

from __future__ import annotations

import pytest

from plivo_phlo_async import testing


def test_every_name_is_there_and_listed() -> None:
    there = {name for name in testing.__all__ if getattr(testing, name).__name__ == name}

    assert there == set(testing.__all__) <= set(dir(testing))


@pytest.mark.parametrize("name", ["Nothing", "client"])
def test_a_name_that_is_not_there_is_an_error_like_any_other(name: str) -> None:
    with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
        getattr(testing, name)
