"""The advice after a bulk run fits the reason why it ended."""

from __future__ import annotations

import json
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from plivo_phlo_async import AuthenticationError, BulkReport, BulkStatus, JournalError
from plivo_phlo_async.cli.bulk.advice import EndReason, advice_for, end_reason, resume_command
from plivo_phlo_async.cli.bulk.outcome import RunOutcome
from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.faults.rules import parse_rule

from ..conftest import Run

SAME = "plivo-phlo bulk calls.csv --journal run.db"


def _outcome(**values: Any) -> RunOutcome:
    """Return the outcome of a run of four rows."""
    argv = ["bulk", "calls.csv", *(["--journal", "run.db"] if values.get("journal", True) else [])]
    return RunOutcome("calls.csv", argv, 4, **{"journal": True, **values})


def _journal_error(cause: Exception | None) -> JournalError:
    error = JournalError("run.db: it is so.")
    error.__cause__ = cause
    return error


DENIED = AuthenticationError("call: 401", status_code=401)
ALL = {BulkStatus.DONE: 4, BulkStatus.FAILED: 0, BulkStatus.UNKNOWN: 0}
SOME = BulkReport(done=2)
RUNS: dict[str, tuple[EndReason, dict[str, Any]]] = {
    "finished": (EndReason.FINISHED, {"report": BulkReport(done=4), "sent": True}),
    "finished before": (
        EndReason.FINISHED_BEFORE,
        {"report": BulkReport(skipped=4), "earlier": ALL, "in_all": ALL},
    ),
    "interrupted": (EndReason.INTERRUPTED, {"report": SOME, "sent": True, "interrupted": True}),
    "credentials": (
        EndReason.CREDENTIALS,
        {"report": BulkReport(done=1, failed=1), "sent": True, "denied": DENIED},
    ),
    "unreachable": (
        EndReason.UNREACHABLE,
        {"report": BulkReport(failed=4), "sent": True, "unreachable": 4},
    ),
    "journal refused": (
        EndReason.JOURNAL_REFUSED,
        {"report": SOME, "sent": True, "stopped_by": _journal_error(None)},
    ),
    "journal failed": (
        EndReason.JOURNAL_FAILED,
        {"report": SOME, "sent": True, "stopped_by": _journal_error(OSError(28, "full"))},
    ),
    "results failed": (
        EndReason.RESULTS_FAILED,
        {"report": SOME, "sent": True, "stopped_by": OSError(28, "full", "out.jsonl")},
    ),
    "list failed": (
        EndReason.LIST_FAILED,
        {"report": SOME, "sent": True, "stopped_by": ValueError("line 3: it is wrong.")},
    ),
}
SAYS = {
    "finished": "",
    "finished before": "Every action was finished before: nothing was sent.",
    "interrupted": "",
    "credentials": "Check PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN.",
    "unreachable": "`plivo-phlo doctor` checks the connection.",
    "journal refused": "Stopped: run.db: it is so. Nothing more was sent.",
    "journal failed": "Stopped: run.db: it is so.",
    "results failed": "Stopped: --results out.jsonl: full.",
    "list failed": "Stopped: line 3: it is wrong. Nothing more was sent.",
}
COMMANDS = {
    "finished": [],
    "finished before": [],
    "interrupted": [("To resume", SAME)],
    "credentials": [("To resume, with the right credentials", f"{SAME} --retry-failed")],
    "unreachable": [("To retry the failed actions", f"{SAME} --retry-failed")],
    "journal refused": [],
    "journal failed": [("To resume, once that is fixed", SAME)],
    "results failed": [("To resume, once that is fixed", SAME)],
    "list failed": [],
}


@pytest.mark.parametrize("name", RUNS)
def test_each_reason_has_its_own_advice(name: str) -> None:
    reason, values = RUNS[name]
    outcome = _outcome(**values)
    advice = advice_for(outcome)

    assert end_reason(outcome) is reason
    assert SAYS[name] in " ".join(advice.lines)
    assert advice.commands == COMMANDS[name]


def test_every_reason_is_tried() -> None:
    assert [reason for reason, _ in RUNS.values()] == list(EndReason)


@pytest.mark.parametrize("name", ["journal refused", "list failed", "finished before"])
def test_a_command_that_fails_again_is_never_suggested(name: str) -> None:
    assert resume_command(_outcome(**RUNS[name][1])) is None


@pytest.mark.parametrize(
    ("report", "says"),
    [
        (BulkReport(done=1), "There is no journal: remove the finished rows"),
        (BulkReport(unknown=1), "There is no journal: remove the finished rows"),
        (BulkReport(failed=1), "Nothing was carried out: the same command starts again."),
    ],
)
def test_without_a_journal_finished_rows_are_to_be_removed_if_there_are_any(
    report: BulkReport, says: str
) -> None:
    outcome = _outcome(report=report, sent=True, interrupted=True, journal=False)

    assert says in " ".join(advice_for(outcome).lines)
    assert advice_for(outcome).commands == []


