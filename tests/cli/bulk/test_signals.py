"""Real signals set the flags that stop a bulk run."""

from __future__ import annotations

import signal

import pytest

from plivo_phlo_async.cli.bulk.signals import StopSignals

INT, TERM = signal.SIGINT, signal.SIGTERM


@pytest.mark.parametrize(
    ("received", "stop", "abort"),
    [
        ([], False, False),
        ([INT], True, False),
        ([TERM], True, False),
        ([TERM, TERM], True, False),
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
    before = [signal.getsignal(each) for each in (INT, TERM)]
    with StopSignals():
        within = [signal.getsignal(each) for each in (INT, TERM)]

    assert [signal.getsignal(each) for each in (INT, TERM)] == before
    assert not set(map(str, within)) & set(map(str, before))
