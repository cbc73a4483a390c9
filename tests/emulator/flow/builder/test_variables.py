"""How a variable renders itself as Liquid."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liquid import render

from plivo_phlo_async.emulator.flow import Flow
from plivo_phlo_async.emulator.flow.builder.variables import JsonVariable, Variable

CALLER = Variable("Start.call.from")


def test_a_variable_is_liquid_in_a_text() -> None:
    assert f"From {CALLER}." == "From {{Start.call.from}}."
    assert str(CALLER) == "{{Start.call.from}}"


@pytest.mark.parametrize(
    ("fallback", "literal"),
    [
        ("there", "'there'"),
        ("it's", '"it\'s"'),
        (5, "5"),
        (2.5, "2.5"),
        (Variable("Start.call.to"), "Start.call.to"),
    ],
)
def test_a_default_is_a_literal_or_another_variable(
    fallback: str | float | Variable, literal: str
) -> None:
    assert str(CALLER.default(fallback)) == f"{{{{Start.call.from | default: {literal}}}}}"


def test_defaults_apply_one_after_the_other() -> None:
    twice = CALLER.default(Variable("Start.call.to")).default("unknown")

    assert render(str(twice), Start={"call": {"to": "1"}}) == "1"
    assert render(str(twice), Start={}) == "unknown"


@pytest.mark.parametrize("text", ["'\"", "}}", "%}"])
def test_a_text_that_liquid_cannot_quote_fails(text: str) -> None:
    with pytest.raises(ValueError, match="Liquid cannot quote"):
        CALLER.default(text)


@given(st.text(max_size=20))
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_a_default_renders_as_the_text_it_is(text: str) -> None:
    try:
        variable = CALLER.default(text)
    except ValueError:
        return

    assert render(str(variable)) == text


@pytest.mark.parametrize("key", ["name", "first name", "_x", "größe", "", "it's", "a-b", "1"])
def test_every_key_of_json_can_be_reached(key: str) -> None:
    response = JsonVariable("Look_up.response")

    assert render(str(response[key]), Look_up={"response": {key: "found"}}) == "found"


def test_json_is_reached_by_attributes_keys_and_indexes() -> None:
    response = JsonVariable("Look_up.response")

    assert str(response.items[0].name) == str(response["items"][0]["name"])
    assert str(response.items[0].name) == "{{Look_up.response.items[0].name}}"


def test_json_is_not_iterable() -> None:
    with pytest.raises(TypeError):
        list(JsonVariable("Look_up.response"))  # type: ignore[call-overload]


def test_an_address_has_its_country_below_it() -> None:
    sms = Flow("x").send_sms("Text", from_="1", to="2")

    assert f"{sms.to} {sms.to.iso2}" == "{{Text.to}} {{Text.to.iso2}}"


def test_a_variable_that_does_not_exist_names_the_one_that_is_near() -> None:
    start = Flow("x").start()

    with pytest.raises(AttributeError, match=r"'form' \(did you mean from_\?\); it has uuid, to,"):
        start.call.form  # type: ignore[attr-defined]  # noqa: B018


def test_a_group_of_variables_is_no_text() -> None:
    start = Flow("x").start()

    with pytest.raises(TypeError, match=r"^Start\.call is no variable but a group of them"):
        f"{start.call}"


class TestPayload:
    def test_its_keys_are_attributes_and_items(self) -> None:
        start = Flow("x").start(keys=["order"])

        assert f"{start.http.params.order}" == "{{Start.http.params.order}}"
        assert f"{start.params['order']}" == "{{Start.http.params.order}}"
        assert f"{start.request.params.order}" == "{{Start.request.params.order}}"

    def test_a_value_can_be_json(self) -> None:
        start = Flow("x").start(keys=["order"])

        assert f"{start.params.order.items[0]}" == "{{Start.http.params.order.items[0]}}"

    def test_a_key_that_start_lacks_fails(self) -> None:
        start = Flow("x").start(keys=["order", "to"])

        with pytest.raises(AttributeError) as caught:
            start.params["odrer"]

        assert str(caught.value) == (
            "Start has no key 'odrer' (did you mean order?); it has order, to."
        )

    def test_without_keys_it_has_any(self) -> None:
        start = Flow("x").start()

        assert f"{start.params.order}" == "{{Start.http.params.order}}"
