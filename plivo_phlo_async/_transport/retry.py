"""When a retry is safe, how long to wait, when to stop; and the loop that retries.

The decisions are pure: `RetryState.decide` takes an attempt and returns what follows. Tenacity runs
the loop.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from math import inf
from typing import TYPE_CHECKING

from attrs import frozen

from ..actions import RetrySafety
from ..errors import InvalidArgumentError
from .outcome import Attempt, Outcome
from .retry_budget import RetryBudget

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = [
    "CLOSED",
    "DEADLINE",
    "SUPERSEDED",
    "RetryDecision",
    "RetryPolicy",
    "RetryState",
    "repeat",
]

# Why an action is not retried.
DEADLINE = "the deadline leaves no time for another attempt"
CLOSED = "this client is closed; make a new one"
SUPERSEDED = "a newer action for that member supersedes it"
SPENT = "the retry budget is spent"

_REPLAY_WITHIN = 5.0  # seconds in which an action that sets a state may be sent again
_REAL_WAIT = 1.0  # seconds; Retry-After has whole ones, and less than one names no wait


@frozen
class RetryPolicy:
    """When an action is retried, and for how long.

    Args:
        attempts: how many attempts may fail before they are sent, or end ambiguous where the
            action allows a retry. Only `deadline` bounds attempts that the server refused.
        max_backoff: the longest wait between attempts, in seconds; the wait is random between 0
            and `min(max_backoff, 0.25 * 2**n)`. A longer Retry-After lengthens it.
        max_retry_after: the longest Retry-After to wait for, in seconds; a longer one raises.
        deadline: seconds for the whole action: no attempt and no wait starts that would pass it.
            It never cuts a request that is on the wire. None for no deadline.
        budget: retries allowed for each action of the last minute, so that a failing server gets
            few requests more than a healthy one; 10 a minute are always allowed. A retry after a
            refusal counts unless the server named a wait of a second or more. None for no budget.

    Raises:
        InvalidArgumentError: a value is out of range; the message names it.
    """

    attempts: int = 4
    max_backoff: float = 8.0
    max_retry_after: float = 120.0
    deadline: float | None = 60.0
    budget: float | None = 0.1

    def __attrs_post_init__(self) -> None:
        for name, least in (
            ("attempts", 1),
            ("max_backoff", 0),
            ("max_retry_after", 0),
            ("deadline", 0),
            ("budget", 0),
        ):
            value = getattr(self, name)
            if value is None and name in {"deadline", "budget"}:
                continue
            if not isinstance(value, int | float) or not value >= least:
                raise InvalidArgumentError(f"{name}: give a number, at least {least}.")

    def backoff(self, failures: int, random: Callable[[], float]) -> float:
        """Return the seconds to wait before an attempt, with full jitter.

        Args:
            failures: how many attempts failed before the last one.
            random: returns a number from 0 to 1.
        """
        return random() * min(self.max_backoff, 0.25 * 2.0 ** min(failures, 30))


@frozen
class RetryDecision:
    """What follows an attempt.

    Attributes:
        attempt: the attempt.
        wait: seconds until the next attempt; None when this was the last.
        reason: why it was the last, in a few words; "" when the attempt shows it.
        pause: seconds for which the rate limit pauses, if it does.
    """

    attempt: Attempt
    wait: float | None = None
    reason: str = ""
    pause: float | None = None


class RetryState:
    """One action's attempts so far, and what may follow them.

    Args:
        policy: the client's retry policy.
        safety: when the action may be retried.
        started: when the action began, in seconds.
        budget: the client's retry budget.
        random: returns a number from 0 to 1.

    Attributes:
        may_have_happened: whether an attempt that has ended may have been carried out.
        start_by: the time after which no attempt starts.
    """

    def __init__(
        self,
        policy: RetryPolicy,
        safety: RetrySafety,
        started: float,
        budget: RetryBudget,
        random: Callable[[], float],
    ) -> None:
        self._policy, self._safety = policy, safety
        self._budget, self._random = budget, random
        self._failures = self._refusals = 0
        self.may_have_happened = False
        self.start_by = started + (inf if policy.deadline is None else policy.deadline)

    def decide(self, attempt: Attempt, now: float, *, is_superseded: bool) -> RetryDecision:
        """Return what follows `attempt`.

        Args:
            attempt: the attempt that has ended.
            now: the time, in seconds.
            is_superseded: whether a late retry would undo a newer action of this client.
        """
        if attempt.final:
            self.may_have_happened |= attempt.outcome is Outcome.AMBIGUOUS
            return RetryDecision(attempt, reason=attempt.final)
        if attempt.outcome is Outcome.REFUSED:
            return self._after_refusal(attempt, now)
        if attempt.outcome is Outcome.AMBIGUOUS:
            return self._after_doubt(attempt, now, is_superseded)
        if attempt.outcome is Outcome.NEVER_SENT:
            return self._after_failure(attempt, now)
        return RetryDecision(attempt)

    def counts_as_done(self, attempt: Attempt) -> bool:
        """Return whether a 404 or 409 shows that an earlier, ambiguous attempt succeeded."""
        gone = attempt.reply is not None and attempt.reply.status_code in {404, 409}
        return gone and self.may_have_happened and self._safety is RetrySafety.UNTIL_GONE

    def _after_refusal(self, attempt: Attempt, now: float) -> RetryDecision:
        asked = attempt.retry_after
        if self._is_too_long(asked):
            return RetryDecision(attempt, reason=_too_long(asked), pause=0.0)
        wait = self._wait(self._refusals, asked)
        self._refusals += 1
        if now + wait > self.start_by:
            return RetryDecision(attempt, reason=DEADLINE, pause=wait)
        names_no_wait = asked is None or asked < _REAL_WAIT
        if names_no_wait and not self._budget.withdraw(self._policy.budget, now):
            return RetryDecision(attempt, reason=SPENT, pause=wait)
        return RetryDecision(attempt, wait, pause=wait)

    def _after_doubt(self, attempt: Attempt, now: float, is_superseded: bool) -> RetryDecision:
        retried, self.may_have_happened = self.may_have_happened, True
        if self._safety is RetrySafety.NEVER:
            return RetryDecision(attempt)
        if self._safety is RetrySafety.ONCE_IF_NEWEST:
            if retried:
                return RetryDecision(attempt, reason="repeated once, as far as is safe")
            self.start_by = min(self.start_by, now + _REPLAY_WITHIN)
        if is_superseded:
            return RetryDecision(attempt, reason=SUPERSEDED)
        return self._after_failure(attempt, now)

    def _after_failure(self, attempt: Attempt, now: float) -> RetryDecision:
        self._failures += 1
        if self._failures >= self._policy.attempts:
            many = "1 attempt" if self._failures == 1 else f"{self._failures} attempts"
            return RetryDecision(attempt, reason=f"{many} failed")
        if self._is_too_long(attempt.retry_after):
            return RetryDecision(attempt, reason=_too_long(attempt.retry_after))
        wait = self._wait(self._failures - 1, attempt.retry_after)
        if now + wait > self.start_by:
            return RetryDecision(attempt, reason=DEADLINE)
        if not self._budget.withdraw(self._policy.budget, now):
            return RetryDecision(attempt, reason=SPENT)
        return RetryDecision(attempt, wait)

    def _wait(self, failures: int, asked: float | None) -> float:
        """Return the seconds until the next attempt: the backoff, or a longer Retry-After."""
        backoff = self._policy.backoff(failures, self._random)
        if asked is None:
            return backoff
        return max(backoff, asked * (1 + 0.1 * self._random()))  # hosts should not return at once

    def _is_too_long(self, asked: float | None) -> bool:
        return asked is not None and asked > self._policy.max_retry_after


def _too_long(asked: float | None) -> str:
    return f"the server asks to wait {asked:.0f} s, longer than max_retry_after"


async def repeat(
    once: Callable[[], Awaitable[RetryDecision]], sleep: Callable[[float], Awaitable[None]]
) -> RetryDecision:
    """Call `once` until it returns a decision without a wait; return that one.

    Most actions need one attempt and no loop, so tenacity is imported when there is something to
    retry. Each action gets its own loop, since tasks that share one lose attempts.

    Args:
        once: makes one attempt and returns what follows.
        sleep: waits for some seconds.
    """
    decision = await once()
    if decision.wait is None:
        return decision
    from tenacity import AsyncRetrying, retry_if_result

    first = [decision]

    async def next_decision() -> RetryDecision:
        return first.pop() if first else await once()

    retrying = AsyncRetrying(
        retry=retry_if_result(lambda decision: decision.wait is not None), wait=_wait, sleep=sleep
    )
    return await retrying(next_decision)


def _wait(state: RetryCallState) -> float:
    assert state.outcome is not None
    wait: float = state.outcome.result().wait
    return wait
