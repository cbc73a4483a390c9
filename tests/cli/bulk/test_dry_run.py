"""A dry run shows what would be sent, and sends nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from plivo_phlo_async.cli.bulk.countries import INVALID, Countries
from plivo_phlo_async.emulator import PhloEmulator

from ..conftest import Run

LIST = """\
Verb;Phone;Trigger Source;Customer ID;Name
call;+1 (202) 555-0101;12025550100;c1;Ann
call;+44 20 7946 0018;12025550100;c2;Ben
call;442079460018;12025550100;c3;Ben again
call;1202555010;12025550100;c4;Too short
call;sip:eve@example.com;12025550100;c5;Eve
"""
MAP = ("--map", "to=phone,key=customer id")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("calls.csv").write_text(LIST)


def test_it_shows_rows_countries_cleaned_cells_and_duplicates(
    plivo_phlo: Run, emulator: PhloEmulator
) -> None:
    code, out, err = plivo_phlo("bulk", "calls.csv", *MAP, "--duplicates", "skip", "--dry-run")

    assert (code, err, list(emulator.received)) == (0, "", [])
    assert out.splitlines() == [
        "calls.csv: 4 valid rows.",
        "  call                 4",
        "Columns: verb is 'Verb', to is 'Phone', trigger_source is 'Trigger Source', key is"
        " 'Customer ID'.",
        "Not used: 'Name'.",
        "Cleaned 2 addresses:",
        "  line 2: to: …0101: spaces, parentheses, hyphens",
        "  line 3: to: …0018: spaces",
        "Skipped 1 row that dials a phone again:",
        "  line 4: …0018, as on line 3",
        " line  verb  to             country          trigger_source  role   key",
        "    2  call  …0101          US               …0100           agent  c1",
        "    3  call  …0018          GB               …0100           agent  c2",
        "    5  call  …5010          no valid number  …0100           agent  c4",
        "    6  call  …@example.com  SIP              …0100           agent  c5",
        "Countries:",
        "  US                   1",
        "  GB                   1",
        "  no valid number      1  line 5",
        "  SIP                  1",
        "It dials 4 numbers. Dry run: nothing was sent.",
    ]


def test_as_json_it_has_the_whole_actions(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    options = ("--duplicates", "allow", "--dry-run", "--json")
    report = json.loads(plivo_phlo("bulk", "calls.csv", *MAP, *options)[1])

    assert report["countries"] == {"GB": 2, "US": 1, INVALID: 1, "SIP": 1}
    assert report["first_rows"][0]["action"]["to"] == "+12025550101"
    assert report["cleaned"]["first"][1] == {"line": 3, "field": "to", "removed": ["spaces"]}
    assert report["duplicates"] == {"count": 1, "first": [{"line": 4, "first_line": 3}]}
    assert (report["columns"]["to"], report["not_used"]) == ("Phone", ["Name"])


def test_without_the_data_of_countries_it_shows_the_rest(emulator: PhloEmulator) -> None:
    argv = ["plivo-phlo", "bulk", "calls.csv", *MAP, "--duplicates", "skip", "--dry-run"]
    code = (
        f"import sys; sys.modules['phonenumbers'] = None; sys.argv = {argv!r};"
        " from plivo_phlo_async.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)

    assert (done.returncode, done.stderr) == (0, "")
    assert "Countries" not in done.stdout
    assert done.stdout.endswith("It dials 4 numbers. Dry run: nothing was sent.\n")


def test_it_shows_the_first_ten_rows(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    rows = "".join(f"120255501{number:02}\n" for number in range(12))
    Path("holds.csv").write_text(f"member_address\n{rows}")
    _, out, _ = plivo_phlo("bulk", "holds.csv", "--verb", "hold", "--dry-run")

    assert "\n   11  hold  …0109           US\n and 2 more rows\n" in out


def test_a_key_cannot_control_the_table(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    Path("holds.csv").write_text("member_address,key\n12025550101,[red]12025550199[/red]\n")
    _, out, _ = plivo_phlo("bulk", "holds.csv", "--verb", "hold", "--dry-run")

    assert "[red]…0199[/red]" in out


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("12025550101", "US"),
        ("+14165550101", "CA"),
        ("442079460018", "GB"),
        ("+80012345678", "+800"),
        ("+390612345678", "IT"),
        ("9991234567", INVALID),
        ("1202555010", INVALID),
        ("call me", INVALID),
        ("sip:12025550101@example.com", "SIP"),
    ],
)
def test_the_country_of_an_address(address: str, country: str) -> None:
    assert Countries().of(address) == country


def test_numbers_of_one_block_have_their_country_at_once() -> None:
    countries = Countries()
    numbers = ["12025550101", "12025550199", "14165550101", "447700300111", "447400123456"]

    assert [countries.of(number) for number in numbers] == ["US", "US", "CA", "JE", "GB"]
