"""What all views of a client share."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

import anyio
from attrs import define, field

from .._event_loop import loop_clock
from .connection_slots import ConnectionSlots
from .retry_budget import RetryBudget
from .sender import HttpSender
from .superseded import SupersededTracker

__all__ = ["SharedState"]


@define
class SharedState:
    """What all views of a client share, in every event loop and thread.

    Attributes:
        sender: sends requests.
        slots: one for each connection, so that no request waits in the pool.
        retry_budget: bounds retries.
        superseded: tracks which actions a newer one supersedes.
        clock: returns the time, in seconds.
        sleep: waits for some seconds.
        random: returns a number from 0 to 1.
    """

    sender: HttpSender
    slots: ConnectionSlots
    retry_budget: RetryBudget = field(factory=RetryBudget)
    superseded: SupersededTracker = field(factory=SupersededTracker)
    clock: Callable[[], float] = loop_clock
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    random: Callable[[], float] = random.random
