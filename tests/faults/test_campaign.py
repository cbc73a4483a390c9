"""A slice of the campaign: the promises, under some thousand faults at once."""

from __future__ import annotations

import gc

import pytest

from .campaign import BACKENDS, RULES, Report, run
from .transports import BELOW

pytestmark = [
    # trio warns of generators that httpx leaves behind when a body breaks
    pytest.mark.filterwarnings(r"ignore:Async generator '(httpx|httpcore)\.:ResourceWarning"),
    # httpcore leaves the socket to the collector when it is cancelled in a TLS handshake
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

_ACTIONS = 100  # for each transport
_TRANSPORTS = tuple(dict.fromkeys(BELOW))


@pytest.fixture(scope="module", params=BACKENDS)
def report(request: pytest.FixtureRequest) -> Report:
    backend: str = request.param
    below = tuple(each for each in _TRANSPORTS if backend in each.backends)
    report = run((backend,), batches=len(below), below=below, batch=_ACTIONS, concurrency=50)
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


def test_every_transport_of_the_event_loop_meets_faults(report: Report) -> None:
    assert min(report.below[name, loop, "faults"] for name, loop, _ in report.below) > _ACTIONS / 4
    assert len({name for name, _, _ in report.below}) >= len(_TRANSPORTS) - 1
