"""The policy: which outcome may be repeated, how long to wait, when to stop."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plivo_phlo_async import InvalidArgumentError, Outcome, RetryPolicy
from plivo_phlo_async._parsing import Reply
from plivo_phlo_async._transport.outcome import Attempt
from plivo_phlo_async._transport.retry import Repeats, Step, Traffic, repeat
from plivo_phlo_async.actions import Repeat

from .conftest import Time

START = 1000.0
NEVER_SENT = Attempt(Outcome.NEVER_SENT)
AMBIGUOUS = Attempt(Outcome.AMBIGUOUS)
REJECTED = Attempt(Outcome.REJECTED)
ACCEPTED = Attempt(Outcome.ACCEPTED)


def _refused(retry_after: float | None = None) -> Attempt:
    return Attempt(Outcome.REFUSED, Reply(429, {}, b""), retry_after=retry_after)


def _repeats(
    rule: Repeat = Repeat.NEVER,
    *,
    random: float = 1.0,
    traffic: Traffic | None = None,
    **policy: Any,
) -> Repeats:
    return Repeats(RetryPolicy(**policy), rule, START, traffic or Traffic(), lambda: random)


def _waits(repeats: Repeats, attempts: list[Attempt], now: float = START) -> list[float | None]:
    return [repeats.after(attempt, now, is_newest=True).wait for attempt in attempts]


@pytest.mark.parametrize("rule", Repeat)
def test_what_was_never_sent_is_repeated_three_times_whatever_the_action(rule: Repeat) -> None:
    assert _waits(_repeats(rule), [NEVER_SENT] * 4) == [0.25, 0.5, 1.0, None]


@pytest.mark.parametrize("rule", Repeat)
@pytest.mark.parametrize("attempt", [REJECTED, ACCEPTED])
def test_a_clear_answer_is_final_whatever_the_action(rule: Repeat, attempt: Attempt) -> None:
    assert _repeats(rule).after(attempt, START, is_newest=True) == Step(attempt)


@pytest.mark.parametrize(
    ("rule", "waits"),
    [
        (Repeat.NEVER, [None]),
        (Repeat.ONCE_IF_NEWEST, [0.25, None]),
        (Repeat.UNTIL_GONE, [0.25, 0.5, 1.0, None]),
        (Repeat.FREELY, [0.25, 0.5, 1.0, None]),
    ],
)
def test_what_is_in_doubt_is_repeated_as_the_action_allows(
    rule: Repeat, waits: list[float | None]
) -> None:
    assert _waits(_repeats(rule), [AMBIGUOUS] * len(waits)) == waits


def test_state_is_not_set_again_once_something_newer_was_asked() -> None:
    step = _repeats(Repeat.ONCE_IF_NEWEST).after(AMBIGUOUS, START, is_newest=False)

    assert step == Step(AMBIGUOUS, why="something newer was asked for that member")


def test_state_is_set_again_within_five_seconds_or_not_at_all() -> None:
    repeats = _repeats(Repeat.ONCE_IF_NEWEST)
    repeats.after(AMBIGUOUS, START + 10, is_newest=True)

    assert repeats.start_by == START + 15
    assert _waits(repeats, [_refused(6.0)], START + 10) == [None]


@pytest.mark.parametrize(("random", "waits"), [(0.0, [0.0] * 3), (0.5, [0.125, 0.25, 0.5])])
def test_backoff_has_full_jitter(random: float, waits: list[float]) -> None:
    assert _waits(_repeats(random=random), [NEVER_SENT] * 3) == waits


def test_backoff_is_bounded() -> None:
    waits = _waits(_repeats(attempts=40, deadline=None, budget=None), [NEVER_SENT] * 39)

    assert max(wait for wait in waits if wait is not None) == 8.0


def test_a_refusal_waits_as_long_as_the_server_says_and_a_little_more() -> None:
    steps = [
        _repeats(random=random).after(_refused(10.0), START, is_newest=True)
        for random in (0.0, 1.0)
    ]

    assert [(step.wait, step.pause) for step in steps] == [(10.0, 10.0), (11.0, 11.0)]


def test_refusals_are_not_counted_as_attempts() -> None:
    waits = _waits(_repeats(deadline=None), [_refused(1.0)] * 20)

    assert None not in waits


@pytest.mark.parametrize("asked", [None, 0.0, 0.02, 0.99])
def test_repeats_after_a_refusal_that_names_no_real_wait_are_in_the_budget(
    asked: float | None,
) -> None:
    repeats = _repeats(deadline=None)
    steps = [repeats.after(_refused(asked), START, is_newest=True) for _ in range(11)]

    assert [step.wait is None for step in steps] == [False] * 10 + [True]
    assert steps[-1].why == "the retry budget is spent"


@pytest.mark.parametrize("asked", [0.0, 0.02])
def test_a_retry_after_never_shortens_the_backoff(asked: float) -> None:
    waits = _waits(_repeats(deadline=None), [_refused(asked)] * 4)

    assert waits == [0.25, 0.5, 1.0, 2.0]


def test_a_refusal_for_longer_than_allowed_is_final_but_slows_the_bucket() -> None:
    step = _repeats().after(_refused(121.0), START, is_newest=True)

    assert (step.wait, step.pause) == (None, 0.0)
    assert step.why == "the server asks to wait 121 s, longer than max_retry_after"


@pytest.mark.parametrize("attempt", [NEVER_SENT, _refused(0.25)], ids=["unsent", "refused"])
def test_no_wait_is_begun_that_would_pass_the_deadline(attempt: Attempt) -> None:
    step = _repeats().after(attempt, START + 59.9, is_newest=True)

    assert (step.wait, step.why) == (None, "the deadline leaves no time for another attempt")


@pytest.mark.parametrize(("requests", "repeats"), [(0, 10), (99, 10), (100, 10), (200, 20)])
def test_the_budget_allows_ten_repeats_or_a_tenth_of_the_requests(
    requests: int, repeats: int
) -> None:
    traffic = Traffic()
    for _ in range(requests):
        traffic.request(START)
    allowed = sum(traffic.may_repeat(0.1, START) for _ in range(100))

    assert allowed == repeats


def test_the_budget_forgets_after_a_minute() -> None:
    traffic = Traffic()
    for _ in range(10):
        traffic.may_repeat(0.1, START)

    assert [traffic.may_repeat(0.1, START + s) for s in (0, 60, 61)] == [False, False, True]


def test_a_spent_budget_raises_at_once_and_says_so() -> None:
    traffic = Traffic()
    while traffic.may_repeat(0.1, START):
        pass
    step = _repeats(traffic=traffic).after(NEVER_SENT, START, is_newest=True)

    assert step == Step(NEVER_SENT, why="the retry budget is spent")


def test_refusals_spend_no_budget() -> None:
    traffic = Traffic()
    _waits(_repeats(traffic=traffic, deadline=None), [_refused(1.0)] * 50)

    assert traffic.may_repeat(0.0, START)


def test_without_a_budget_nothing_is_spent() -> None:
    traffic = Traffic()

    assert all(traffic.may_repeat(None, START) for _ in range(1000))


@pytest.mark.parametrize("status", [404, 409])
@pytest.mark.parametrize(
    ("rule", "before", "done"),
    [
        (Repeat.UNTIL_GONE, [AMBIGUOUS], True),
        (Repeat.UNTIL_GONE, [NEVER_SENT], False),
        (Repeat.UNTIL_GONE, [], False),
        (Repeat.ONCE_IF_NEWEST, [AMBIGUOUS], False),
    ],
)
def test_not_there_counts_as_done_only_after_a_hangup_in_doubt(
    rule: Repeat, before: list[Attempt], status: int, done: bool
) -> None:
    repeats = _repeats(rule)
    _waits(repeats, before)

    assert repeats.counts_as_done(Attempt(Outcome.REJECTED, Reply(status, {}, b""))) is done


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
async def test_the_loop_repeats_until_a_step_is_the_last(time: Time) -> None:
    steps = [Step(NEVER_SENT, 1.0), Step(NEVER_SENT, 2.0), Step(ACCEPTED)]

    async def once() -> Step:
        return steps.pop(0)

    last = await repeat(once, time.sleep)

    assert (last, time.slept) == (Step(ACCEPTED), [1.0, 2.0])


@pytest.mark.anyio
@pytest.mark.parametrize("fails_at", [1, 2])
async def test_the_loop_lets_whatever_is_raised_through(time: Time, fails_at: int) -> None:
    made = 0

    async def once() -> Step:
        nonlocal made
        made += 1
        if made == fails_at:
            raise KeyboardInterrupt
        return Step(NEVER_SENT, 0.0)

    with pytest.raises(KeyboardInterrupt):
        await repeat(once, time.sleep)

    assert made == fails_at


ATTEMPTS = st.sampled_from([NEVER_SENT, AMBIGUOUS, REJECTED, ACCEPTED, _refused(), _refused(2.0)])


@given(
    rule=st.sampled_from(Repeat),
    attempts=st.lists(ATTEMPTS, max_size=30),
    newest=st.booleans(),
    random=st.floats(0, 1),
)
def test_however_attempts_end_the_promises_hold(
    rule: Repeat, attempts: list[Attempt], newest: bool, random: float
) -> None:
    repeats, now, made = _repeats(rule, random=random), START, []
    for attempt in attempts:
        made.append(attempt.outcome)
        step = repeats.after(attempt, now, is_newest=newest)
        if step.wait is None:
            break
        now += step.wait
        assert now <= repeats.start_by

    doubts = made.count(Outcome.AMBIGUOUS)
    assert repeats.may_have_happened is (doubts > 0)
    assert doubts <= {Repeat.NEVER: 1, Repeat.ONCE_IF_NEWEST: 2}.get(rule, 4)
    assert doubts + made.count(Outcome.NEVER_SENT) <= 4
    if rule is Repeat.NEVER and doubts:
        assert made[-1] is Outcome.AMBIGUOUS
