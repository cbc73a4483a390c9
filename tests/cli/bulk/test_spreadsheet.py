"""A list that a spreadsheet exported goes from the file to the results, with its own columns."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.faults.rules import parse_rule

from ..conftest import Run

# What Excel writes as "CSV UTF-8" where the comma is the decimal sign.
EXPORT = (
    "\ufeffCustomer ID;Name;Phone;Balance;Comment\r\n"
    'C-1;"Doe, Ann";+1 (202) 555-0101;"1,50";\r\n'
    'C-2;"Roe; Ben";\u202a+12025550102\u202c;0;"calls back\r\nafter ""six"""\r\n'
    ";;;;\r\n"
    "C-3;José;12025550103;-3;=SUM(D2:D3)\r\n"
)
OPTIONS = (
    *("--map", "to=Phone,key=Customer ID"),
    *("--verb", "call", "--trigger-source", "12025550100", "--role", "customer"),
)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("calls.csv").write_bytes(EXPORT.encode())


def _results() -> list[dict[str, str]]:
    text = Path("out.csv").read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";", strict=True))


def test_the_results_are_the_export_with_the_outcomes(
    plivo_phlo: Run, emulator: PhloEmulator
) -> None:
    emulator.add_fault(parse_rule("@12025550103:soft_error"))
    code, _, err = plivo_phlo("bulk", "calls.csv", *OPTIONS, "--results", "out.csv")
    emulator.clear_faults()
    results = {row["Customer ID"]: row for row in _results()}

    assert code == 1
    assert "Not used: 'Name', 'Balance', 'Comment'." in err
    assert emulator.dialled == {"+12025550101": 1, "+12025550102": 1}
    assert Path("out.csv").read_bytes().startswith(b"\xef\xbb\xbfCustomer ID;Name;Phone;")
    assert results["C-1"]["Name"] == "Doe, Ann"
    assert results["C-2"]["Comment"] == 'calls back\r\nafter "six"'
    assert results["C-3"]["Name"] == "José"
    assert results["C-3"]["Comment"] == "=SUM(D2:D3)"
    assert [results[key]["status"] for key in ("C-1", "C-2", "C-3")] == ["done", "done", "failed"]
    assert [results[key]["line"] for key in ("C-1", "C-2", "C-3")] == ["2", "3", "6"]


def test_the_failed_rows_of_the_results_are_a_list_again(
    plivo_phlo: Run, emulator: PhloEmulator
) -> None:
    emulator.add_fault(parse_rule("@12025550103:soft_error x1"))
    plivo_phlo("bulk", "calls.csv", *OPTIONS, "--results", "out.csv")
    head, *rows = Path("out.csv").read_bytes().split(b"\n")
    Path("again.csv").write_bytes(b"\n".join([head, *(row for row in rows if b";failed;" in row)]))
    code, _, _ = plivo_phlo("bulk", "again.csv", *OPTIONS, "--results", "second.jsonl")
    (second,) = map(json.loads, Path("second.jsonl").read_text().splitlines())

    assert code == 0
    assert (second["status"], second["input_status"], second["Name"]) == ("done", "failed", "José")


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ('"=""12025550103"""', "is a formula; save the cell's value."),
        ("1,20256E+10", "is a number rounded by a spreadsheet"),
        ("#N/A", "'#N/A' is an error of the spreadsheet"),
        ("+1-202-555-0101", "…0101 is dialled on line 2 already."),
    ],
)
def test_a_bad_cell_is_refused_with_its_line_and_nothing_is_sent(
    plivo_phlo: Run, emulator: PhloEmulator, cell: str, reason: str
) -> None:
    Path("calls.csv").write_bytes(EXPORT.replace("12025550103", cell).encode())
    code, out, err = plivo_phlo("bulk", "calls.csv", *OPTIONS)
    first, hint, last = err.splitlines()

    assert (code, out, list(emulator.received)) == (2, "", [])
    assert first.startswith("calls.csv, line 6: to: ")
    assert reason in first
    assert "pass --" in hint
    assert last == "Nothing was sent."


def test_any_address_is_sent_as_it_is_on_demand(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    Path("calls.csv").write_text("to\n1 202 555 0101\n12025550102x5\n")
    options = ("--verb", "call", "--trigger-source", "ann")
    code, _, _ = plivo_phlo("bulk", "calls.csv", *options, "--any-address")

    assert code == 0
    assert set(emulator.dialled) == {"1 202 555 0101", "12025550102x5"}


@pytest.mark.parametrize(("choice", "calls"), [("skip", 1), ("allow", 2)])
def test_a_phone_that_is_there_twice_is_called_as_chosen(
    plivo_phlo: Run, emulator: PhloEmulator, choice: str, calls: int
) -> None:
    Path("calls.csv").write_bytes(EXPORT.replace("12025550103", "1-202-555-0101").encode())
    _, _, err = plivo_phlo("bulk", "calls.csv", *OPTIONS, "--duplicates", choice)

    assert len(emulator.received) == 1 + calls
    assert "  line 6: …0101, as on line 2" in err


def test_a_list_that_is_saved_again_before_it_is_confirmed_is_not_run(
    emulator: PhloEmulator,
) -> None:
    rows = "".join(f"12025550{number}\n" for number in range(100, 121))
    Path("calls.csv").write_text(f"to\n{rows}")
    command = [sys.executable, "-m", "plivo_phlo_async", "bulk", "calls.csv", "--verb", "call"]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*command, "--trigger-source", "12025550100"],
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.DEVNULL,
    )
    os.close(theirs)
    shown = b""
    while b"Continue?" not in shown:
        shown += os.read(ours, 65536)
    Path("new.csv").write_text(f"to\n{rows}12025550199\n")
    Path("new.csv").replace("calls.csv")
    os.write(ours, b"y\n")
    while True:
        try:
            shown += os.read(ours, 65536)
        except OSError:  # how a terminal ends
            break
    os.close(ours)

    assert process.wait(20) == 2
    assert b"the list has changed since it was opened; start the command again." in shown
    assert emulator.dialled == {}
