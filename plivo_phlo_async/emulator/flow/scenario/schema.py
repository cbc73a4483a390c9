"""The JSON Schema of files of scenarios, for editors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...calls.phlos import PhoneBehaviour, SmsOutcome
from ..schema import DIALECT
from .reader import METHODS, TRIGGER_KEYS
from .step_reader import MAX_SECONDS, WITHOUT_VALUE

__all__ = ["scenario_schema"]

Schema = dict[str, Any]

_TEXT: Schema = {"type": ["string", "number", "boolean"]}
_FULL: Schema = {"type": ["string", "number", "boolean"], "minLength": 1}
_ADDRESS = r"[0-9@]|^sip:"
_SECONDS: Schema = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_SECONDS},
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"},
    ]
}


def scenario_schema() -> Schema:
    """Return the JSON Schema (2020-12) of a file of scenarios.

    What one value says about another, such as that a node exists, only the reader checks.
    """
    scenarios = {"type": "array", "items": _ref("scenario"), "minItems": 1}
    several = _object({"scenarios": scenarios}, ["scenarios"])
    return {
        "$schema": DIALECT,
        "title": "Scenarios of a PHLO",
        "description": "What phones do in a PHLO and what is expected of it.",
        "if": {"required": ["scenarios"]},
        "then": several,
        "else": _ref("scenario"),
        "$defs": {
            "scenario": _scenario(),
            "phone": _phone(),
            "step": _step(),
            "step_of_phone": _step_of_phone(),
            "texts": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]},
        },
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _described(description: str, schema: Schema) -> Schema:
    return {"description": description, **schema}


def _object(properties: Schema, required: Sequence[str] = (), **more: Any) -> Schema:
    schema = {"type": "object", "properties": properties, "additionalProperties": False, **more}
    return {**schema, "required": list(required)} if required else schema


def _scenario() -> Schema:
    triggers = [{"required": [kind]} for kind in ("call", "text", "run")]
    by_phone = {
        kind: _object({key: _FULL if key != "message" else _TEXT for key in keys}, ["from"])
        for kind, keys in TRIGGER_KEYS.items()
    }
    methods = "|".join(METHODS).replace("*", r"\*")
    properties = {
        "name": _described("The name of the scenario.", _FULL),
        "call": _described("A phone calls a number of the PHLO.", by_phone["call"]),
        "text": _described("A phone texts a number of the PHLO.", by_phone["text"]),
        "run": _described(
            "An API request starts the PHLO with this payload.",
            {"type": ["object", "null"], "additionalProperties": _TEXT},
        ),
        "http": _described(
            "The answers to HTTP requests, by METHOD URL with *: a status, a JSON body, a list of"
            " both, pass (to send it) or refused.",
            {"type": "object", "propertyNames": {"pattern": f"^({methods}) [^ ]+$"}},
        ),
        "phones": _described(
            "What phones do, by address.",
            {"type": "object", "additionalProperties": _ref("phone")},
        ),
        "steps": _described(
            "What happens after the start.", {"type": "array", "items": _ref("step")}
        ),
        "expect": _described("What is expected in the end.", _expect()),
    }
    return _object(properties, ["name"], oneOf=triggers)


def _phone() -> Schema:
    behaviours, outcomes = map(str, PhoneBehaviour), map(str, SmsOutcome)
    status = {"enum": [*outcomes]}
    zero = {"anyOf": [{"type": "number", "minimum": 0, "maximum": MAX_SECONDS}, {"type": "string"}]}
    does = {"enum": [*behaviours]}
    settings = {
        "does": _described("What it does when it rings.", does),
        "after": _described("Seconds that it rings first.", zero),
        "keys": _described(
            "The keys that it presses, a text for each prompt.", {"type": "array", "items": _TEXT}
        ),
        "confirm": _described("The key by which it accepts a call.", _TEXT),
        "talks": _described("Seconds after which it hangs up.", zero),
        "speaks": _described("Seconds that it speaks into a recording.", zero),
        "sms": _described(
            "What becomes of an SMS to it.",
            {"anyOf": [status, _object({"status": status, "after": zero})]},
        ),
    }
    return {"anyOf": [does, _object(settings)]}


def _properties() -> Schema:
    """Return the schemas of the steps that a phone takes."""
    values = {
        "hears": _described("A part of the last prompt that it has heard.", _TEXT),
        "presses": _described(
            "Keys.", {"anyOf": [{"type": "string", "pattern": "^[0-9*#]+$"}, {"type": "integer"}]}
        ),
        "speaks": _described("Seconds that it speaks into a recording.", _SECONDS),
        "texts": _described("A message to a number.", _object({"to": _FULL, "message": _TEXT})),
    }
    without = {name: _described("Without a value.", {"type": "null"}) for name in WITHOUT_VALUE}
    return {**values, **without}


def _step() -> Schema:
    wait = {"wait": _described("Seconds that pass.", _SECONDS)}
    step = _object({**_properties(), **wait})
    step["patternProperties"] = {_ADDRESS: _ref("step_of_phone")}
    return {"anyOf": [{"enum": [*WITHOUT_VALUE]}, step]}


def _step_of_phone() -> Schema:
    return {"anyOf": [{"enum": [*WITHOUT_VALUE]}, _object(_properties())]}


def _expect() -> Schema:
    one = {"type": "object", "minProperties": 1, "maxProperties": 1}
    request = {"anyOf": [_FULL, one]}
    state = {**one, "additionalProperties": _FULL}
    return _object(
        {
            "path": _described("The nodes, from Start.", _ref("texts")),
            "states": _described(
                "The nodes and states, such as `- Menu: No Input`.",
                {"anyOf": [state, {"type": "array", "items": state}]},
            ),
            "texts": _described(
                "The texts that each address has received; * matches anything.",
                {"type": "object", "additionalProperties": _ref("texts")},
            ),
            "ended": _described("Why the run ended; * matches anything.", _TEXT),
            "waiting": _described("The nodes at which the run waits.", _ref("texts")),
            "fetched": _described(
                "The HTTP requests, as METHOD URL, or METHOD URL with the body.",
                {"anyOf": [request, {"type": "array", "items": request}]},
            ),
            "notes": _described("What went wrong without ending the run.", _ref("texts")),
        }
    )
