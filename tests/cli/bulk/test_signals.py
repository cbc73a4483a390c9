"""Real signals set the flags that stop a bulk run."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from plivo_phlo_async.cli.bulk.signals import StopSignals

INT, TERM, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


@pytest.mark.parametrize(
    ("received", "stop", "abort"),
    [
        ([], False, False),
        ([INT], True, False),
        ([TERM], True, False),
        ([HUP], True, False),
        ([TERM, TERM], True, False),
        ([HUP, HUP], True, False),
        ([HUP, INT], True, True),
        ([INT, TERM], True, False),
        ([TERM, INT], True, True),
        ([INT, INT], True, True),
    ],
    ids=str,
)
def test_the_first_signal_stops_and_only_a_ctrl_c_after_that_aborts(
    received: list[signal.Signals], stop: bool, abort: bool
) -> None:
    with StopSignals() as signals:
        for each in received:
            signal.raise_signal(each)

    assert (signals.should_stop, signals.should_abort) == (stop, abort)


def test_signals_do_afterwards_what_they_did_before() -> None:
    before = [signal.getsignal(each) for each in (INT, TERM, HUP)]
    with StopSignals():
        within = [signal.getsignal(each) for each in (INT, TERM, HUP)]

    assert [signal.getsignal(each) for each in (INT, TERM, HUP)] == before
    assert not set(map(str, within)) & set(map(str, before))


@pytest.fixture
def ignored() -> Iterator[None]:
    """A process that ignores SIGINT and SIGHUP: in the background of a script, under nohup."""
    before = {each: signal.signal(each, signal.SIG_IGN) for each in (INT, HUP)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.usefixtures("ignored")
@pytest.mark.parametrize(("received", "stop"), [(HUP, False), (INT, True)])
def test_an_ignored_sighup_stays_ignored_and_an_ignored_sigint_stops(
    received: signal.Signals, stop: bool
) -> None:
    with StopSignals() as signals:
        signal.raise_signal(received)

    assert signals.should_stop is stop
