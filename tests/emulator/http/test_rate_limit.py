"""The account's rate: a strict window that refused requests do not use up."""

import pytest

from plivo_phlo_async.emulator import PhloEmulator

from ..asking import DIAL, NODE, PHLO, Clock, ask


@pytest.fixture
def clock() -> Clock:
    return Clock()


def statuses(emulator: PhloEmulator, times: int) -> list[int]:
    return [ask(emulator, "GET", PHLO).status for _ in range(times)]


def test_one_more_than_allowed_is_429_and_does_nothing(clock: Clock) -> None:
    emulator = PhloEmulator(rate_limit=(2, 5.0), clock=clock)

    assert statuses(emulator, 2) == [200, 200]
    assert ask(emulator, "POST", NODE, DIAL).status == 429
    assert emulator.dialled == {}


def test_the_documented_rate_is_the_default(clock: Clock) -> None:
    assert statuses(PhloEmulator(clock=clock), 301) == [200] * 300 + [429]


def test_no_window_ever_sees_more_than_allowed(clock: Clock) -> None:
    emulator = PhloEmulator(rate_limit=(2, 5.0), clock=clock)
    seen = []
    for moment in (0.0, 4.0, 4.9, 5.0, 5.1, 9.0, 9.1):
        clock.now = moment
        seen += statuses(emulator, 1)

    assert seen == [200, 200, 429, 200, 429, 200, 429]


@pytest.mark.parametrize(
    ("waited", "seconds"), [(0.0, "5"), (0.5, "5"), (3.9, "2"), (4.0, "1"), (4.999, "1")]
)
def test_retry_after_says_the_whole_seconds_left_rounded_up(
    clock: Clock, waited: float, seconds: str
) -> None:
    emulator = PhloEmulator(rate_limit=(1, 5.0), clock=clock)
    statuses(emulator, 1)
    clock.now += waited

    assert ask(emulator, "GET", PHLO).headers["retry-after"] == seconds


def test_retry_after_is_left_out_when_so_set(clock: Clock) -> None:
    emulator = PhloEmulator(rate_limit=(0, 5.0), retry_after=False, clock=clock)
    answer = ask(emulator, "GET", PHLO)

    assert (answer.status, "retry-after" in answer.headers) == (429, False)


def test_a_refused_request_costs_nothing(clock: Clock) -> None:
    emulator = PhloEmulator(rate_limit=(1, 5.0), clock=clock)
    statuses(emulator, 3)
    clock.now += 5.0

    assert statuses(emulator, 1) == [200]


def test_a_request_with_wrong_credentials_costs_nothing(clock: Clock) -> None:
    emulator = PhloEmulator(rate_limit=(1, 5.0), clock=clock)
    ask(emulator, "GET", PHLO, authorization=b"")

    assert statuses(emulator, 1) == [200]


def test_the_rate_is_looked_at_before_the_path(clock: Clock) -> None:
    emulator = PhloEmulator(rate_limit=(0, 5.0), clock=clock)

    assert ask(emulator, "GET", "/v1/nothing").status == 429


def test_the_emulators_own_pages_cost_nothing(clock: Clock) -> None:
    emulator = PhloEmulator(rate_limit=(0, 5.0), clock=clock)

    assert ask(emulator, "GET", "/_emulator/state").status == 200


def test_without_a_rate_limit_nothing_is_429(clock: Clock) -> None:
    emulator = PhloEmulator(rate_limit=None, clock=clock)

    assert set(statuses(emulator, 400)) == {200}
