"""Flows as plain data and as YAML; what is written is read back as an equal flow."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from textwrap import indent
from typing import Any

import yaml
from yaml.resolver import Resolver

from .components import OptionKind
from .graph import FlowNode, FlowStart, NodeCallback, PhloGraph, Prompt
from .ids import derive_id

__all__ = ["to_document", "to_yaml"]

_WIDTH = 90  # characters of a line; a word may reach beyond it
_LONG = 80  # characters of a text that stands in lines of its own
_INLINE = 60  # characters of a list or mapping on one line
_DIGITS = tuple("0123456789")
_TAG = "tag:yaml.org,2002:"
_LOOKS_LIKE_JSON = re.compile(r"-?[0-9].*|true|false|null|~|", re.DOTALL)
_RESOLVER: Any = Resolver()
_BLOCKS = ("|", ">")


def to_document(phlo: PhloGraph) -> dict[str, object]:
    """Return a flow as plain JSON data, as a file has it.

    The application of a callback is left out.
    """
    document: dict[str, object] = {"phlo": phlo.name, "id": phlo.phlo_id}
    if phlo.numbers:
        document["numbers"] = list(phlo.numbers)
    if start := _start(phlo.start):
        document["start"] = start
    document["nodes"] = {name: _node(node, phlo.phlo_id) for name, node in phlo.nodes.items()}
    return document


def _start(start: FlowStart) -> dict[str, object]:
    document: dict[str, object] = {}
    if start.keys:
        with_value = any(value is not None for value in start.keys.values())
        document["keys"] = dict(start.keys) if with_value else list(start.keys)
    if start.callback:
        document["callback"] = _callback(start.callback)
    return {**document, **start.triggers}


def _node(node: FlowNode, phlo_id: str) -> dict[str, object]:
    document: dict[str, object] = {"component": node.component}
    if node.node_id != derive_id(phlo_id, node.name):
        document["node_id"] = node.node_id
    for name, option in node.spec.options.items():
        if name in node.options:
            document[name] = _FORMS[option.kind](node.options[name])
    if node.callback:
        document["callback"] = _callback(node.callback)
    if node.next:
        document["next"] = _next(node)
    return document


def _next(node: FlowNode) -> str | dict[str, str]:
    targets = set(node.next.values())
    if len(targets) == 1 and set(node.next) == set(node.states):
        return targets.pop()
    return {state: node.next[state] for state in node.states if state in node.next}


def _callback(callback: NodeCallback) -> str | dict[str, object]:
    described = callback.callback.describe()
    defaults = {"method": "POST", "format": "form", "version": "V3", "port_in_signature": True}
    document = {key: value for key, value in described.items() if value != defaults.get(key)}
    if callback.events:
        document["events"] = list(callback.events)
    return callback.callback.url if len(document) == 1 else document


# The options


def _number(text: str) -> str | int | float:
    try:
        number = float(text)
    except ValueError:  # a template
        return text
    return int(number) if number.is_integer() else number


def _flag(text: str) -> str | bool:
    return text == "true" if text in ("true", "false") else text


def _prompts(prompts: tuple[Prompt, ...]) -> object:
    parts = [_prompt(prompt) for prompt in prompts]
    return parts[0] if len(parts) == 1 else parts


def _prompt(prompt: Prompt) -> str | dict[str, str]:
    keys = ("speak", "play", "language", "voice")
    document = {key: text for key in keys if (text := getattr(prompt, key))}
    return prompt.speak if list(document) == ["speak"] else document


def _json(value: Any) -> object:
    if isinstance(value, Mapping):
        return {key: _json(inner) for key, inner in value.items()}
    return [_json(item) for item in value] if isinstance(value, list | tuple) else value


def _confirm(confirm: Mapping[str, Any]) -> dict[str, object]:
    return {"prompt": _prompts(confirm["prompt"]), "key": confirm["key"]}


def _conditions(conditions: Mapping[str, tuple[str, str]]) -> dict[str, object]:
    return {
        alias: {operation: True if operation == "is_empty" else right}
        for alias, (operation, right) in conditions.items()
    }


_FORMS: dict[OptionKind, Callable[[Any], object]] = {
    OptionKind.TEXT: str,
    OptionKind.NUMBER: _number,
    OptionKind.FLAG: _flag,
    OptionKind.RECORD: _flag,
    OptionKind.LIST: list,
    OptionKind.PROMPT: _prompts,
    OptionKind.KEYS: list,
    OptionKind.KEY: str,
    OptionKind.CHOICE: str,
    OptionKind.PAIRS: dict,
    OptionKind.BODY: _json,
    OptionKind.AUTH: _json,
    OptionKind.NAMES: list,
    OptionKind.CONFIRM: _confirm,
    OptionKind.CONDITIONS: _conditions,
}


# YAML


def to_yaml(phlo: PhloGraph) -> str:
    """Return a flow as YAML, as a person writes it."""
    document = to_document(phlo)
    nodes = document.pop("nodes")
    assert isinstance(nodes, dict)
    start = {"start": document.pop("start")} if "start" in document else {}
    parts = [_dumped(document), _dumped(start) if start else ""]
    listed = [indent(_dumped({name: node}), "  ") for name, node in nodes.items()]
    parts.append("nodes:\n" + "\n".join(listed) if listed else "nodes: {}\n")
    return "\n".join(part for part in parts if part)


def _dumped(value: Mapping[str, object]) -> str:
    pairs = [
        (_scalar(key), _mapping(inner, inline=False) if isinstance(inner, Mapping) else _any(inner))
        for key, inner in value.items()
    ]
    node = yaml.MappingNode(f"{_TAG}map", pairs, flow_style=False)
    return str(yaml.serialize(node, Dumper=yaml.SafeDumper, width=_WIDTH, allow_unicode=True))


def _any(value: object, *, are_keys: bool = False) -> yaml.Node:
    """Return the node of a value; digits of a phone stand without quotes."""
    if isinstance(value, Mapping):
        return _mapping(value, inline=not are_keys)
    if isinstance(value, list):
        items = [_any(item, are_keys=are_keys) for item in value]
        return yaml.SequenceNode(f"{_TAG}seq", items, flow_style=_is_short(items))
    return _scalar(value, plain=are_keys and value in _DIGITS)


def _mapping(value: Mapping[str, object], *, inline: bool) -> yaml.MappingNode:
    pairs = [
        (
            _scalar(key, plain=key in _DIGITS),
            _any(inner, are_keys=not inline and key in ("next", "inputs")),
        )
        for key, inner in value.items()
    ]
    short = inline and _is_short([node for pair in pairs for node in pair])
    return yaml.MappingNode(f"{_TAG}map", pairs, flow_style=short)


def _is_short(nodes: list[yaml.Node]) -> bool:
    """Return whether nodes fit on one line, in brackets."""
    texts = [n.value for n in nodes if isinstance(n, yaml.ScalarNode) and n.style not in _BLOCKS]
    return len(texts) == len(nodes) and sum(len(text) + 2 for text in texts) <= _INLINE


def _scalar(value: object, *, plain: bool = False) -> yaml.ScalarNode:
    if isinstance(value, str) and not plain:
        return yaml.ScalarNode(f"{_TAG}str", value, style=_style(value))
    text = value if isinstance(value, str) else json.dumps(value)
    return yaml.ScalarNode(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False)), text)


def _style(text: str) -> str | None:
    """Return the style of a text: a block where it is long, quotes where they matter."""
    if _LOOKS_LIKE_JSON.fullmatch(text):
        return "'"
    lines = text.split("\n")
    if not all(line.isprintable() and line == line.strip() for line in lines):
        return '"'
    if len(lines) > 1:
        return "|" if lines[0] and lines[-1] else '"'
    if len(text) > _LONG and "  " not in text:
        return ">"
    return '"' if "{" in text and "'" in text and '"' not in text else None
