"""A seed: the PHLOs, nodes, phones, callbacks, faults and the account an emulator begins with.

    {
      "account": {"auth_id": "MA...", "auth_token": "..."},
      "phlos": [{"phlo_id": "...", "name": "Support", "callback": "http://127.0.0.1:8000/events",
                 "nodes": [{"node_id": "...", "node_type": "multi_party_call",
                            "name": "Support line",
                            "callback": {"url": "...", "format": "json"}}]}],
      "phones": {"12025550199": "reject", "12025550102": {"does": "answer", "after": 3}},
      "callback": "http://127.0.0.1:8000/events",
      "faults": ["hold:500 x1"]
    }

Every part may be left out, but for the ids; a node's callback outranks its PHLO's, that the
seed's.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from .calls.log_entry import Place
from .calls.phlos import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    DEMO_PHLO,
    EmulatedNode,
    EmulatedPhlo,
    NodeType,
    Phone,
    PhoneBehaviour,
)
from .errors import InvalidParameter
from .faults.rules import FaultRule, read_rule
from .webhooks.callbacks import Callback, read_callback


@attrs.frozen
class Seed:
    """What an emulator begins with; the demo's account and PHLO where nothing else is said.

    Attributes:
        auth_id: the one account's Auth ID.
        auth_token: its Auth Token.
        phlos: the PHLOs there are.
        phones: what stands behind an address; behind all others is a phone that answers at once.
        callback: where events are told, None for nowhere.
        callbacks: where those of single nodes are told, by the ids of their PHLO and their own.
        faults: the rules in force.
    """

    auth_id: str = DEMO_AUTH_ID
    auth_token: str = attrs.field(default=DEMO_AUTH_TOKEN, repr=False)
    phlos: tuple[EmulatedPhlo, ...] = (DEMO_PHLO,)
    phones: Mapping[str, Phone] = attrs.field(factory=dict)
    callback: Callback | None = None
    callbacks: Mapping[Place, Callback] = attrs.field(factory=dict)
    faults: tuple[FaultRule, ...] = ()


def load_seed(path: Path) -> Seed:
    """Return the seed in a file.

    Args:
        path: the JSON file.

    Raises:
        OSError: it cannot be read.
        Refusal: it is no seed; the text begins with the file's name, and names the place.
    """
    try:
        value = json.loads(path.read_text("utf-8"))
    except UnicodeDecodeError as wrong:
        raise InvalidParameter(f"{path.name}: it is not UTF-8.") from wrong
    except json.JSONDecodeError as wrong:
        place = f"line {wrong.lineno}, column {wrong.colno}"
        raise InvalidParameter(f"{path.name}, {place}: {wrong.msg}.") from wrong
    except RecursionError as wrong:
        raise InvalidParameter(f"{path.name}: it is nested too deeply.") from wrong
    return read_seed(value, path.name)


def read_seed(value: object, name: str) -> Seed:
    """Return the seed that JSON says.

    Args:
        value: the JSON, parsed.
        name: what it is called where something is wrong with it.

    Raises:
        Refusal: it is no seed; the text begins with `name`, and names the place.
    """
    try:
        return _seed(_object(value, "it", _KEYS))
    except InvalidParameter as wrong:
        raise InvalidParameter(f"{name}: {wrong.error}") from wrong


_KEYS = ("account", "phlos", "phones", "callback", "faults")


def _seed(given: Mapping[str, Any]) -> Seed:
    said: dict[str, Any] = {}
    if "account" in given:
        account = _object(given["account"], "account", ("auth_id", "auth_token"))
        said |= {key: _text(account, key, "account") for key in ("auth_id", "auth_token")}
    callbacks: dict[Place, Callback] = {}
    if "phlos" in given:
        listed = enumerate(_list(given["phlos"], "phlos"))
        said["phlos"] = tuple(_phlo(one, f"phlos[{n}]", callbacks) for n, one in listed)
        _different([phlo.phlo_id for phlo in said["phlos"]], "phlos", "phlo_id")
    if "callback" in given:
        said["callback"] = read_callback(given["callback"])
    phones = _object(given.get("phones", {}), "phones", None)
    faults = enumerate(_list(given.get("faults", []), "faults"))
    return Seed(
        **said,
        callbacks=callbacks,
        phones={to: read_phone(does, f"phones[{to!r}]") for to, does in phones.items()},
        faults=tuple(read_rule(one, f"faults[{n}]") for n, one in faults),
    )


def _phlo(value: object, where: str, callbacks: dict[Place, Callback]) -> EmulatedPhlo:
    given = _object(value, where, ("phlo_id", "name", "created_on", "nodes", "callback"))
    phlo_id = _text(given, "phlo_id", where)
    whole = "callback" in given and read_callback(given["callback"], f"{where}.callback")
    nodes = []
    for number, one in enumerate(_list(given.get("nodes", []), f"{where}.nodes")):
        node, own = _node(one, f"{where}.nodes[{number}]")
        nodes.append(node)
        if found := own or whole:
            callbacks[phlo_id, node.node_id] = found
    _different([node.node_id for node in nodes], f"{where}.nodes", "node_id")
    texts = {key: _text(given, key, where) for key in ("name", "created_on") if key in given}
    return EmulatedPhlo(phlo_id, nodes=tuple(nodes), **texts)


def _node(value: object, where: str) -> tuple[EmulatedNode, Callback | None]:
    keys = ("node_id", "node_type", "name", "created_on", "callback")
    given = _object(value, where, keys)
    kinds = tuple(NodeType)
    if given.get("node_type", kinds[0]) not in kinds:
        raise InvalidParameter(f"{where}.node_type: give {' or '.join(kinds)}.")
    texts = {key: _text(given, key, where) for key in keys[1:4] if key in given}
    own = read_callback(given["callback"], f"{where}.callback") if "callback" in given else None
    node_id = _text(given, "node_id", where)
    return EmulatedNode(node_id, **texts), own


def read_phone(value: object, where: str) -> Phone:
    """Return a phone from what it does, or from its JSON object; raises `InvalidParameter`."""
    given = {"does": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping) or set(given) - {"does", "after"}:
        raise InvalidParameter(f"{where}: give what it does, or an object with does and after.")
    does, after = given.get("does", "answer"), given.get("after", 0)
    if does not in tuple(PhoneBehaviour):
        raise InvalidParameter(f"{where}.does: give one of {', '.join(PhoneBehaviour)}.")
    number = isinstance(after, int | float) and not isinstance(after, bool)
    if not number or not 0 <= after <= 86_400:
        raise InvalidParameter(f"{where}.after: give a number of seconds up to 86400.")
    return Phone(does, float(after))


def _object(value: object, where: str, keys: tuple[str, ...] | None) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidParameter(f"{where}: give an object.")
    for key in value:
        if keys is not None and key not in keys:
            inside = "" if where == "it" else f"{where}."
            raise InvalidParameter(f"{inside}{key}: unknown; there are {', '.join(keys)}.")
    return value


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidParameter(f"{where}: give a list.")
    return value


def _text(given: Mapping[str, Any], key: str, where: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not value:
        raise InvalidParameter(f"{where}.{key}: give a text that is not empty.")
    return value


def _different(values: list[str], where: str, key: str) -> None:
    for number, value in enumerate(values):
        if value in values[:number]:
            raise InvalidParameter(f"{where}[{number}].{key}: {value!r} is there twice.")
