"""The policy: which outcome may be repeated, how long to wait, when to stop."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plivo_phlo_async import InvalidArgumentError, Outcome, RetryPolicy, RetrySafety
from plivo_phlo_async._parsing import Reply
from plivo_phlo_async._transport.outcome import Attempt
from plivo_phlo_async._transport.retry import RetryDecision, RetryState, repeat
from plivo_phlo_async._transport.retry_budget import RetryBudget

from .conftest import Time

START = 1000.0
NEVER_SENT = Attempt(Outcome.NEVER_SENT)
AMBIGUOUS = Attempt(Outcome.AMBIGUOUS)
REJECTED = Attempt(Outcome.REJECTED)
ACCEPTED = Attempt(Outcome.ACCEPTED)


def _refused(retry_after: float | None = None) -> Attempt:
    return Attempt(Outcome.REFUSED, Reply(429, {}, b""), retry_after=retry_after)


def _state(
    safety: RetrySafety = RetrySafety.NEVER,
    *,
    random: float = 1.0,
    retry_budget: RetryBudget | None = None,
    **policy: Any,
) -> RetryState:
    budget = retry_budget or RetryBudget()
    return RetryState(RetryPolicy(**policy), safety, START, budget, lambda: random)


def _waits(state: RetryState, attempts: list[Attempt], now: float = START) -> list[float | None]:
    return [state.decide(attempt, now, is_superseded=False).wait for attempt in attempts]


@pytest.mark.parametrize("safety", RetrySafety)
def test_what_was_never_sent_is_repeated_three_times_whatever_the_action(
    safety: RetrySafety,
) -> None:
    assert _waits(_state(safety), [NEVER_SENT] * 4) == [0.25, 0.5, 1.0, None]


@pytest.mark.parametrize("safety", RetrySafety)
@pytest.mark.parametrize("attempt", [REJECTED, ACCEPTED])
def test_a_clear_answer_is_final_whatever_the_action(safety: RetrySafety, attempt: Attempt) -> None:
    assert _state(safety).decide(attempt, START, is_superseded=False) == RetryDecision(attempt)


@pytest.mark.parametrize(
    ("safety", "waits"),
    [
        (RetrySafety.NEVER, [None]),
        (RetrySafety.ONCE_IF_NEWEST, [0.25, None]),
        (RetrySafety.UNTIL_GONE, [0.25, 0.5, 1.0, None]),
        (RetrySafety.FREELY, [0.25, 0.5, 1.0, None]),
    ],
)
def test_what_is_in_doubt_is_repeated_as_the_action_allows(
    safety: RetrySafety, waits: list[float | None]
) -> None:
    assert _waits(_state(safety), [AMBIGUOUS] * len(waits)) == waits


def test_state_is_not_set_again_once_a_newer_action_supersedes_it() -> None:
    decision = _state(RetrySafety.ONCE_IF_NEWEST).decide(AMBIGUOUS, START, is_superseded=True)

    assert decision == RetryDecision(
        AMBIGUOUS, reason="a newer action for that member supersedes it"
    )


def test_state_is_set_again_within_five_seconds_or_not_at_all() -> None:
    state = _state(RetrySafety.ONCE_IF_NEWEST)
    state.decide(AMBIGUOUS, START + 10, is_superseded=False)

    assert state.start_by == START + 15
    assert _waits(state, [_refused(6.0)], START + 10) == [None]


@pytest.mark.parametrize(("random", "waits"), [(0.0, [0.0] * 3), (0.5, [0.125, 0.25, 0.5])])
def test_backoff_has_full_jitter(random: float, waits: list[float]) -> None:
    assert _waits(_state(random=random), [NEVER_SENT] * 3) == waits


def test_backoff_is_bounded() -> None:
    waits = _waits(_state(attempts=40, deadline=None, budget=None), [NEVER_SENT] * 39)

    assert max(wait for wait in waits if wait is not None) == 8.0


def test_a_refusal_waits_as_long_as_the_server_says_and_a_little_more() -> None:
    decisions = [
        _state(random=random).decide(_refused(10.0), START, is_superseded=False)
        for random in (0.0, 1.0)
    ]

    assert [(decision.wait, decision.pause) for decision in decisions] == [
        (10.0, 10.0),
        (11.0, 11.0),
    ]


def test_refusals_are_not_counted_as_attempts() -> None:
    waits = _waits(_state(deadline=None), [_refused(1.0)] * 20)

    assert None not in waits


@pytest.mark.parametrize("asked", [None, 0.0, 0.02, 0.99])
def test_repeats_after_a_refusal_that_names_no_real_wait_are_in_the_budget(
    asked: float | None,
) -> None:
    state = _state(deadline=None)
    decisions = [state.decide(_refused(asked), START, is_superseded=False) for _ in range(11)]

    assert [decision.wait is None for decision in decisions] == [False] * 10 + [True]
    assert decisions[-1].reason == "the retry budget is spent"


@pytest.mark.parametrize("asked", [0.0, 0.02])
def test_a_retry_after_never_shortens_the_backoff(asked: float) -> None:
    waits = _waits(_state(deadline=None), [_refused(asked)] * 4)

    assert waits == [0.25, 0.5, 1.0, 2.0]


def test_a_refusal_for_longer_than_allowed_is_final_but_slows_the_bucket() -> None:
    decision = _state().decide(_refused(121.0), START, is_superseded=False)

    assert (decision.wait, decision.pause) == (None, 0.0)
    assert decision.reason == "the server asks to wait 121 s, longer than max_retry_after"


@pytest.mark.parametrize("attempt", [NEVER_SENT, _refused(0.25)], ids=["unsent", "refused"])
def test_no_wait_is_begun_that_would_pass_the_deadline(attempt: Attempt) -> None:
    decision = _state().decide(attempt, START + 59.9, is_superseded=False)

    assert decision.wait is None
    assert decision.reason == "the deadline leaves no time for another attempt"


def test_a_spent_budget_ends_the_retries_and_says_so() -> None:
    budget = RetryBudget()
    while budget.withdraw(0.1, START):
        pass
    decision = _state(retry_budget=budget).decide(NEVER_SENT, START, is_superseded=False)

    assert decision == RetryDecision(NEVER_SENT, reason="the retry budget is spent")


def test_refusals_spend_no_budget() -> None:
    budget = RetryBudget()
    _waits(_state(retry_budget=budget, deadline=None), [_refused(1.0)] * 50)

    assert budget.withdraw(0.0, START)


@pytest.mark.parametrize("status", [404, 409])
@pytest.mark.parametrize(
    ("safety", "before", "done"),
    [
        (RetrySafety.UNTIL_GONE, [AMBIGUOUS], True),
        (RetrySafety.UNTIL_GONE, [NEVER_SENT], False),
        (RetrySafety.UNTIL_GONE, [], False),
        (RetrySafety.ONCE_IF_NEWEST, [AMBIGUOUS], False),
    ],
)
def test_not_there_counts_as_done_only_after_a_hangup_in_doubt(
    safety: RetrySafety, before: list[Attempt], status: int, done: bool
) -> None:
    state = _state(safety)
    _waits(state, before)

    assert state.counts_as_done(Attempt(Outcome.REJECTED, Reply(status, {}, b""))) is done


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("attempts", 0),
        ("attempts", None),
        ("max_backoff", -1),
        ("max_retry_after", "60"),
        ("deadline", -1),
        ("deadline", float("nan")),
        ("budget", -0.1),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=f"^{name}: "):
        RetryPolicy(**{name: value})


@pytest.mark.anyio
async def test_the_loop_repeats_until_a_decision_names_no_wait(time: Time) -> None:
    decisions = [
        RetryDecision(NEVER_SENT, 1.0),
        RetryDecision(NEVER_SENT, 2.0),
        RetryDecision(ACCEPTED),
    ]

    async def once() -> RetryDecision:
        return decisions.pop(0)

    last = await repeat(once, time.sleep)

    assert (last, time.slept) == (RetryDecision(ACCEPTED), [1.0, 2.0])


@pytest.mark.anyio
@pytest.mark.parametrize("fails_at", [1, 2])
async def test_the_loop_lets_whatever_is_raised_through(time: Time, fails_at: int) -> None:
    made = 0

    async def once() -> RetryDecision:
        nonlocal made
        made += 1
        if made == fails_at:
            raise KeyboardInterrupt
        return RetryDecision(NEVER_SENT, 0.0)

    with pytest.raises(KeyboardInterrupt):
        await repeat(once, time.sleep)

    assert made == fails_at


ATTEMPTS = st.sampled_from([NEVER_SENT, AMBIGUOUS, REJECTED, ACCEPTED, _refused(), _refused(2.0)])


@given(
    safety=st.sampled_from(RetrySafety),
    attempts=st.lists(ATTEMPTS, max_size=30),
    superseded=st.booleans(),
    random=st.floats(0, 1),
)
def test_however_attempts_end_the_promises_hold(
    safety: RetrySafety, attempts: list[Attempt], superseded: bool, random: float
) -> None:
    state, now, made = _state(safety, random=random), START, []
    for attempt in attempts:
        made.append(attempt.outcome)
        decision = state.decide(attempt, now, is_superseded=superseded)
        if decision.wait is None:
            break
        now += decision.wait
        assert now <= state.start_by

    doubts = made.count(Outcome.AMBIGUOUS)
    assert state.may_have_happened is (doubts > 0)
    assert doubts <= {RetrySafety.NEVER: 1, RetrySafety.ONCE_IF_NEWEST: 2}.get(safety, 4)
    assert doubts + made.count(Outcome.NEVER_SENT) <= 4
    if safety is RetrySafety.NEVER and doubts:
        assert made[-1] is Outcome.AMBIGUOUS
