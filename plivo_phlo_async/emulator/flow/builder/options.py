"""Options in Python, and the plain data that a file has for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias, TypedDict

import attrs

from ...webhooks.callbacks import Callback
from ..graph import NodeCallback, Prompt
from .variables import Variable

__all__ = [
    "CallbackOption",
    "Comparison",
    "ConfirmOption",
    "Flag",
    "HttpBody",
    "Json",
    "Number",
    "Pairs",
    "Prompts",
    "RequestAuth",
    "Text",
    "Texts",
    "plain_callback",
    "plain_options",
]

Text: TypeAlias = str | Variable
"""A text, which may be a Liquid template."""

Texts: TypeAlias = Text | Iterable[Text]
"""A list of texts; one text may hold several, separated by commas."""

Number: TypeAlias = int | float | Text
"""A number."""

Flag: TypeAlias = bool | Text
"""A boolean."""

Prompts: TypeAlias = Text | Prompt | Iterable[Text | Prompt]
"""What to play: texts to speak and parts of a prompt."""

Pairs: TypeAlias = Mapping[str, Number]
"""Texts by name."""

Json: TypeAlias = "bool | Number | Sequence[Json] | Mapping[str, Json]"
"""A JSON value with variables."""

CallbackOption: TypeAlias = str | Callback | NodeCallback | None
"""The URL that receives a node's events, or its callback; None for none."""


class HttpBody(TypedDict, total=False):
    """The body of an HTTP request: one of these."""

    json: Json
    form: Pairs
    multipart: Pairs


class RequestAuth(TypedDict, total=False):
    """The credentials of an HTTP request: one of these."""

    basic: tuple[Text, Text]
    bearer: Text


class ConfirmOption(TypedDict):
    """A prompt for whom a call is forwarded to, and the key that accepts the call."""

    prompt: Prompts
    key: str | int


class Comparison(TypedDict, total=False):
    """A comparison of a Branch: one of these."""

    equals: Number
    not_equals: Number
    contains: Number
    starts_with: Number
    ends_with: Number
    greater_than: Number
    less_than: Number
    is_empty: Literal[True]


def plain_options(options: Mapping[str, object]) -> dict[str, object]:
    """Return the options that are not None as plain data: text, but for a JSON body.

    Raises:
        TypeError: a value has no place in an option.
    """
    given = {name: value for name, value in options.items() if value is not None}
    return {name: _plain(value) for name, value in given.items()}


def _plain(value: object) -> object:
    if isinstance(value, Prompt):
        return {name: text for name, text in attrs.asdict(value).items() if text}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | Variable | bytes):
        return [_plain(item) for item in value]
    return _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str | int | float | Variable):
        return str(value)
    raise TypeError(f"{value!r} is no option; give a text, a number, True, False or a variable.")


def plain_callback(callback: CallbackOption) -> object:
    """Return a callback as plain data, one with an application as it is; None for none."""
    if callback is None or isinstance(callback, str):
        return callback
    given = NodeCallback(callback) if isinstance(callback, Callback) else callback
    if given.callback.app is not None:
        return given
    described = given.callback.describe()
    return {**described, "events": list(given.events)} if given.events else described
