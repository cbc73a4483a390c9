"""Every variable, value and state of Plivo's own page has its place, and nothing else has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from plivo_phlo_async.webhooks import (
    EVENTS,
    CallStatus,
    Event,
    StartCallEvent,
    StartEvent,
    StartMessageEvent,
    StartRequestEvent,
    parse,
)

from .table import PAGE, page, states, variables

LISTED: dict[str, Any] = json.loads((Path(__file__).parent / "variables.json").read_text())
COMPONENTS = dict(zip(LISTED, EVENTS.values(), strict=True))
FORMS: list[type[Event]] = [StartEvent, StartCallEvent, StartMessageEvent, StartRequestEvent]
CLASSES = [*EVENTS.values(), *FORMS[1:]]


def _classes(component: str) -> list[type[Event]]:
    kind = COMPONENTS[component]
    return FORMS if kind is StartEvent else [kind]


def test_there_are_fourteen_components_in_the_pages_order() -> None:
    letters = [re.sub("[^a-z]", "", name.lower()) for name in LISTED]

    assert [component.replace("_", "") for component in EVENTS] == letters
    assert len(EVENTS) == 14


@pytest.mark.parametrize("component", LISTED)
def test_the_variables_are_those_of_the_page(component: str) -> None:
    ours = {
        own.metadata["variable"]: None for kind in _classes(component) for own in variables(kind)
    }

    assert sorted(ours) == sorted(LISTED[component]["variables"])


@pytest.mark.parametrize("component", LISTED)
def test_the_states_are_those_of_the_page(component: str) -> None:
    assert sorted(states(COMPONENTS[component])) == sorted(LISTED[component]["states"])


@pytest.mark.parametrize(
    ("component", "variable"),
    [(component, variable) for component, told in LISTED.items() for variable in told["values"]],
)
def test_the_words_of_a_variable_are_known(component: str, variable: str) -> None:
    kind = next(
        own.metadata["kind"]
        for each in _classes(component)
        for own in variables(each)
        if own.metadata["variable"] == variable
    )
    words = LISTED[component]["values"][variable]

    assert {type(kind.read(word)) for word in words} == {kind.values}


def test_only_words_that_a_page_names_are_known() -> None:
    named = {
        word for told in LISTED.values() for words in told["values"].values() for word in words
    }
    ours = {
        str(word)
        for kind in CLASSES
        for own in variables(kind)
        if own.metadata["kind"].values not in {None, CallStatus}  # has the Voice pages' words too
        for word in own.metadata["kind"].values
    }

    assert ours == named - {"in-progress"}


@pytest.mark.parametrize(
    ("component", "variable"),
    [(component, variable) for component, told in LISTED.items() for variable in told["variables"]],
)
def test_every_variable_reaches_its_field(component: str, variable: str) -> None:
    event = parse(component, {variable: '{"otp": 1}' if variable == "request.params" else "1"})
    own = next(own for own in variables(type(event)) if own.metadata["variable"] == variable)

    assert getattr(event, own.name) not in (None, ())


@pytest.mark.parametrize("kind", [*CLASSES, StartEvent], ids=lambda kind: kind.__name__)
def test_every_field_is_told_of_where_the_class_is(kind: type[Event]) -> None:
    told = "".join(str(each.__doc__) for each in kind.__mro__ if each is not object)

    assert [own.name for own in variables(kind) if f"        {own.name}: " not in told] == []


def test_the_documented_table_is_that_of_the_classes() -> None:
    assert PAGE.read_text() == page()
