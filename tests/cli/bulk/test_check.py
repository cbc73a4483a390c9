"""The check of a list finds keys and phones that are there twice, in flat memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from plivo_phlo_async.cli.bulk.check import Layout, check_list
from plivo_phlo_async.cli.bulk.formats import FileError
from plivo_phlo_async.cli.bulk.list_file import ListFile
from plivo_phlo_async.cli.bulk.notes import notes, passed_through, used_columns
from plivo_phlo_async.cli.bulk.rows import Duplicates, ListOptions

from .lists import PLACE, checked

AGENT = "12025550100"
TWICE = (
    "verb,to,trigger_source,key\n"
    f"call,12025550101,{AGENT},a\n"
    f"call,12025550102,{AGENT},b\n"
    f"warm_transfer,+1 (202) 555-0101,{AGENT},c\n"
    f"call,+12025550101,{AGENT},d\n"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls.csv"


def test_a_phone_in_two_spellings_is_refused_with_both_lines(path: Path) -> None:
    with checked(path, TWICE) as found:
        assert [(error.line, error.reason) for error in found.errors.first] == [
            (4, "to: …0101 is dialled on line 2 already."),
            (5, "to: …0101 is dialled on line 2 already."),
        ]
        assert "--duplicates skip" in " ".join(found.hints)


def test_skip_keeps_the_first_row_of_each_phone(path: Path) -> None:
    with checked(path, TWICE, duplicates=Duplicates.SKIP) as found:
        assert [row.line for row in found.rows()] == [2, 3]
        assert (found.total, found.plan.dials, found.plan.numbers) == (2, 2, 2)
        assert found.repeats.count == 2
        assert list(notes(found))[-3:] == [
            "Skipped 2 rows that dial a phone again:",
            "  line 4: …0101, as on line 2",
            "  line 5: …0101, as on line 2",
        ]


def test_allow_keeps_every_row(path: Path) -> None:
    with checked(path, TWICE, duplicates=Duplicates.ALLOW) as found:
        assert [row.line for row in found.rows()] == [2, 3, 4, 5]
        assert str(found.plan) == "dials 2 numbers (4 times)"
        assert "2 rows that dial a phone again:" in list(notes(found))


def test_one_sip_address_in_two_spellings_is_refused(path: Path) -> None:
    text = (
        "verb,to,trigger_source\ncall,sip:a@X.example,12025550100\ncall,SIP:a@x.EXAMPLE,sip:a@x\n"
    )
    with checked(path, text) as found:
        assert [error.line for error in found.errors.first] == [3]


def test_verbs_that_do_not_dial_may_name_a_member_twice(path: Path) -> None:
    with checked(path, f"verb,member_address\nhold,{AGENT}\nunhold,{AGENT}\n") as found:
        assert (found.total, found.errors.count, found.repeats.count) == (2, 0, 0)


@pytest.mark.parametrize("duplicates", list(Duplicates))
def test_a_key_that_is_used_twice_is_refused(path: Path, duplicates: Duplicates) -> None:
    text = f"verb,member_address,key\nhold,{AGENT},a\nhold,{AGENT},b\nhold,{AGENT},a\n"
    with checked(path, text, duplicates=duplicates) as found:
        assert [(error.line, error.reason) for error in found.errors.first] == [
            (4, "key: 'a' is used on line 2 already; each row needs its own key.")
        ]


def test_many_findings_are_counted_and_the_first_are_kept(path: Path) -> None:
    text = "verb,to,trigger_source\n" + f"call,1 202 555 0101,{AGENT}\n" * 500
    with checked(path, text) as found:
        assert (len(found.errors.first), found.errors.count) == (50, 499)
        assert (len(found.cleaned.first), found.cleaned.count) == (5, 500)
        assert (len(found.repeats.first), found.repeats.count) == (5, 499)
        assert list(notes(found))[:7:6] == ["Cleaned 500 addresses:", "  and 495 more"]


@pytest.mark.parametrize("content", [b"", b" \n\n", b"verb,to\n"])
def test_a_list_without_rows_is_refused(path: Path, content: bytes) -> None:
    with (
        pytest.raises(FileError, match="it is empty; write one row per action"),
        checked(path, content),
    ):
        pass


@pytest.mark.parametrize("name", ["calls.csv", "calls.jsonl"])
def test_a_mapped_column_that_is_missing_is_refused_once(tmp_path: Path, name: str) -> None:
    text = "verb,Telephone\ncall,1\n" if name.endswith("csv") else '{"verb": "call"}\n' * 9

    with (
        pytest.raises(FileError, match="--map to: there is no column 'Phone'"),
        checked(tmp_path / name, text, columns={"to": "Phone"}),
    ):
        pass


def test_columns_are_reported_with_what_they_may_mean(path: Path) -> None:
    text = f"Verb,Phone,trigger_source,Rol,Name\ncall,12025550101,{AGENT},,Ann\n"
    with checked(path, text, columns={"to": "phone"}) as found:
        assert used_columns(found) == {
            "verb": "Verb",
            "to": "Phone",
            "trigger_source": "trigger_source",
        }
        assert passed_through(found) == ["Rol", "Name"]
        assert list(notes(found)) == [
            "Columns: verb is 'Verb', to is 'Phone'.",
            "Not used: 'Rol' (is it role?), 'Name'.",
        ]


def test_the_layout_of_a_spreadsheet_s_list_is_known(path: Path) -> None:
    text = f"\ufeffverb;member_address;Name\nhold;{AGENT};Ann\n"
    with checked(path, text) as found:
        assert found.layout == Layout(("verb", "member_address", "Name"), ";", has_bom=True)


def test_memory_does_not_grow_with_the_list(path: Path) -> None:
    def peak(rows: int) -> int:
        with path.open("w") as file:
            file.write("verb,to,trigger_source,key\n")
            for number in range(rows):
                file.write(f"call,{12025550000 + number},{AGENT},k{number}\n")
        with ListFile.open(str(path), None) as list_file:
            tracemalloc.start()
            found = check_list(list_file, ListOptions(PLACE))
            assert sum(1 for _ in found.rows()) == rows
            most = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return most

    peak(10)

    assert peak(2000) < peak(500) + 50_000
