"""The event loops for tests of what is above the connection: uvloop would show nothing more."""

from __future__ import annotations

from typing import Any

import pytest

__all__ = ["asyncio_and_trio"]


@pytest.fixture(name="anyio_backend", params=["asyncio", "trio"])
def asyncio_and_trio(request: pytest.FixtureRequest) -> Any:
    return request.param
