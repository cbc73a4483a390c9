"""A file of actions is read and checked as a whole, and each bad row tells its line and why."""

from __future__ import annotations

import json

import pytest

from plivo_phlo_async import Action
from plivo_phlo_async.cli.bulk.formats import FileError, RowError, format_of
from plivo_phlo_async.cli.bulk.plan import Plan
from plivo_phlo_async.cli.bulk.rows import read_rows

PLACE = {"phlo_id": "p", "node_id": "n"}
ANN, BEN = Action.call("p", "n", "1", "12025550101"), Action.call("p", "n", "1", "12025550102")
CSV = "verb,trigger_source,to\ncall,1,12025550101\ncall,1,12025550102\n"


def _actions(text: str | bytes, form: str = "csv", **more: str) -> list[Action]:
    data = text.encode() if isinstance(text, str) else text
    reading = read_rows(data, form, {**PLACE, **more})
    assert reading.errors == []
    return [row.action for row in reading.rows]


def _bad(text: str, form: str = "csv", **more: str) -> list[tuple[int, str]]:
    return [(bad.line, bad.reason) for bad in read_rows(text.encode(), form, more or PLACE).errors]


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        CSV.replace("\n", "\r\n"),
        "\ufeff" + CSV,
        CSV.replace(",", ";"),
        CSV.replace(",", "\t"),
        CSV.replace("\n", "\n\n"),
        CSV.replace("\n", "\n,,\n"),
        CSV.replace(",", " , "),
        CSV.replace("call", "CALL"),
        'verb,trigger_source,to,role,member_address\ncall,1,"12025550101",,\ncall,1,12025550102,,',
    ],
    ids=str.encode,
)
def test_what_spreadsheets_write_is_the_same_list(text: str) -> None:
    assert _actions(text) == [ANN, BEN]


def test_json_lines_are_the_same_list() -> None:
    lines = [json.dumps({**action.to_dict(), "key": None}) for action in (ANN, BEN)]

    assert _actions("\n".join([*lines, " ", ""]), "jsonl") == [ANN, BEN]


def test_a_row_wins_over_the_options_and_gets_only_what_its_verb_takes() -> None:
    text = 'verb,to,phlo_id,payload\nwarm-transfer,2,,\n,3,q,\nrun,,q,"{""a"": 1}"\n'

    assert _actions(text, verb="call", trigger_source="1") == [
        Action.warm_transfer("p", "n", "1", "2"),
        Action.call("q", "n", "1", "3"),
        Action.run("q", {"a": 1}),
    ]


def test_a_value_may_run_over_lines_and_the_next_row_still_knows_its_own() -> None:
    text = 'verb,payload,key\nrun,"{""a"":\n1}",a\nrun,,a\n'

    assert read_rows(text.encode(), "csv", PLACE).errors == [
        RowError(4, "key: 'a' is used on line 2 already; each row needs its own key.")
    ]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("verb,to\ndial,2\n", 2, "verb: 'dial' is not one of call, warm_transfer"),
        ("to\n2\n", 2, "verb: the column is missing, but every row requires it, or pass --verb."),
        ("verb,to\n,2\n", 2, "verb: it is empty, but every row requires it, or pass --verb."),
        ("verb,to\ncall,2\n", 2, "trigger_source: the column is missing, but call requires it"),
        ("verb,phone\nhold,2\n", 1, "'phone': unknown column; the columns are verb"),
        ("verb,,to\nhold,,2\n", 1, "column 2 has no name."),
        ("verb,verb\nhold,hold\n", 1, "verb: duplicate column."),
        ("verb,member_address\nhold,\n", 2, "member_address: it is empty, but hold requires it."),
        ("verb,member_address\nhold,..\n", 2, "member_address: '..' is not an id or address."),
        ("verb,member_address,to\nhold,1,2\n", 2, "to: hold does not take it; leave it out."),
        ("verb,member_address,role\nhold,1,boss\n", 2, "role: 'boss' is not one of"),
        ("verb,member_address\nhold,1,2\n", 2, "it has 3 fields, but there are 2"),
        ("verb,member_address\nhold\n", 2, "it has 1 fields, but there are 2"),
        ("verb,payload\nrun,{\n", 2, "payload: it is not valid JSON: Expecting property name"),
        ("verb,payload\nrun,[]\n", 2, "payload: it is not a JSON object"),
        ("verb,member_address\nhold,1.20256E+10\n", 2, "rounded by a spreadsheet"),
        ('verb,member_address\nhold,"1\nhold,2\n', 2, "it is invalid CSV (unexpected end of data)"),
    ],
)  # fmt: skip
def test_a_bad_row_of_csv_tells_its_line_and_why(text: str, line: int, says: str) -> None:
    (told,) = _bad(text)

    assert told[0] == line
    assert says in told[1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"verb": "hold",', "it is not valid JSON: Expecting property name"),
        ("[" * 100_000, "it is not valid JSON: "),
        ('[{"verb": "hold"}]', "it is not a JSON object; write one object per line."),
        ('{"verb": "hold"}', "member_address: it is missing or empty, but hold requires it."),
        ('{"verb": "hold", "phone": "1"}', "'phone': unknown field; the fields are verb, phlo_id"),
        ('{"verb": "hold", "member_address": 1}', "member_address: give a string, not int."),
        ('{"verb": ["hold"], "member_address": "1"}', "verb: ['hold'] is not one of"),
        ('{"verb": "run", "payload": {"a": NaN}}', "payload: it cannot be written as JSON"),
        ('{"verb": "run", "key": 7}', "key: give a string, not int."),
        ('{"verb": "hold", "member_address": "\\ud800"}', "is not valid Unicode text."),
    ],
)
def test_a_bad_json_line_tells_its_line_and_why(text: str, says: str) -> None:
    good = '{"verb": "hold", "member_address": "1"}\n\n'
    (told,) = _bad(good + text, "jsonl")

    assert told[0] == 3
    assert says in told[1]


