"""A field is found by its column's name, or by the name that --map gives it."""

from __future__ import annotations

import pytest

from plivo_phlo_async.cli.bulk.columns import ColumnError, Columns, read_map


@pytest.mark.parametrize(
    "name",
    [
        "trigger_source",
        "Trigger Source",
        "trigger-source",
        "triggerSource",
        " TRIGGER_SOURCE\u00a0",
    ],
)
def test_case_blanks_hyphens_and_underscores_of_a_name_do_not_matter(name: str) -> None:
    assert Columns({}).fields(name) == ("trigger_source",)


@pytest.mark.parametrize("name", ["Customer ID", "customer_id", "\ufeffCUSTOMER ID "])
def test_a_chosen_column_is_found_in_the_same_way(name: str) -> None:
    assert Columns({"key": "Customer ID"}).fields(name) == ("key",)


def test_a_chosen_column_replaces_the_field_s_own() -> None:
    columns = Columns({"to": "Phone", "role": ""})

    assert columns.fields("phone") == ("to",)
    assert columns.fields("to") == ()
    assert columns.fields("role") == ()


def test_one_column_may_hold_two_fields() -> None:
    assert Columns({"to": "Phone", "key": "Phone"}).assign(["Phone"]) == {"to": 0, "key": 0}


@pytest.mark.parametrize("names", [["to", "To"], ["Phone", "PHONE"], ["to", "Name", "t-o"]])
def test_two_columns_for_one_field_are_refused(names: list[str]) -> None:
    with pytest.raises(ColumnError, match=r"^to: columns 1 .* and [23] .* are both it"):
        Columns({} if "to" in names else {"to": "Phone"}).assign(names)


def test_a_chosen_column_that_is_missing_is_refused_with_the_closest_name() -> None:
    with pytest.raises(ColumnError, match=r"^--map to: there is no column 'Phon'; did you mean"):
        Columns({"to": "Phon"}).check_chosen(["Phone", "Name"])


def test_a_chosen_column_like_no_other_is_refused_with_the_names() -> None:
    with pytest.raises(ColumnError, match=r"the columns are 'Phone', 'Name'\.$"):
        Columns({"to": "Mobile"}).check_chosen(["Phone", "Name"])


@pytest.mark.parametrize(
    ("name", "field"),
    [("trigger_sorce", "trigger_source"), ("rol", "role"), ("Name", None), ("role", None)],
)
def test_a_misspelled_name_is_recognised(name: str, field: str | None) -> None:
    assert Columns({}).meant_by(name) == field


@pytest.mark.parametrize(
    ("texts", "columns"),
    [
        (["to=Phone"], {"to": "Phone"}),
        (["to=Phone,key=Customer ID"], {"to": "Phone", "key": "Customer ID"}),
        (["to=Phone", "Trigger-Source=Agent"], {"to": "Phone", "trigger_source": "Agent"}),
        (['key="Customer, old",to=Phone'], {"key": "Customer, old", "to": "Phone"}),
        (['"key=Customer, old"'], {"key": "Customer, old"}),
        (["key=Customer's ID # 1"], {"key": "Customer's ID # 1"}),
        (["key=a=b"], {"key": "a=b"}),
        (["role="], {"role": ""}),
        ([], {}),
    ],
)
def test_a_map_is_fields_and_columns(texts: list[str], columns: dict[str, str]) -> None:
    assert read_map(texts) == columns


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["Phone"], "'Phone' is not FIELD=COLUMN."),
        (["phone=to"], "'phone' is not one of verb, phlo_id"),
        (["to=A,to=B"], "to: it has two columns"),
        (["to=A", "To=B"], "to: it has two columns"),
        (['to="A'], "a double quote is not closed."),
    ],
)
def test_any_other_map_is_refused(texts: list[str], reason: str) -> None:
    with pytest.raises(ColumnError) as refused:
        read_map(texts)

    assert reason in str(refused.value)
