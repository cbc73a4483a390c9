"""Every variable, value and state of Plivo's own page has its place, and nothing else has."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
from attrs import fields

from plivo_phlo_async.webhooks import (
    EVENTS,
    CallStatus,
    ConferenceEvent,
    DialledCallEvent,
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
PARTS: list[type[Event]] = [ConferenceEvent, DialledCallEvent]
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
    [
        (component, variable)
        for component, listed in LISTED.items()
        for variable in listed["values"]
    ],
)
def test_the_words_of_a_variable_are_known(component: str, variable: str) -> None:
    kind = next(
        own.metadata["converter"]
        for each in _classes(component)
        for own in variables(each)
        if own.metadata["variable"] == variable
    )
    words = LISTED[component]["values"][variable]

    assert {type(kind.convert(word)) for word in words} == {kind.values}


def test_only_words_that_a_page_names_are_known() -> None:
    named = {
        word for listed in LISTED.values() for words in listed["values"].values() for word in words
    }
    ours = {
        str(word)
        for kind in CLASSES
        for own in variables(kind)
        if own.metadata["converter"].values
        not in {None, CallStatus}  # has the Voice pages' words too
        for word in own.metadata["converter"].values
    }

    assert ours == named - {"in-progress"}


@pytest.mark.parametrize(
    ("component", "variable"),
    [
        (component, variable)
        for component, listed in LISTED.items()
        for variable in listed["variables"]
    ],
)
def test_every_variable_reaches_its_field(component: str, variable: str) -> None:
    event = parse(component, {variable: '{"otp": 1}' if variable == "request.params" else "1"})
    own = next(own for own in variables(type(event)) if own.metadata["variable"] == variable)

    assert getattr(event, own.name) not in (None, ())


def _documented(event: type[Event]) -> list[str]:
    """The fields that the class's own docstring documents."""
    text = inspect.cleandoc(str(event.__doc__))  # Python 3.13 and later do this
    return re.findall(r"^    (\w+): ", text, re.MULTILINE)


@pytest.mark.parametrize("event", [*CLASSES, *PARTS, Event], ids=lambda event: event.__name__)
def test_a_field_is_documented_once_in_the_class_that_defines_it(event: type[Event]) -> None:
    defined = [each.name for each in fields(event) if not each.inherited]
    documented = [name for name in _documented(event) if name != "component"]

    assert sorted(documented) == sorted(defined)


def test_the_documented_table_is_that_of_the_classes() -> None:
    assert PAGE.read_text() == page()