def test_what_failed_and_what_is_unknown_have_a_command_each() -> None:
    in_all = {BulkStatus.DONE: 2, BulkStatus.FAILED: 1, BulkStatus.UNKNOWN: 1}
    outcome = _outcome(report=BulkReport(done=2, failed=1, unknown=1), sent=True, in_all=in_all)

    assert advice_for(outcome).commands == [
        ("To retry the failed actions", f"{SAME} --retry-failed"),
        ("To repeat the unknown actions, after checking", f"{SAME} --retry-unknown"),
    ]


# With real journals


def _list(name: str, *numbers: int) -> None:
    rows = [f"call,12025550000,1202555{number},k{number}\n" for number in numbers]
    Path(name).write_text("verb,trigger_source,to,key\n" + "".join(rows))


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _list("calls.csv", 1001, 1002, 1003)
    _list("others.csv", 2001, 2002, 2003)


@pytest.fixture
def bulk(plivo_phlo: Run, emulator: PhloEmulator) -> Run:
    """Run a list one action at a time."""
    return lambda *argv: plivo_phlo("bulk", *argv, "--rate", "none", "--concurrency", "1")


def test_the_journal_of_another_list_is_one_line_without_its_counts_or_a_command(
    bulk: Run, emulator: PhloEmulator
) -> None:
    bulk("calls.csv", "--journal", "run.db")
    code, out, err = bulk("others.csv", "--journal", "run.db")
    start, *rest = err.splitlines()

    assert (code, out, len(emulator.dialled)) == (2, "", 3)
    assert start.startswith("others.csv: 3 rows")
    assert len(rest) == 1
    assert "run.db: this journal belongs to another list of actions" in rest[0]
    assert rest[0].endswith(" Nothing was sent.")


def test_a_list_that_was_changed_below_new_rows_is_not_resumed(
    bulk: Run, emulator: PhloEmulator
) -> None:
    bulk("calls.csv", "--journal", "run.db")
    _list("calls.csv", 1001, 1002, 1009, 1003)
    Path("calls.csv").write_text(Path("calls.csv").read_text().replace("5551003", "5557777"))
    code, _, err = bulk("calls.csv", "--journal", "run.db")

    assert (code, len(emulator.dialled)) == (1, 4)
    assert "key 'k1003' is another action there" in err
    assert "Nothing more was sent." in err
    assert "plivo-phlo bulk calls.csv" not in err


def test_a_journal_in_use_is_one_line_without_a_command(bulk: Run, emulator: PhloEmulator) -> None:
    bulk("calls.csv", "--journal", "run.db")
    emulator.reset()
    with closing(sqlite3.connect("run.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        code, _, err = bulk("calls.csv", "--journal", "run.db")

    assert (code, err.count("\n"), emulator.dialled) == (2, 2, {})
    assert err.endswith(
        "run.db: another run is using this journal; wait for it to end, or give another path."
        " Nothing was sent.\n"
    )


@pytest.mark.parametrize("content", [b"no journal", b"SQLite format 3\0" + bytes(100)])
def test_a_damaged_journal_is_one_line_without_a_command(
    bulk: Run, emulator: PhloEmulator, content: bytes
) -> None:
    Path("run.db").write_bytes(content)
    code, _, err = bulk("calls.csv", "--journal", "run.db")

    assert (code, err.count("\n"), emulator.dialled) == (2, 2, {})
    assert err.endswith(" Nothing was sent.\n")


def test_refused_credentials_with_a_journal_are_resumed_with_the_failed_action(
    bulk: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "wrong")
    code, out, err = bulk("calls.csv", "--journal", "run.db", "--json")
    summary = json.loads(out)

    assert (code, summary["reason"]) == (3, "credentials")
    assert "To resume, with the right credentials:\n" in err
    assert shlex.split(summary["resume"])[-1] == "--retry-failed"


# A second night


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        (None, 0, "Every action was finished before: nothing was sent."),
        ("soft_error", 1, "Every action was finished before: nothing was sent."),
        ("500", 5, "Every other action was finished before: nothing was sent."),
    ],
)
def test_a_second_night_says_that_all_was_finished_before_and_exits_as_the_first(
    bulk: Run, emulator: PhloEmulator, fault: str | None, code: int, says: str
) -> None:
    if fault is not None:
        emulator.add_fault(parse_rule(f"@12025551002:{fault} x1"))
    first = bulk("calls.csv", "--journal", "run.db")[0]
    sent = emulator.requests
    second, out, err = bulk("calls.csv", "--journal", "run.db", "--json")

    assert (first, second, emulator.requests) == (code, code, sent)
    assert json.loads(out)["reason"] == "finished_before"
    assert says in " ".join(err.split())
    assert "pass another --journal" in err
    assert "per second" not in err


def test_a_first_night_does_not_say_so(bulk: Run) -> None:
    assert "finished before" not in bulk("calls.csv", "--journal", "run.db")[2]