def test_every_bad_row_is_told_and_a_missing_column_once() -> None:
    text = "verb,member_address,key\nhold,,a\ncall,,b\ncall,,c\nhold,1,a\n"

    assert [line for line, _ in _bad(text)] == [2, 3, 3, 5]


def test_a_phlo_that_is_nowhere_can_be_given() -> None:
    told = _bad("verb,member_address\nhold,1\n", verb="hold")

    assert [reason.rpartition(", ")[2] for _, reason in told] == [
        "or pass --phlo.",
        "or pass --node.",
    ]


@pytest.mark.parametrize("number", ["12025550101", "+1 (202) 555-0101", "sip:5550101@x.example"])
@pytest.mark.parametrize("column", ["verb", "role", "key"])
def test_no_message_shows_a_full_number(number: str, column: str) -> None:
    text = f"verb,member_address,{column if column != 'verb' else 'run_id'}\n"
    row = f"{number},1,\n" if column == "verb" else f"hold,1,{number}\n"
    told = _bad(text + row + row, **PLACE)
    header = _bad(row)

    assert told
    assert header
    assert not any(number in reason for _, reason in told + header)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"verb,to\ncall,Ren\xe9\n", "line 2: byte 17 of the file, 0xe9, is not UTF-8"),
        (b"\xef\xbb\xbfverb\nhold\xff\n", "line 2: byte 13 of the file, 0xff, is not UTF-8"),
        (CSV.encode("utf-16"), "line 1: byte 1 of the file, 0xff, is not UTF-8; save it as UTF-8"),
        (CSV.encode("utf-16-le"), "as UTF-16 does; save it as UTF-8"),
        (b"", "it is empty"),
        (b" \n\n", "it is empty"),
        (b"verb,to\n", "it is empty; write one row per action"),
    ],
)
def test_what_is_no_list_at_all_says_why(data: bytes, says: str) -> None:
    with pytest.raises(FileError) as told:
        read_rows(data, "csv", PLACE)

    assert says in str(told.value)


@pytest.mark.parametrize(
    ("name", "data", "form"),
    [
        ("a.CSV", b"{", "csv"),
        ("a.jsonl", b"verb", "jsonl"),
        ("-", b'\xef\xbb\xbf\n {"verb"', "jsonl"),
        ("-", b"verb,to", "csv"),
        ("a.txt", b"", "csv"),
    ],
)
def test_the_name_tells_the_format_else_the_first_character(
    name: str, data: bytes, form: str
) -> None:
    assert format_of(name, data) == form


def test_the_plan_counts_rows_by_verb_and_phones_that_ring() -> None:
    plan = Plan.of([ANN, BEN, BEN, Action.hold("p", "n", "1"), Action.run("p")])

    assert plan.verbs == {"call": 3, "hold": 1, "run": 1}
    assert str(plan) == "dials 2 numbers (3 times) and starts 1 run of a PHLO, which may dial"
    assert str(Plan.of([Action.hold("p", "n", "1")])) == "dials no number"
