"""A row is known for as long as its action is in use."""

from __future__ import annotations

from plivo_phlo_async import Action
from plivo_phlo_async.cli.bulk.in_flight import RowsInFlight
from plivo_phlo_async.cli.bulk.rows import Row


def test_each_action_has_its_row_though_they_are_equal() -> None:
    in_flight = RowsInFlight()
    rows = [Row(line, Action.run("p"), {"Name": "Ann"}) for line in (2, 3)]
    actions = list(in_flight.actions(rows))

    assert [in_flight.row(action) for action in actions] == rows


def test_rows_whose_actions_are_not_in_use_are_forgotten() -> None:
    in_flight = RowsInFlight()
    kept = list(in_flight.actions(Row(line, Action.run("p")) for line in range(100)))

    assert len(in_flight) == 100

    del kept[1:]

    assert len(in_flight) == 1
    assert in_flight.row(kept[0]).line == 0
