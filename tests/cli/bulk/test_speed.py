"""The time left is stable from the start, and counts what limits the run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plivo_phlo_async import BulkOutcome, BulkReport, BulkStatus
from plivo_phlo_async.actions import Action
from plivo_phlo_async.cli.bulk.outcome import RunOutcome
from plivo_phlo_async.cli.bulk.speed import SpeedEstimate, seconds_left

ACTION = Action.hold("p", "n", "12025550100")


def _run(
    seconds: float, per_second: float, *, began: float = 0.0, performed: float = 0.0
) -> Iterator[tuple[float, int]]:
    """Return the samples of a run, ten a second."""
    for tick in range(round(seconds * 10) + 1):
        yield began + tick / 10, int(performed + per_second * tick / 10)


def test_the_speed_is_unknown_until_a_second_was_measured() -> None:
    speed = SpeedEstimate()
    seen = []
    for now, performed in _run(3, 50):
        speed.add(now, performed, paused=False)
        seen.append(speed.per_second)

    assert seen[:10] == [None] * 10
    assert [value for value in seen if value is not None] == pytest.approx([50] * 20, rel=0.05)


def test_a_burst_at_the_start_is_not_the_speed() -> None:
    speed = SpeedEstimate()
    for now, performed in _run(2, 10, performed=100):
        speed.add(now, performed, paused=False)

    assert speed.per_second == pytest.approx(10)


def test_the_time_before_the_first_action_does_not_count() -> None:
    speed = SpeedEstimate()
    for now, _ in _run(20, 0):
        speed.add(now, 0, paused=False)
    for now, performed in _run(2, 50, began=20):
        speed.add(now, performed, paused=False)

    assert speed.per_second == pytest.approx(50, rel=0.05)


def test_a_pause_does_not_lower_the_speed() -> None:
    speed = SpeedEstimate()
    for now, performed in _run(5, 50):
        speed.add(now, performed, paused=False)
    for now, _ in _run(60, 0, began=5):
        speed.add(now, 250, paused=True)

    assert speed.per_second == pytest.approx(50, rel=0.05)


def test_the_speed_is_that_of_the_last_thirty_seconds() -> None:
    speed = SpeedEstimate()
    for now, performed in _run(60, 50):
        speed.add(now, performed, paused=False)
    for now, performed in _run(31, 5, began=60, performed=3000):
        speed.add(now, performed, paused=False)

    assert speed.per_second == pytest.approx(5, rel=0.05)


@pytest.mark.parametrize(
    ("speed", "limit", "pause", "seconds"),
    [
        (50.0, 60.0, 0.0, 12.0),
        (250.0, 60.0, 0.0, 10.0),  # a burst is faster than the limit lets the rest be
        (50.0, None, 0.0, 12.0),
        (50.0, 60.0, 30.0, 42.0),
        (50.0, 20.0, 0.0, 30.0),  # a limit that refusals have lowered
        (None, 60.0, 0.0, None),
        (0.0, 60.0, 0.0, None),
    ],
)
def test_the_time_left_is_the_longest_of_what_speed_limit_and_pause_allow(
    speed: float | None, limit: float | None, pause: float, seconds: float | None
) -> None:
    assert seconds_left(600, speed, limit, pause) == seconds


# What remains


def _outcome(**earlier: int) -> RunOutcome:
    counts = {BulkStatus(status): count for status, count in earlier.items()}
    return RunOutcome("calls.csv", [], 100, journal=True, earlier=counts)


@pytest.mark.parametrize(
    ("redo", "remaining"),
    [(set(), 40), ({"failed"}, 50), ({"unknown"}, 70), ({"failed", "unknown"}, 80)],
)
def test_what_earlier_runs_finished_is_not_left_even_before_it_is_skipped(
    redo: set[str], remaining: int
) -> None:
    outcome = _outcome(done=20, failed=10, unknown=30)

    assert outcome.remaining(BulkReport(), redo) == remaining


def test_an_action_of_this_run_is_not_left_and_one_in_doubt_was_not_performed() -> None:
    outcome = _outcome(done=20, failed=0, unknown=30)
    outcome.add(2, BulkOutcome(ACTION, BulkStatus.DONE, attempts=1))
    outcome.add(2, BulkOutcome(ACTION, BulkStatus.UNKNOWN, attempts=0))

    assert outcome.performed == 1
    assert outcome.remaining(BulkReport(done=1, unknown=1), set()) == 49


def test_a_journal_of_more_actions_than_the_list_leaves_nothing() -> None:
    assert _outcome(done=200).remaining(BulkReport(), set()) == 0
