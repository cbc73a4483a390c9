"""The JSON Schema of flows, for editors; made from the component table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..webhooks.callbacks import CHOICES
from .components import (
    COMPONENTS,
    IVR_KEYS,
    OPERATIONS,
    START,
    TRIGGERS,
    ComponentSpec,
    Evidence,
    OptionKind,
    OptionSpec,
    slug_of,
)
from .nodes import ID_PATTERN
from .options import BODIES, FLAGS, MAX_NAME, MAX_NUMBER, accepts_text_pairs, is_count
from .reader import MAX_NODES

__all__ = ["DIALECT", "json_schema"]

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEMPLATE = r"\{\{|\{%"
_TEXT: Schema = {"type": ["string", "number", "boolean"]}
_FULL: Schema = {"type": ["string", "number", "boolean"], "minLength": 1}
_KEY: Schema = {"enum": [*IVR_KEYS, *range(10)]}


def json_schema() -> Schema:
    """Return the JSON Schema (2020-12) of a flow's file.

    Where a value may be a text, it may be a number or a boolean as well: YAML without quotes. What
    one value says about another, such as that a next node exists, only the reader checks.
    """
    return {
        "$schema": DIALECT,
        "title": "PHLO",
        "description": "A PHLO that the emulator of plivo-phlo-async runs.",
        "type": "object",
        "properties": {
            "phlo": _described("The name of the PHLO.", _name()),
            "id": _described("The ID of the PHLO; by default derived from its name.", _id()),
            "numbers": _described("The numbers that are attached to it.", _list_of(_FULL)),
            "start": _start(),
            "nodes": _nodes(),
        },
        "required": ["phlo"],
        "additionalProperties": False,
        "$defs": {**_shared(), **{spec.slug: _component(spec) for spec in COMPONENTS.values()}},
    }


def _described(description: str, schema: Schema) -> Schema:
    return {"description": description, **schema}


def _object(properties: Schema, required: Sequence[str] = (), **more: Any) -> Schema:
    schema = {"type": "object", "properties": properties, "additionalProperties": False, **more}
    return {**schema, "required": list(required)} if required else schema


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _any_of(*schemas: Schema) -> Schema:
    return {"anyOf": list(schemas)}


def _list_of(item: Schema) -> Schema:
    return _any_of(_TEXT, {"type": "array", "items": item})


def _name() -> Schema:
    return {"type": ["string", "number"], "minLength": 1, "maxLength": MAX_NAME}


def _id() -> Schema:
    return {"type": ["string", "number"], "pattern": f"^{ID_PATTERN}$"}


def _start() -> Schema:
    keys = _any_of(
        _list_of(_FULL),
        {"type": "object", "additionalProperties": {"type": [*_TEXT["type"], "null"]}},
    )
    triggers = {
        name: _described(f"The first node after {trigger}.", _FULL)
        for trigger in TRIGGERS
        for name in (trigger, slug_of(trigger))
    }
    keys = _described("The keys of an API request's payload, as Start.http.params.", keys)
    return _described(
        "What starts the PHLO.",
        _object({"keys": keys, "callback": _callback(START), **triggers}),
    )


def _nodes() -> Schema:
    """Return the schema of all nodes: their component chooses the schema of each."""
    names = [name for spec in COMPONENTS.values() for name in _names(spec)]
    chosen = [
        {
            "if": {"properties": {"component": {"enum": _names(spec)}}, "required": ["component"]},
            "then": _ref(spec.slug),
        }
        for spec in COMPONENTS.values()
    ]
    node = {
        "type": "object",
        "properties": {"component": _described("The component.", {"enum": names})},
        "required": ["component"],
        "allOf": chosen,
    }
    return {
        "description": "The nodes by name.",
        "type": "object",
        "propertyNames": _name(),
        "maxProperties": MAX_NODES,
        "additionalProperties": node,
    }


def _names(spec: ComponentSpec) -> list[str]:
    return list(dict.fromkeys((spec.title, spec.slug, *spec.aliases)))


def _component(spec: ComponentSpec) -> Schema:
    properties: Schema = {"component": {"enum": _names(spec)}}
    for name, option in spec.options.items():
        properties[name] = _described(_help(option), _option(spec, option))
    properties["next"] = _described("The next node, by state or for every state.", _next(spec))
    properties["callback"] = _callback(spec)
    properties["node_id"] = _described(
        "The ID that the REST API uses; by default derived from the name.", _id()
    )
    required = [name for name, option in spec.options.items() if option.required]
    return _object(properties, ["component", *required], title=spec.title)


def _help(option: OptionSpec) -> str:
    default = f" Default: {option.default}." if option.default else ""
    assumed = " Assumed: Plivo does not document it." * (option.evidence is Evidence.ASSUMED)
    return f"{option.help}{default}{assumed}"


def _next(spec: ComponentSpec) -> Schema:
    if spec.state_option == "conditions":
        return _any_of(_FULL, {"type": "object", "additionalProperties": _FULL})
    keys = IVR_KEYS if spec.state_option else ()
    states = {name: _FULL for state in (*keys, *spec.states) for name in (state, slug_of(state))}
    return _any_of(_FULL, _object(states))


def _callback(spec: ComponentSpec) -> Schema:
    events = [*spec.states, *spec.events]
    names = [*dict.fromkeys((*events, *map(slug_of, events)))]
    item = {"enum": names} if not spec.state_option else _FULL
    properties: Schema = {"url": {"type": "string", "pattern": f"^https?://|{_TEMPLATE}"}}
    properties |= {key: {"enum": list(choices)} for key, choices in CHOICES.items()}
    properties |= {"port_in_signature": _ref("flag"), "events": _list_of(item)}
    return _described(
        "The URL that receives the events, or an object with it.",
        _any_of(properties["url"], _object(properties, ["url"])),
    )


# Options


def _shared() -> Schema:
    """Return the schemas that several options refer to."""
    speak = {"speak": _FULL, "language": _TEXT, "voice": _TEXT}
    prompt = _any_of(_FULL, _object(speak, ["speak"]), _object({"play": _FULL}, ["play"]))
    spellings = [case(word) for word in FLAGS for case in (str.lower, str.title, str.upper)]
    template = {"type": "string", "pattern": _TEMPLATE}
    number = {"type": "number", "minimum": 0, "maximum": MAX_NUMBER}
    digits = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"}
    return {
        "template": _described("A Liquid template.", template),
        "flag": _any_of({"type": "boolean"}, {"enum": spellings}, _ref("template")),
        "number": _any_of(number, digits, _ref("template")),
        "count": _any_of(
            {"type": "integer", "minimum": 1, "maximum": MAX_NUMBER}, digits, _ref("template")
        ),
        "part": prompt,
        "prompt": _any_of(_TEXT, _ref("part"), {"type": "array", "items": _ref("part")}),
        "pairs": {
            "type": "object",
            "propertyNames": {"minLength": 1},
            "additionalProperties": {"type": [*_TEXT["type"], "null"]},
        },
    }


def _option(spec: ComponentSpec, option: OptionSpec) -> Schema:
    match option.kind:
        case OptionKind.NUMBER:
            return _ref("count" if is_count(spec, option) else "number")
        case OptionKind.CHOICE:
            return {"enum": list(option.choices)}
        case OptionKind.PAIRS:
            as_text = accepts_text_pairs(spec, option)
            return _any_of(_ref("pairs"), {"type": "string"}) if as_text else _ref("pairs")
        case OptionKind.TEXT:
            return _FULL if option.required else _TEXT
    return _OF_KIND[option.kind]


def _body() -> Schema:
    forms = [_object({form: _ref("pairs") if form != "json" else {}}, [form]) for form in BODIES]
    return _any_of(*forms)


def _auth() -> Schema:
    basic = {"type": "array", "items": _TEXT, "minItems": 2, "maxItems": 2}
    return _any_of(_object({"basic": basic}, ["basic"]), _object({"bearer": _TEXT}, ["bearer"]))


def _conditions() -> Schema:
    operations = dict.fromkeys(OPERATIONS, _TEXT) | {"is_empty": _ref("flag")}
    comparison = _object(operations, minProperties=1, maxProperties=1)
    return {"type": "object", "propertyNames": _name(), "additionalProperties": comparison}


_OF_KIND: dict[OptionKind, Schema] = {
    OptionKind.FLAG: _ref("flag"),
    OptionKind.RECORD: _TEXT,
    OptionKind.LIST: _list_of(_FULL),
    OptionKind.PROMPT: _ref("prompt"),
    OptionKind.KEYS: _any_of(
        {"type": "array", "items": _KEY, "minItems": 1},
        {"type": "string", "pattern": "^[0-9*#, ]+$"},
        {"type": "integer", "minimum": 0},
    ),
    OptionKind.KEY: _KEY,
    OptionKind.BODY: _body(),
    OptionKind.AUTH: _auth(),
    OptionKind.NAMES: _list_of(_FULL),
    OptionKind.CONFIRM: _object({"prompt": _ref("prompt"), "key": _KEY}, ["prompt", "key"]),
    OptionKind.CONDITIONS: _conditions(),
}
