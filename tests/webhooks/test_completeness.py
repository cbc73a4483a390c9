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


def _explained(kind: type[Event]) -> dict[str, str]:
    """What the class itself says of each of its fields."""
    text = inspect.cleandoc(str(kind.__doc__))  # which Python does by itself since 3.13
    told = re.findall(r"^    (\w+): (.+(?:\n {8}.+)*)", text, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in told}


@pytest.mark.parametrize(
    "kind", [*CLASSES, *PARTS, StartEvent, Event], ids=lambda kind: kind.__name__
)
def test_every_field_is_explained_where_the_class_is(kind: type[Event]) -> None:
    explained = _explained(kind)

    assert {own.name for own in fields(kind)} == explained.keys() - {"component"}


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_a_field_is_explained_as_in_the_class_that_brings_it(kind: type[Event]) -> None:
    shared = [_explained(part).items() for part in PARTS if issubclass(kind, part)]

    assert [told - _explained(kind).items() for told in shared] == [set() for _ in shared]


def test_the_documented_table_is_that_of_the_classes() -> None:
    assert PAGE.read_text() == page()
