"""The client's hooks, and the frozen values they receive."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from attrs import frozen

from ..actions import Action
from .outcome import Outcome

__all__ = ["AttemptEvent", "Hooks", "OutcomeEvent", "PauseEvent", "call_hook", "logger"]

E = TypeVar("E")
P = ParamSpec("P")

logger = logging.getLogger("plivo_phlo_async")


@frozen
class AttemptEvent:
    """An attempt is about to be sent.

    Attributes:
        action: the action.
        attempt: its number, 1 for the first.
        waited: seconds the action has waited so far: for a connection, for the rate limit, between
            attempts.
    """

    action: Action
    attempt: int
    waited: float


@frozen
class OutcomeEvent:
    """An action has ended; each action has exactly one.

    Attributes:
        action: the action.
        outcome: what is proven about its last attempt.
        status_code: the last response's status, or None when none came.
        attempts: how many requests it took.
        elapsed: seconds from its start to its end.
        waited: how many of these seconds it waited.
        may_have_happened: no success is known, and one of its attempts may have been carried out.
        cancelled: it was cancelled.
        error: the name of the exception's class, e.g. "NotSentError"; None when it succeeded.
    """

    action: Action
    outcome: Outcome
    status_code: int | None
    attempts: int
    elapsed: float
    waited: float
    may_have_happened: bool
    cancelled: bool = False
    error: str | None = None


@frozen
class PauseEvent:
    """The server refused an attempt, and the rate limit pauses.

    Attributes:
        action: the action that was refused.
        seconds: for how long no action is started.
        status_code: the response's status.
        from_retry_after: whether the server named the wait (Retry-After); else it is the backoff.
    """

    action: Action
    seconds: float
    status_code: int
    from_retry_after: bool


@frozen
class Hooks:
    """The functions to call; what a hook raises is logged and changes nothing."""

    on_attempt: Callable[[AttemptEvent], object] | None = None
    on_outcome: Callable[[OutcomeEvent], object] | None = None
    on_pause: Callable[[PauseEvent], object] | None = None


def call_hook(
    hook: Callable[[E], object] | None, kind: Callable[P, E], *args: P.args, **kwargs: P.kwargs
) -> None:
    """Call a hook, if there is one, with a new event.

    What it raises is logged and not raised: it must not turn a placed call into an error.

    Args:
        hook: the hook, or None.
        kind: makes the event.
        args: the arguments of `kind`.
        kwargs: more of them, by name.
    """
    if hook is None:
        return
    try:
        hook(kind(*args, **kwargs))
    except Exception:
        logger.exception("a hook raised; the action continues")
