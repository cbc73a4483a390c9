"""A client's transport: its timeout, retry policy, rate limit and hooks, over what views share."""

from __future__ import annotations

from typing import TypeVar

import httpx
from attrs import frozen

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
    """Performs actions with one timeout, retry policy, rate limit and set of hooks."""

    shared: SharedState
    timeout: httpx.Timeout
    retry: RetryPolicy
    limiter: Limiter | None
    hooks: Hooks

    async def perform(self, action: Action, kind: type[R]) -> R:
        """Perform `action` and return its result.

        Args:
            action: the action.
            kind: the result's class.

        Raises:
            PhloError: the action failed, or may have; see `errors`.
        """
        return await ActionExecution(self, action).run(kind)
