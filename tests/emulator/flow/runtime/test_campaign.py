"""A slice of the campaign of people, clients and restarts."""

from __future__ import annotations

import logging

import pytest

from . import campaign


def test_whatever_people_clients_and_restarts_do_the_runs_stay_whole(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR, logger="plivo_phlo_async.emulator")

    began, taken, refused = campaign.play(runs=100, seed=7, actions=60)

    assert began >= 100
    assert 0 < refused < taken.total()
