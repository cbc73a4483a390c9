"""Each row of a list is one action, checked; a bad row has its line and the reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from plivo_phlo_async import Action
from plivo_phlo_async.cli.bulk.formats import FileError, RowError, format_of
from plivo_phlo_async.cli.bulk.rows import Row

from .lists import PLACE, read

AGENT, ANN_PHONE, BEN_PHONE = "12025550100", "12025550101", "12025550102"
ANN, BEN = (Action.call("p", "n", AGENT, phone) for phone in (ANN_PHONE, BEN_PHONE))
CSV = f"verb,trigger_source,to\ncall,{AGENT},{ANN_PHONE}\ncall,{AGENT},{BEN_PHONE}\n"


def _actions(
    text: str, form: str = "csv", defaults: Mapping[str, Any] = PLACE, **options: Any
) -> list[Action]:
    rows = read(text, form, defaults, **options)
    assert [row for row in rows if isinstance(row, RowError)] == []
    return [row.action for row in rows if isinstance(row, Row)]


def _bad(
    text: str, form: str = "csv", defaults: Mapping[str, Any] = PLACE, **options: Any
) -> list[tuple[int, str]]:
    rows = read(text, form, defaults, **options)
    return [(row.line, row.reason) for row in rows if isinstance(row, RowError)]


# Lists that spreadsheets and programs write


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        CSV.replace("\n", "\r\n"),
        CSV.replace("\n", "\r"),
        CSV.replace(",", ";"),
        CSV.replace(",", "\t"),
        "sep=;\r\n" + CSV.replace(",", ";"),
        '"sep=|"\n' + CSV.replace(",", "|"),
        "\n\nSEP=;\n" + CSV.replace(",", ";"),
        CSV.replace("\n", "\n\n"),
        CSV.replace("\n", "\n,,\n"),
        CSV.replace(",", " , "),
        CSV.replace("call", "CALL"),
        CSV.replace("verb,trigger_source,to", "Verb,Trigger Source,TO"),
        CSV.replace("trigger_source", "triggerSource"),
        CSV.replace("verb,trigger_source,to", '"verb",trigger-source,"to"'),
        CSV.replace("\n", ",\n"),
    ],
    ids=str.encode,
)
def test_what_spreadsheets_write_is_the_same_list(text: str) -> None:
    assert _actions(text) == [ANN, BEN]


def test_a_delimiter_in_a_quoted_name_does_not_count() -> None:
    text = f'"Name, given, middle, last";to;trigger_source;verb\nAnn;{ANN_PHONE};{AGENT};call\n'

    assert _actions(text) == [ANN]


def test_json_lines_are_the_same_list() -> None:
    lines = [json.dumps({**action.to_dict(), "key": None}) for action in (ANN, BEN)]

    assert _actions("\n".join([*lines, " ", ""]), "jsonl") == [ANN, BEN]


def test_whole_json_numbers_are_their_digits() -> None:
    line = f'{{"verb": "call", "to": {ANN_PHONE}, "trigger_source": {AGENT}, "key": 7}}'

    assert _actions(line, "jsonl") == [Action.call("p", "n", AGENT, ANN_PHONE, key="7")]


def test_a_row_wins_over_the_options_and_gets_only_what_its_verb_takes() -> None:
    text = (
        f"verb,to,phlo_id,payload\nwarm-transfer,{ANN_PHONE},,\n"
        f',{BEN_PHONE},q,\nrun,,q,"{{""a"": 1}}"\n'
    )
    options = {**PLACE, "verb": "call", "trigger_source": AGENT, "role": "customer"}

    assert _actions(text, defaults=options) == [
        Action.warm_transfer("p", "n", AGENT, ANN_PHONE, "customer"),
        Action.call("q", "n", AGENT, BEN_PHONE, "customer"),
        Action.run("q", {"a": 1}),
    ]


def test_a_node_type_for_all_rows_applies_to_every_row_at_a_node() -> None:
    text = f"verb,member_address\nmute,{ANN_PHONE}\nrun,\n"
    options = {**PLACE, "node_type": "conference_bridge"}

    assert _actions(text, defaults=options) == [
        Action.mute("p", "n", ANN_PHONE, node_type="conference_bridge"),
        Action.run("p"),
    ]
    assert _bad(f"verb,member_address\nhold,{ANN_PHONE}\n", defaults=options) == [
        (2, "node_type: a conference_bridge takes only mute, unmute, hangup, not hold.")
    ]


def test_a_value_may_run_over_lines_and_the_next_row_still_knows_its_own() -> None:
    rows = read('verb,payload,key\nrun,"{""a"":\n1}",a\nrun,,b\n')

    assert [row.line for row in rows] == [2, 4]


def test_lines_count_from_the_first_one_of_the_file() -> None:
    rows = read("\nsep=;\n\n" + CSV.replace(",", ";"))

    assert [row.line for row in rows] == [5, 6]


# Columns


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_map_names_the_columns_and_the_others_pass_through(form: str) -> None:
    cells = {"Phone": ANN_PHONE, "Customer ID": "c1", "Name": " Ann ", "verb": "call"}
    csv = f"{','.join(cells)}\n{','.join(cells.values())}\n"
    text = csv if form == "csv" else json.dumps(cells)
    options = {**PLACE, "trigger_source": AGENT}
    (row,) = read(text, form, options, {"to": "phone", "key": "customer id"})

    assert isinstance(row, Row)
    assert row.action == Action.call("p", "n", AGENT, ANN_PHONE, key="c1")
    assert row.cells == cells


def test_columns_without_a_name_or_with_the_same_name_pass_through() -> None:
    text = f"verb,member_address,Note,,Note\nhold,{ANN_PHONE},a,b,c\n"
    (row,) = read(text)

    assert isinstance(row, Row)
    assert list(row.cells.values()) == ["hold", ANN_PHONE, "a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("to,To\n1,2\n", "line 1: to: columns 1 ('to') and 2 ('To') are both it"),
        ("12025550101,12025550102\n", "line 1: it names no field of an action"),
        ("sep=a\nto\n", "line 1: 'a' is not a separator."),
        (",".join(["x"] * 1001) + "\n", "line 1: it has more than 1000 columns."),
    ],
)
def test_columns_that_cannot_be_read_are_refused(text: str, reason: str) -> None:
    with pytest.raises(FileError) as refused:
        read(text)

    assert reason in str(refused.value)


def test_json_lines_with_too_many_names_are_refused() -> None:
    text = "\n".join(f'{{"verb": "run", "n{number}": 1}}' for number in range(1000))

    with pytest.raises(FileError, match="more than 1000 different names"):
        read(text, "jsonl")


# Bad rows


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("verb,to\ndial,2\n", 2, "verb: 'dial' is not one of call, warm_transfer"),
        ("to\n2\n", 2, "verb: the column is missing, but every row requires it, or pass --verb."),
        ("verb,to\n,2\n", 2, "verb: it is empty, but every row requires it, or pass --verb."),
        ("verb,to\ncall,2\n", 2, "trigger_source: the column is missing, but call requires it"),
        ("verb,member_address\nhold,\n", 2, "member_address: it is empty, but hold requires it"),
        ("verb,member_address\nhold,..\n", 2, "member_address: '..' is neither a phone number"),
        (f"verb,member_address,to\nhold,{AGENT},{AGENT}\n", 2, "to: hold does not take it"),
        (f"verb,member_address,role\nhold,{AGENT},boss\n", 2, "role: 'boss' is not one of"),
        ("verb,member_address\nhold,1,2\n", 2, "it has 3 fields, but there are 2"),
        ("verb,member_address\nhold\n", 2, "it has 1 fields, but there are 2"),
        ("verb,payload\nrun,{\n", 2, "payload: it is not valid JSON: Expecting property name"),
        ("verb,payload\nrun,[]\n", 2, "payload: it is not a JSON object"),
        ("verb,member_address\nhold,1.20256E+10\n", 2, "rounded by a spreadsheet"),
        ('verb,member_address\nhold,"1\nhold,2\n', 2, "it is invalid CSV (unexpected end of data)"),
        (f'verb,to\ncall,"{"1" * 140_000}"\n', 2, "it is invalid CSV (field larger than"),
    ],
)  # fmt: skip
def test_a_bad_row_of_csv_has_its_line_and_the_reason(text: str, line: int, says: str) -> None:
    ((at, reason),) = _bad(text)

    assert at == line
    assert says in reason


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"verb": "hold",', "it is not valid JSON: Expecting property name"),
        ("[" * 100_000, "it is not valid JSON: "),
        ('[{"verb": "hold"}]', "it is not a JSON object; write one object per line."),
        ('{"verb": "hold"}', "member_address: it is missing or empty, but hold requires it"),
        ('{"verb": "hold", "member_address": 12025550101.0}', "it is a float; write it as a"),
        ('{"verb": "hold", "member_address": true}', "it is a bool; write it as a string."),
        ('{"verb": ["hold"], "member_address": "1"}', "verb: ['hold'] is not one of"),
        ('{"verb": "run", "payload": {"a": NaN}}', "payload: it cannot be written as JSON"),
        ('{"verb": "run", "key": 7.5}', "key: give a string, not float."),
        ('{"verb": "run", "key": "\\ud800"}', "is not valid Unicode text."),
        ('{"verb": "run", "Key": "a", "key": "a"}', "key: two names hold it; 'key' is one."),
    ],
)
def test_a_bad_json_line_has_its_line_and_the_reason(text: str, says: str) -> None:
    good = f'{{"verb": "hold", "member_address": "{ANN_PHONE}"}}\n\n'
    ((at, reason),) = _bad(good + text, "jsonl")

    assert at == 3
    assert says in reason


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("field", ["to", "trigger_source", "member_address"])
@pytest.mark.parametrize("text", ["12025551111.0", "#N/A", "call me", "12025551111<12025552222"])
def test_every_field_that_is_dialled_is_asked_whether_it_is_an_address(
    form: str, field: str, text: str
) -> None:
    values = {"verb": "hold", "member_address": AGENT}
    if field != "member_address":
        values = {"verb": "call", "to": ANN_PHONE, "trigger_source": AGENT}
    values[field] = text
    csv = f"{','.join(values)}\n{','.join(values.values())}\n"
    ((_, reason),) = _bad(csv if form == "csv" else json.dumps(values), form)

    assert reason.startswith(f"{field}: ")
    assert reason.endswith(".")


def test_any_address_sends_what_is_there() -> None:
    (action,) = _actions("verb,member_address\nhold,call me (1)\n", any_address=True)

    assert action.member_address == "call me (1)"


def test_a_cleaned_address_is_reported_with_what_was_removed() -> None:
    (row,) = read(f"verb,to,trigger_source\ncall,+1 (202) 555-0101,{AGENT}\n")

    assert isinstance(row, Row)
    assert row.action.to == "+12025550101"
    ((line, name, removed),) = [(each.line, each.name, each.removed) for each in row.cleaned]
    assert (line, name, set(removed)) == (2, "to", {"spaces", "parentheses", "hyphens"})


def test_every_bad_row_is_reported_and_a_missing_column_once() -> None:
    text = f"verb,member_address,key\nhold,,a\ncall,,b\ncall,,c\nhold,{AGENT},\nhold,-,e\n"

    assert [line for line, _ in _bad(text)] == [2, 3, 3, 6]


def test_a_misspelled_column_is_named_where_a_required_one_is_missing() -> None:
    ((_, reason),) = _bad(f"verb,to,trigger_sorce\ncall,{ANN_PHONE},{AGENT}\n")

    assert "Is it 'trigger_sorce'? Rename that column, or pass --map trigger_source=" in reason


def test_a_phlo_that_is_missing_can_be_an_option() -> None:
    found = _bad(f"verb,member_address\nhold,{AGENT}\n", defaults={"verb": "hold"})

    assert [reason.rpartition(", ")[2] for _, reason in found] == [
        "or pass --phlo.",
        "or pass --node.",
    ]


@pytest.mark.parametrize("number", ["12025550101", "+1 (202) 555-0101", "sip:5550101@x.example"])
@pytest.mark.parametrize("column", ["verb", "role"])
def test_no_message_shows_a_full_number(number: str, column: str) -> None:
    text = f"verb,member_address,{column if column != 'verb' else 'run_id'}\n"
    row = f"{number},{AGENT},\n" if column == "verb" else f"hold,{AGENT},{number}\n"
    found = _bad(text + row)

    assert found
    assert not any(number in reason for _, reason in found)


@pytest.mark.parametrize(
    ("name", "head", "form"),
    [
        ("a.CSV", "{", "csv"),
        ("a.jsonl", "verb", "jsonl"),
        ("-", '\ufeff\n {"verb"', "jsonl"),
        ("-", "verb,to", "csv"),
        ("a.txt", "", "csv"),
    ],
)
def test_the_name_gives_the_format_else_the_first_character(
    name: str, head: str, form: str
) -> None:
    assert format_of(name, head) == form
