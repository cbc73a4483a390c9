"""The retry budget: so many retries for the actions of the last minute."""

from __future__ import annotations

import pytest

from plivo_phlo_async._transport.retry_budget import RetryBudget

START = 1000.0


@pytest.mark.parametrize(("actions", "retries"), [(0, 10), (99, 10), (100, 10), (200, 20)])
def test_the_budget_allows_ten_retries_or_a_tenth_of_the_actions(
    actions: int, retries: int
) -> None:
    budget = RetryBudget()
    for _ in range(actions):
        budget.deposit(START)
    allowed = sum(budget.withdraw(0.1, START) for _ in range(100))

    assert allowed == retries


def test_the_budget_forgets_after_a_minute() -> None:
    budget = RetryBudget()
    for _ in range(10):
        budget.withdraw(0.1, START)

    assert [budget.withdraw(0.1, START + s) for s in (0, 60, 61)] == [False, False, True]


def test_without_a_budget_nothing_is_spent() -> None:
    budget = RetryBudget()

    assert all(budget.withdraw(None, START) for _ in range(1000))
