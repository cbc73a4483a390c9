"""Behind a real Varnish: a 503 with Retry-After that comes after the call was carried out."""

from __future__ import annotations

import os

import pytest

from .varnish import Score, call_all, find_varnish

# Where tests decide, it is installed; that it is missing is a failure there.
pytestmark = pytest.mark.skipif(
    find_varnish() is None and "CI" not in os.environ, reason="varnishd is not installed"
)

_CALLS = 30


@pytest.fixture(scope="module")
def score() -> Score:
    return call_all(_CALLS)


def test_no_number_is_dialled_twice(score: Score) -> None:
    assert score.dialled_twice == 0


def test_what_was_carried_out_is_not_denied(score: Score) -> None:
    assert score.denied == 0


def test_every_call_behind_varnish_is_done_or_unknown(score: Score) -> None:
    assert score.done + score.unknown == score.carried_out == _CALLS


def test_varnish_answers_for_some_calls_and_passes_others_on(score: Score) -> None:
    assert min(score.done, score.unknown) > 0
