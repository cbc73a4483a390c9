"""`plivo-phlo journal`: prints what a journal holds, and settles what is unknown."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from pathlib import Path

import anyio
import pytest

from plivo_phlo_async import (
    Action,
    ActionResult,
    BadRequestError,
    BulkOutcome,
    BulkStatus,
    JournalEntry,
    SqliteJournal,
)

from .conftest import Run

CALLS = [
    Action.call("p", "n", "12025550000", f"1202555111{number}", key=f"order-{number}")
    for number in (1, 2, 3)
]
HOLD = Action.hold("p", "n", "12025550701")


@pytest.fixture(autouse=True)
def _journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `run.db`: one done, one failed, one only begun, and one without a key only begun."""
    monkeypatch.chdir(tmp_path)

    async def make() -> None:
        async with SqliteJournal("run.db") as journal:
            entries = [JournalEntry.of(action, number) for number, action in enumerate(CALLS, 1)]
            for entry in (*entries, JournalEntry.of(HOLD, 4)):
                await journal.begin(entry)
            result = ActionResult(api_id="the-id")
            await journal.finish(entries[0], BulkOutcome(CALLS[0], BulkStatus.DONE, result))
            error = BadRequestError("call …1112: 400 Bad Request", status_code=400)
            await journal.finish(entries[1], BulkOutcome(CALLS[1], BulkStatus.FAILED, error=error))

    anyio.run(make)


def test_it_prints_a_table_and_the_counts(plivo_phlo: Run) -> None:
    code, out, err = plivo_phlo("journal", "run.db")

    assert code == 5
    lines = out.splitlines()
    assert lines[1].split()[:5] == ["1", "order-1", "call", "12025551111", "done"]
    assert lines[1].rstrip().endswith("the-id")
    assert lines[2].rstrip().endswith("call …1112: 400 Bad Request")
    assert lines[4].split()[:4] == ["4", "hold", "12025550701", "unknown"]
    assert err == "run.db: 4 actions, 1 done, 1 failed, 2 unknown.\n"


def test_csv_has_a_row_for_each_action(plivo_phlo: Run) -> None:
    _, out, _ = plivo_phlo("journal", "run.db", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))

    assert [row["status"] for row in rows] == ["done", "failed", "unknown", "unknown"]
    assert [row["key"] for row in rows] == ["order-1", "order-2", "order-3", ""]
    assert rows[0]["to"] == "12025551111"
    assert rows[3]["member_address"] == "12025550701"
    assert datetime.fromisoformat(rows[0]["begun"]).tzinfo is not None


def test_json_has_an_object_for_each_action(plivo_phlo: Run) -> None:
    _, out, _ = plivo_phlo("journal", "run.db", "--json")
    outcomes = [json.loads(line) for line in out.splitlines()]

    assert [outcome["status"] for outcome in outcomes] == ["done", "failed", "unknown", "unknown"]
    assert outcomes[0]["result"]["api_id"] == "the-id"
    assert outcomes[1]["error"]["type"] == "BadRequestError"
    assert outcomes[3]["action"] == HOLD.to_dict()


def test_a_status_chooses_and_the_counts_are_of_all(plivo_phlo: Run) -> None:
    _, out, err = plivo_phlo("journal", "run.db", "--csv", "--status", "unknown")

    assert [row["number"] for row in csv.DictReader(io.StringIO(out))] == ["3", "4"]
    assert "1 done, 1 failed, 2 unknown" in err


def test_an_unknown_action_is_settled_by_its_key_or_its_number(plivo_phlo: Run) -> None:
    code, out, err = plivo_phlo(
        *("journal", "run.db", "--settle", "order-3=done", "--settle", "4=failed", "--csv")
    )

    assert code == 0
    assert [row["status"] for row in csv.DictReader(io.StringIO(out))] == [
        *("done", "failed", "done", "failed"),
    ]
    assert err.splitlines() == [
        "order-3: call …1113 is done.",
        "4: hold …0701 is failed.",
        "run.db: 4 actions, 2 done, 2 failed, 0 unknown.",
    ]


@pytest.mark.parametrize(
    ("settlement", "message"),
    [
        ("order-3", "write KEY=done or KEY=failed"),
        ("order-3=maybe", "write KEY=done or KEY=failed"),
        ("order-1=failed", "key 'order-1' is done; only an unknown action can be settled"),
        ("order-9=done", "it has no action with key 'order-9'"),
        ("9=done", "it has no action with number 9"),
    ],
)
def test_what_cannot_be_settled_is_refused(plivo_phlo: Run, settlement: str, message: str) -> None:
    code, out, err = plivo_phlo("journal", "run.db", "--settle", settlement)

    assert code == 2
    assert out == ""
    assert message in err


def test_a_file_that_does_not_exist_is_not_created(plivo_phlo: Run) -> None:
    code, _, err = plivo_phlo("journal", "other.db")

    assert code == 2
    assert "other.db: there is no such file" in err
    assert not Path("other.db").exists()


def test_what_is_no_journal_is_refused(plivo_phlo: Run) -> None:
    Path("notes.db").write_text("to,verb\n" * 100)
    code, _, err = plivo_phlo("journal", "notes.db")

    assert code == 2
    assert "notes.db: this is no journal; give another path." in err
