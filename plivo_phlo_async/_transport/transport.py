"""A client's transport: its timeout, retry policy, rate limit and hooks, over what views share."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TypeVar

import httpx
from attrs import field, frozen

from ..actions import Action
from ..results import Result
from .action_execution import ActionExecution
from .hooks import Hooks
from .limiter import Limiter
from .retry import RetryPolicy
from .shared_state import SharedState

__all__ = ["Transport"]

R = TypeVar("R", bound=Result)


@frozen
class Transport:
    """Performs actions with one timeout, retry policy, rate limit and set of hooks.

    Attributes:
        give_back: returns a token to the limiter, if that can take one back.
    """

    shared: SharedState
    timeout: httpx.Timeout
    retry: RetryPolicy
    limiter: Limiter | None
    hooks: Hooks
    give_back: Callable[[], None] | None = field(init=False, repr=False)

    @give_back.default
    def _find_give_back(self) -> Callable[[], None] | None:
        return getattr(self.limiter, "give_back", None)

    @property
    def longest_attempt(self) -> float:
        """Seconds that one attempt can take; infinite without a timeout."""
        parts = (self.timeout.connect, self.timeout.write, self.timeout.read)
        return sum(inf if part is None else part for part in parts)

    async def perform(self, action: Action, kind: type[R]) -> R:
        """Perform `action` and return its result.

        Args:
            action: the action.
            kind: the result's class.

        Raises:
            PhloError: the action failed, or may have; see `errors`.
        """
        return await ActionExecution(self, action).run(kind)
