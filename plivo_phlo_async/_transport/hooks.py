"""What the client tells you as it works: one frozen value for each thing that happened."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from attrs import frozen

from ..actions import Action
from .outcome import Outcome

__all__ = ["AttemptEvent", "Hooks", "OutcomeEvent", "PauseEvent", "logger", "tell"]

E = TypeVar("E")
P = ParamSpec("P")

logger = logging.getLogger("plivo_phlo_async")


@frozen
class AttemptEvent:
    """An attempt is about to be sent.

    Attributes:
        action: what is asked.
        attempt: 1 for the first.
        waited: seconds the action has waited so far for connection, rate and backoff.
    """

    action: Action
    attempt: int
    waited: float


@frozen
class OutcomeEvent:
    """An action has ended; there is exactly one for each.

    Attributes:
        action: what was asked.
        outcome: what is proven about its last attempt.
        status_code: the last answer's status, or None when none came.
        attempts: how many requests it took.
        elapsed: seconds from asking to the end.
        waited: seconds of these spent waiting for connection, rate and backoff.
        may_have_happened: no success is known, and an attempt may have been carried out.
        cancelled: the caller gave up on it.
        error: the name of what was raised, as "NotSentError"; None when it is done.
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
    """The server refused, and nothing is started for a while.

    Attributes:
        action: what was refused.
        seconds: for how long nothing is started.
        status_code: the refusal's status.
        told: True when the server named the time (Retry-After), False when it is our backoff.
    """

    action: Action
    seconds: float
    status_code: int
    told: bool


@frozen
class Hooks:
    """What to call; a hook that raises is logged and changes nothing."""

    on_attempt: Callable[[AttemptEvent], object] | None = None
    on_outcome: Callable[[OutcomeEvent], object] | None = None
    on_pause: Callable[[PauseEvent], object] | None = None


def tell(
    hook: Callable[[E], object] | None, kind: Callable[P, E], *args: P.args, **kwargs: P.kwargs
) -> None:
    """Call a hook, if there is one, with a new event.

    Its failure is logged and goes no further: it must not turn a placed call into an error.
    """
    if hook is None:
        return
    try:
        hook(kind(*args, **kwargs))
    except Exception:
        logger.exception("a hook raised; the action goes on")
