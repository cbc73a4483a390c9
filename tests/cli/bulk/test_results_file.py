"""Each row of the list goes to the results with its outcome, in the form of the list."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from plivo_phlo_async import Action, NotSentError
from plivo_phlo_async.bulk.report import BulkOutcome, BulkStatus
from plivo_phlo_async.cli.bulk.check import Layout
from plivo_phlo_async.cli.bulk.results_file import ResultsFile
from plivo_phlo_async.cli.bulk.rows import Row
from plivo_phlo_async.results import ActionResult

ACTION = Action.hold("p", "n", "12025550101", key="k1")
CELLS = {"Name": "Doe, Ann\n(2nd)", "Formula": "=1+1", "member_address": "+1 202 555 0101"}
ROW = Row(2, ACTION, CELLS)
LAYOUT = Layout(tuple(CELLS))
BEGUN = datetime(2026, 11, 26, 9, 30, 0, 123456, UTC)
RESULT = ActionResult(api_id="a1", attempts=2, elapsed=0.5, status_code=201)
DONE = BulkOutcome(ACTION, BulkStatus.DONE, RESULT, None, 2, 0.5, BEGUN, BEGUN)
NOT_SENT = NotSentError("hold …0101: refused.", attempts=1, action=ACTION)
FAILED = BulkOutcome(ACTION, BulkStatus.FAILED, None, NOT_SENT, 1, 0.25)


def _write(
    path: Path,
    *outcomes: BulkOutcome,
    row: Row = ROW,
    layout: Layout = LAYOUT,
    append: bool = False,
) -> None:
    with ResultsFile.open(path, layout, append=append) as results:
        for outcome in outcomes:
            results.write(row, outcome)


def _csv(path: Path, **options: Any) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, strict=True, **options))


def test_csv_has_the_columns_of_the_list_and_then_the_outcome(tmp_path: Path) -> None:
    _write(tmp_path / "out.csv", DONE, FAILED)
    done, failed = _csv(tmp_path / "out.csv")

    assert done == {
        **CELLS,
        "status": "done",
        "error": "",
        "api_id": "a1",
        "attempts": "2",
        "elapsed": "0.5",
        "begun": "2026-11-26T09:30:00.123+00:00",
        "ended": "2026-11-26T09:30:00.123+00:00",
        "line": "2",
    }
    assert (failed["status"], failed["begun"]) == ("failed", "")
    assert failed["error"] == "NotSentError: hold …0101: refused."


def test_json_lines_have_the_columns_of_the_list_and_then_the_outcome(tmp_path: Path) -> None:
    _write(tmp_path / "out.jsonl", DONE, FAILED)
    done, failed = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())

    assert {name: done[name] for name in CELLS} == CELLS
    assert (done["status"], done["error"], done["api_id"]) == ("done", None, "a1")
    assert (done["attempts"], done["elapsed"], done["line"]) == (2, 0.5, 2)
    assert done["begun"] == done["ended"] == "2026-11-26T09:30:00.123+00:00"
    assert done["action"] == ACTION.to_dict()
    assert done["result"]["status_code"] == 201
    assert (failed["status"], failed["result"], failed["ended"]) == ("failed", None, None)
    assert failed["error"] == {
        "type": "NotSentError",
        "message": "hold …0101: refused.",
        "may_have_happened": False,
    }


@pytest.mark.parametrize(("has_bom", "delimiter"), [(True, ";"), (False, "\t")])
def test_csv_has_the_delimiter_and_byte_order_mark_of_the_list(
    tmp_path: Path, has_bom: bool, delimiter: str
) -> None:
    _write(tmp_path / "out.csv", DONE, layout=Layout(tuple(CELLS), delimiter, has_bom))

    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbf") == has_bom
    assert _csv(tmp_path / "out.csv", delimiter=delimiter)[0]["Name"] == CELLS["Name"]


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_a_column_with_the_name_of_a_result_is_renamed(tmp_path: Path, name: str) -> None:
    cells = {"status": "new", "input_status": "x", "line": "7"}
    _write(tmp_path / name, DONE, row=Row(2, ACTION, cells), layout=Layout(tuple(cells)))
    text = (tmp_path / name).read_text()
    result = _csv(tmp_path / name)[0] if name.endswith("csv") else json.loads(text)

    assert (result["status"], str(result["line"])) == ("done", "2")
    assert (result["input_input_status"], result["input_status"]) == ("x", "new")
    assert result["input_line"] == "7"


def test_values_of_json_lines_become_text_in_csv(tmp_path: Path) -> None:
    cells = {"age": 7, "vip": True, "note": None, "tags": ["a", "b"]}
    layout = Layout((*cells, "missing"))
    _write(tmp_path / "out.csv", DONE, row=Row(1, ACTION, cells), layout=layout)
    (row,) = _csv(tmp_path / "out.csv")

    assert [row[name] for name in layout.columns] == ["7", "true", "", '["a", "b"]', ""]


@pytest.mark.parametrize("cut", range(1, 130))
def test_rows_are_added_after_one_that_was_cut_off(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "out.csv"
    _write(path, DONE, DONE)
    path.write_bytes(path.read_bytes()[:-cut])
    _write(path, FAILED, append=True)
    first, *_, last = _csv(path)

    assert (first["status"], first["Name"]) == ("done", CELLS["Name"])
    assert (last["status"], last["Name"], last["line"]) == ("failed", CELLS["Name"], "2")


def test_rows_are_not_added_to_other_columns(tmp_path: Path) -> None:
    _write(tmp_path / "out.csv", DONE)

    with pytest.raises(OSError, match="it has other columns; pass another path"):
        _write(tmp_path / "out.csv", DONE, layout=Layout(("Other",)), append=True)


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_results_of_another_run_are_not_overwritten(tmp_path: Path, name: str) -> None:
    _write(tmp_path / name, DONE)

    with pytest.raises(OSError, match="it is not empty; pass another path"):
        _write(tmp_path / name, DONE)


def test_a_file_with_only_the_names_of_the_columns_is_empty(tmp_path: Path) -> None:
    _write(tmp_path / "out.csv")
    _write(tmp_path / "out.csv", DONE)

    assert [row["status"] for row in _csv(tmp_path / "out.csv")] == ["done"]


def test_a_row_is_on_disk_as_soon_as_it_is_written(tmp_path: Path) -> None:
    with ResultsFile.open(tmp_path / "out.csv", LAYOUT, append=False) as results:
        results.write(ROW, DONE)

        assert len(_csv(tmp_path / "out.csv")) == 1
