"""Seeds: the initial PHLOs, nodes, phones, callbacks, faults and account of an emulator.

    {
      "account": {"auth_id": "MA...", "auth_token": "..."},
      "phlos": [{"phlo_id": "...", "name": "Support", "callback": "http://127.0.0.1:8000/events",
                 "nodes": [{"node_id": "...", "node_type": "multi_party_call",
                            "name": "Support line",
                            "callback": {"url": "...", "format": "json"}}]},
                {"file": "support.phlo.yaml"}],
      "phones": {"12025550199": "reject",
                 "12025550102": {"does": "answer", "after": 3, "keys": ["2", "", "1234#"],
                                 "confirm": "1", "talks": 30, "speaks": 5,
                                 "sms": {"status": "undelivered", "after": 2}}},
      "default_phone": "answer 70% after 5-20s, reject 10%, never 20%",
      "callback": "http://127.0.0.1:8000/events",
      "faults": ["hold:500 x1"],
      "hosts": {"api.example.com": "http://127.0.0.1:9000"}
    }

The HTTP Request nodes of flows send the requests for a host of `hosts` to that URL instead.
A PHLO with `file`, or with the parts of such a file itself, is a flow: it runs as a whole.

Every part except the ids may be omitted. The callback of a node takes precedence over that of its
PHLO, and that over the seed's.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from .calls.members import NodeKey, canonical_address
from .calls.phlos import (
    DEMO_PHLO,
    EmulatedNode,
    EmulatedPhlo,
    NodeType,
    Phone,
)
from .calls.phone_data import read_phone
from .calls.phone_mix import DEFAULT_MIX, PhoneMix, read_phone_mix
from .calls.phones import read_phones
from .errors import InvalidParameter
from .faults.rules import FaultRule, parse_rules, read_rule
from .flow_package import load_flow_module
from .http.parameters import is_unicode
from .webhooks.callbacks import Callback, is_url, optional_callback, read_callback

if TYPE_CHECKING:
    from .flow.phlo import Phlo


def _as_tuple(phlos: Iterable[EmulatedPhlo]) -> tuple[EmulatedPhlo, ...]:
    return tuple(phlos)


def _as_mix(mix: PhoneMix | str) -> PhoneMix:
    return read_phone_mix(mix) if isinstance(mix, str) else mix


@attrs.frozen
class Seed:
    """The initial configuration of an emulator; by default the demo PHLO.

    Attributes:
        auth_id: the Auth ID of the account; None, as its Auth Token, keeps the emulator's.
        auth_token: its Auth Token.
        phlos: the PHLOs that exist.
        phones: the phones by address.
        default_phone: what every other phone does, or its text; by default it answers at once.
        callback: the callback of every node without one of its own, None for none.
        callbacks: the callbacks of single nodes, by the ids of their PHLO and node.
        faults: the active fault rules.
        flows: the PHLOs that run as a whole.
        hosts: the hosts that HTTP Request nodes may reach, with the URL that their requests go to
            instead, None for the host itself.

    Raises:
        ApiError: the text of a fault rule or the URL of a callback is invalid.
        ValueError: the behaviour of a phone is unknown, or that of the other phones is invalid.
    """

    auth_id: str | None = None
    auth_token: str | None = attrs.field(default=None, repr=False)
    phlos: tuple[EmulatedPhlo, ...] = attrs.field(default=(DEMO_PHLO,), converter=_as_tuple)
    phones: Mapping[str, Phone] = attrs.field(factory=dict, converter=read_phones)
    default_phone: PhoneMix = attrs.field(default=DEFAULT_MIX, converter=_as_mix, kw_only=True)
    callback: Callback | None = attrs.field(default=None, converter=optional_callback)
    callbacks: Mapping[NodeKey, Callback] = attrs.field(factory=dict)
    faults: tuple[FaultRule, ...] = attrs.field(default=(), converter=parse_rules)
    flows: "tuple[Phlo, ...]" = ()
    hosts: Mapping[str, str | None] = attrs.field(factory=dict)


def load_seed(path: Path) -> Seed:
    """Load a seed from a file.

    Args:
        path: the JSON file.

    Raises:
        OSError: the file cannot be read.
        ApiError: the seed is invalid; the message starts with the file's name and names the part.
    """
    try:
        value = json.loads(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidParameter(f"{path.name}: it is not UTF-8.") from error
    except json.JSONDecodeError as error:
        position = f"line {error.lineno}, column {error.colno}"
        raise InvalidParameter(f"{path.name}, {position}: {error.msg}.") from error
    except RecursionError as error:
        raise InvalidParameter(f"{path.name}: it is nested too deeply.") from error
    return read_seed(value, path.name, path.parent)


def read_seed(value: object, name: str, folder: Path | None = None) -> Seed:
    """Read a seed from parsed JSON.

    Args:
        value: the parsed JSON.
        name: the name of the seed in error messages.
        folder: the folder of the files of flows; None if a seed may name no files.

    Raises:
        ApiError: the seed is invalid; the message starts with `name` and names the part.
    """
    try:
        return _seed(_object(value, "it", _KEYS), folder)
    except InvalidParameter as error:
        raise InvalidParameter(f"{name}: {error.error}") from error


_KEYS = ("account", "phlos", "phones", "default_phone", "callback", "faults", "hosts")


def _seed(given: Mapping[str, Any], folder: Path | None) -> Seed:
    values: dict[str, Any] = {}
    if "account" in given:
        account = _object(given["account"], "account", ("auth_id", "auth_token"))
        values |= {key: _text(account, key, "account") for key in ("auth_id", "auth_token")}
    callbacks: dict[NodeKey, Callback] = {}
    if "phlos" in given:
        listed = {f"phlos[{n}]": one for n, one in enumerate(_list(given["phlos"], "phlos"))}
        flows = {w: _flow(one, w, folder) for w, one in listed.items() if _is_flow(one)}
        _check_flows(flows)
        values["flows"] = tuple(flows.values())
        others = {where: one for where, one in listed.items() if where not in flows}
        values["phlos"] = tuple(_phlo(one, where, callbacks) for where, one in others.items())
        _check_unique([phlo.phlo_id for phlo in values["phlos"]], "phlos", "phlo_id")
    if "callback" in given:
        values["callback"] = read_callback(given["callback"])
    if "default_phone" in given:
        values["default_phone"] = _mix(given["default_phone"])
    values["hosts"] = _hosts(_object(given.get("hosts", {}), "hosts", None))
    phones = _object(given.get("phones", {}), "phones", None)
    faults = enumerate(_list(given.get("faults", []), "faults"))
    return Seed(
        **values,
        callbacks=callbacks,
        phones={to: read_phone(does, f"phones[{to!r}]") for to, does in phones.items()},
        faults=tuple(read_rule(one, f"faults[{n}]") for n, one in faults),
    )


def _hosts(given: Mapping[str, Any]) -> dict[str, str | None]:
    for host, url in given.items():
        if url is not None and not is_url(url):
            raise InvalidParameter(f"hosts[{host!r}]: give a URL, or null for the host itself.")
    return dict(given)


def _mix(value: object) -> PhoneMix:
    try:
        return read_phone_mix(value if isinstance(value, str) else "")
    except ValueError as error:
        raise InvalidParameter(f"default_phone: {error}") from error


def _is_flow(value: object) -> bool:
    return isinstance(value, Mapping) and not value.keys().isdisjoint({"file", "phlo"})


def _flow(value: Mapping[str, Any], where: str, folder: Path | None) -> "Phlo":
    try:
        reader = load_flow_module("reader")
    except ImportError as missing:
        raise InvalidParameter(f"{where}: {missing}") from missing
    try:
        if "file" not in value:
            found: Phlo = reader.read_phlo(value, where)
            return found
        if folder is None:
            raise InvalidParameter(f"{where}.file: only a seed in a file may name files.")
        found = reader.load_phlo(folder / _text(value, "file", where))
    except ValueError as error:  # a FlowError has a line for each problem
        raise InvalidParameter(f"{where}: {error}") from error
    return found


def _check_flows(flows: "Mapping[str, Phlo]") -> None:
    owners: dict[tuple[str, str], str] = {}
    for where, flow in flows.items():
        names = [("id", flow.phlo_id), *(("numbers", number) for number in flow.numbers)]
        for key, name in names:
            owner = owners.setdefault((key, canonical_address(name)), where)
            if owner != where:
                raise InvalidParameter(f"{where}.{key}: {name!r} belongs to {owner} already.")


def _phlo(value: object, where: str, callbacks: dict[NodeKey, Callback]) -> EmulatedPhlo:
    given = _object(value, where, ("phlo_id", "name", "created_on", "nodes", "callback"))
    phlo_id = _text(given, "phlo_id", where)
    of_phlo = "callback" in given and read_callback(given["callback"], f"{where}.callback")
    nodes = []
    for number, one in enumerate(_list(given.get("nodes", []), f"{where}.nodes")):
        node, own = _node(one, f"{where}.nodes[{number}]")
        nodes.append(node)
        if found := own or of_phlo:
            callbacks[phlo_id, node.node_id] = found
    _check_unique([node.node_id for node in nodes], f"{where}.nodes", "node_id")
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


def _object(value: object, where: str, keys: tuple[str, ...] | None) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidParameter(f"{where}: give an object.")
    for key in value:
        if keys is not None and key not in keys:
            inside = "" if where == "it" else f"{where}."
            raise InvalidParameter(f"{inside}{key}: unknown; known are {', '.join(keys)}.")
    return value


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidParameter(f"{where}: give a list.")
    return value


def _text(given: Mapping[str, Any], key: str, where: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not value or not is_unicode(value):
        raise InvalidParameter(f"{where}.{key}: give a string that is not empty.")
    return value


def _check_unique(values: list[str], where: str, key: str) -> None:
    for number, value in enumerate(values):
        if value in values[:number]:
            raise InvalidParameter(f"{where}[{number}].{key}: {value!r} occurs twice.")
