"""Fixtures for flows."""

from __future__ import annotations

import pytest

from .flows import StillEmulator


@pytest.fixture
def still() -> StillEmulator:
    """An emulator whose clock stands still."""
    return StillEmulator()
