"""Which outcome may be repeated, how long to wait, when to stop; and the loop that does it.

The policy is pure: `Repeats.after` looks at an attempt and says what follows. Tenacity loops.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Awaitable, Callable
from math import inf
from typing import TYPE_CHECKING

from attrs import frozen

from ..actions import Repeat
from ..errors import InvalidArgumentError
from .event_loop import on_fork
from .outcome import Attempt, Outcome

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = [
    "CLOSED",
    "DEADLINE",
    "SUPERSEDED",
    "Repeats",
    "RetryPolicy",
    "Step",
    "Traffic",
    "repeat",
]

# Why an action is not tried again.
DEADLINE = "the deadline leaves no time for another attempt"
CLOSED = "this client is closed; make a new one"
SUPERSEDED = "something newer was asked for that member"
SPENT = "the retry budget is spent"

_REPLAY_WITHIN = 5.0  # seconds in which a state-setting action may be asked once more
_FREE_REPEATS = 10  # a minute
_MINUTE = 60
_REAL_WAIT = 1.0  # seconds; Retry-After has whole ones, and less than one names no wait


@frozen
class RetryPolicy:
    """How long an action is tried.

    Args:
        attempts: how many attempts may fail unsent, or end ambiguous where the action allows a
            repeat; attempts that the server refused are bounded by `deadline` alone.
        max_backoff: the longest wait between attempts, in seconds; the wait is random between 0
            and `min(max_backoff, 0.25 * 2**n)`. A longer Retry-After lengthens it.
        max_retry_after: the longest Retry-After that is waited for, in seconds; a longer one is
            raised.
        deadline: seconds for the whole action: nothing is started and no wait is begun that would
            pass it, and a request on the wire is never cut. None for no deadline.
        budget: repeats allowed for each action begun in the last minute, so that a server that
            fails is not asked much more often than one that works; 10 a minute are always
            allowed. A repeat after a refusal counts unless the server named a wait of a second or
            more. None for no budget.

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
        """Seconds to wait before an attempt: full jitter.

        Args:
            failures: how many attempts have failed before the last one.
            random: gives a number from 0 to 1.
        """
        return random() * min(self.max_backoff, 0.25 * 2.0 ** min(failures, 30))


class Traffic:
    """What a client sent in the last minute, by the second, so that repeats stay in the budget.

    Threads may share it.
    """

    def __init__(self) -> None:
        self._seconds: deque[list[int]] = deque()  # [second, requests, repeats]
        self._requests = self._repeats = 0
        self.after_fork()
        on_fork(self)

    def after_fork(self) -> None:
        """Replace the lock, which another thread of the parent process may hold."""
        self._lock = threading.Lock()

    def request(self, now: float) -> None:
        """An action was begun."""
        with self._lock:
            self._second(now)[1] += 1
            self._requests += 1

    def may_repeat(self, budget: float | None, now: float) -> bool:
        """Whether the budget has room for one more repeat; if so it is counted."""
        with self._lock:
            second = self._second(now)
            if budget is not None and self._repeats >= max(_FREE_REPEATS, budget * self._requests):
                return False
            second[2] += 1
            self._repeats += 1
            return True

    def _second(self, now: float) -> list[int]:
        second = int(now)
        while self._seconds and self._seconds[0][0] < second - _MINUTE:  # a whole one, at least
            _, requests, repeats = self._seconds.popleft()
            self._requests -= requests
            self._repeats -= repeats
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append([second, 0, 0])
        return self._seconds[-1]


@frozen
class Step:
    """What follows an attempt.

    `wait` is the seconds until the next one, or None when this was the last, and `why` then says
    why in a few words ("" when it speaks for itself). `pause` is for how long nobody starts.
    """

    attempt: Attempt
    wait: float | None = None
    why: str = ""
    pause: float | None = None


