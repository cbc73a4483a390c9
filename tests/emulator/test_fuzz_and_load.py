"""A slice of the long runs: malformed requests, and many connections at once."""

from . import fuzz, load


def test_no_malformed_request_is_a_5xx_a_traceback_or_a_change() -> None:
    answers, wrong = fuzz.run(400, seed=1)

    assert wrong == []
    assert answers.keys() >= {"200", "400", "401", "404", "405", "closed"}


def test_no_request_is_lost_or_wrong_over_many_connections() -> None:
    right, acted, _ = load.run(50, 200)

    assert (right, acted) == (200, 200)
