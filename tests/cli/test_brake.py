"""What stops a bulk run: real signals, each noted and no more."""

from __future__ import annotations

import signal

import pytest

from plivo_phlo_async.cli.brake import Brake

INT, TERM = signal.SIGINT, signal.SIGTERM


@pytest.mark.parametrize(
    ("signals", "pulled", "at_once"),
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
def test_the_first_signal_pulls_it_and_only_a_ctrl_c_after_that_stops_at_once(
    signals: list[signal.Signals], pulled: bool, at_once: bool
) -> None:
    with Brake() as brake:
        for each in signals:
            signal.raise_signal(each)

    assert (brake.pulled, brake.at_once) == (pulled, at_once)


def test_signals_do_afterwards_what_they_did_before() -> None:
    before = [signal.getsignal(each) for each in (INT, TERM)]
    with Brake():
        within = [signal.getsignal(each) for each in (INT, TERM)]

    assert [signal.getsignal(each) for each in (INT, TERM)] == before
    assert not set(map(str, within)) & set(map(str, before))