class Repeats:
    """One action's attempts so far, and what may follow them."""

    def __init__(
        self,
        policy: RetryPolicy,
        rule: Repeat,
        started: float,
        traffic: Traffic,
        random: Callable[[], float],
    ) -> None:
        self._policy, self._rule = policy, rule
        self._traffic, self._random = traffic, random
        self._failures = self._refusals = 0
        self.may_have_happened = False
        self.start_by = started + (inf if policy.deadline is None else policy.deadline)

    def after(self, attempt: Attempt, now: float, *, is_newest: bool) -> Step:
        """What follows `attempt`.

        Args:
            attempt: what became of it.
            now: the time, in seconds.
            is_newest: this client has asked nothing newer that a late repeat would undo.
        """
        if attempt.final:
            self.may_have_happened |= attempt.outcome is Outcome.AMBIGUOUS
            return Step(attempt, why=attempt.final)
        if attempt.outcome is Outcome.REFUSED:
            return self._after_refusal(attempt, now)
        if attempt.outcome is Outcome.AMBIGUOUS:
            return self._after_doubt(attempt, now, is_newest)
        if attempt.outcome is Outcome.NEVER_SENT:
            return self._after_failure(attempt, now)
        return Step(attempt)

    def counts_as_done(self, attempt: Attempt) -> bool:
        """Whether an answer of "not there" tells that an earlier, unanswered attempt worked."""
        gone = attempt.reply is not None and attempt.reply.status_code in {404, 409}
        return gone and self.may_have_happened and self._rule is Repeat.UNTIL_GONE

    def _after_refusal(self, attempt: Attempt, now: float) -> Step:
        asked = attempt.retry_after
        if self._is_too_long(asked):
            return Step(attempt, why=_too_long(asked), pause=0.0)
        wait = self._wait(self._refusals, asked)
        self._refusals += 1
        if now + wait > self.start_by:
            return Step(attempt, why=DEADLINE, pause=wait)
        names_no_wait = asked is None or asked < _REAL_WAIT
        if names_no_wait and not self._traffic.may_repeat(self._policy.budget, now):
            return Step(attempt, why=SPENT, pause=wait)
        return Step(attempt, wait, pause=wait)

    def _after_doubt(self, attempt: Attempt, now: float, is_newest: bool) -> Step:
        repeated, self.may_have_happened = self.may_have_happened, True
        if self._rule is Repeat.NEVER:
            return Step(attempt)
        if self._rule is Repeat.ONCE_IF_NEWEST:
            if repeated:
                return Step(attempt, why="repeated once, as far as is safe")
            self.start_by = min(self.start_by, now + _REPLAY_WITHIN)
        if not is_newest:
            return Step(attempt, why=SUPERSEDED)
        return self._after_failure(attempt, now)

    def _after_failure(self, attempt: Attempt, now: float) -> Step:
        self._failures += 1
        if self._failures >= self._policy.attempts:
            many = "1 attempt" if self._failures == 1 else f"{self._failures} attempts"
            return Step(attempt, why=f"{many} failed")
        if self._is_too_long(attempt.retry_after):
            return Step(attempt, why=_too_long(attempt.retry_after))
        wait = self._wait(self._failures - 1, attempt.retry_after)
        if now + wait > self.start_by:
            return Step(attempt, why=DEADLINE)
        if not self._traffic.may_repeat(self._policy.budget, now):
            return Step(attempt, why=SPENT)
        return Step(attempt, wait)

    def _wait(self, failures: int, asked: float | None) -> float:
        """Seconds until the next attempt: the backoff, or longer if the server asks for it."""
        backoff = self._policy.backoff(failures, self._random)
        if asked is None:
            return backoff
        return max(backoff, asked * (1 + 0.1 * self._random()))  # hosts should not return at once

    def _is_too_long(self, asked: float | None) -> bool:
        return asked is not None and asked > self._policy.max_retry_after


def _too_long(asked: float | None) -> str:
    return f"the server asks to wait {asked:.0f} s, longer than max_retry_after"


async def repeat(
    once: Callable[[], Awaitable[Step]], sleep: Callable[[float], Awaitable[None]]
) -> Step:
    """Do `once` until a step is the last.

    The first attempt needs no loop and mostly is the only one; tenacity is called in when there
    is something to repeat (imported then, too), and made afresh each time, since tasks that share
    one lose attempts.
    """
    step = await once()
    if step.wait is None:
        return step
    from tenacity import AsyncRetrying, retry_if_result

    made = [step]

    async def next_step() -> Step:
        return made.pop() if made else await once()

    retrying = AsyncRetrying(
        retry=retry_if_result(lambda step: step.wait is not None), wait=_wait, sleep=sleep
    )
    return await retrying(next_step)


def _wait(state: RetryCallState) -> float:
    assert state.outcome is not None
    wait: float = state.outcome.result().wait
    return wait
