"""A slice of the campaign: the promises, under some thousand faults at once."""

from __future__ import annotations

import gc

import pytest

from .campaign import RULES, Report, run

pytestmark = [
    # trio minds that httpx leaves generators behind when a body breaks
    pytest.mark.filterwarnings(r"ignore:Async generator '(httpx|httpcore)\.:ResourceWarning"),
    # httpcore leaves the socket to the collector when it is cancelled in a TLS handshake
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

_FAULTS = 600


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def report(request: pytest.FixtureRequest) -> Report:
    report = run(_FAULTS, seed=7, backends=(request.param,), batch=240, seconds=20)
    gc.collect()  # while the filter above is in force
    return report


@pytest.mark.parametrize("rule", RULES, ids=RULES.get)
def test_no_action_breaks_the_rule(report: Report, rule: str) -> None:
    stories = [story for story in report.examples if story.startswith(rule)]

    assert report.violations[rule] == 0, "\n".join(stories)


def test_every_action_ends_in_one_class(report: Report) -> None:
    assert report.ended == report.actions


def test_every_attempt_is_accounted_for(report: Report) -> None:
    assert report.injected.total() == report.repeated.total() + report.ended


def test_the_slice_is_large_enough(report: Report) -> None:
    assert report.faults >= _FAULTS
