"""What can be asked under `/_emulator/`: all that a person or a test looks at and does, as JSON."""

import json
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from .calls.log_entry import Place
from .calls.members import Role
from .calls.phlos import NodeType
from .errors import BodyTooLarge, InvalidParameter, MalformedBody, UnknownResource
from .faults.rules import read_rules
from .http.phlo_api import Reply
from .http.request import Request
from .http.routes import Handler
from .operator import Operator
from .page import page_file, show_page
from .seed import read_phone, read_seed
from .webhooks.callbacks import read_callback


def control_handlers(emulator: Operator, segments: tuple[str, ...]) -> Mapping[str, Handler]:
    """Return what a path under `/_emulator` does, by method; empty when there is no such path."""
    desk = Desk(emulator)
    match segments:
        case ():
            return {"GET": lambda _: show_page(emulator)}
        case ("page", name):
            return {"GET": lambda _: page_file(name)}
        case ("state",):
            return {"GET": lambda _: Reply(200, emulator.state())}
        case ("board",):
            return {"GET": lambda _: Reply(200, emulator.board())}
        case ("reset",):
            return {"POST": desk.reset}
        case ("log",):
            return {"GET": desk.log}
        case ("faults",):
            return {"GET": desk.faults, "POST": desk.add_faults, "DELETE": desk.clear_faults}
        case ("faults", number):
            return {"DELETE": lambda _: desk.drop_fault(number)}
        case ("deliveries",):
            return {"GET": desk.deliveries}
        case ("deliveries", number, "again"):
            return {"POST": lambda _: desk.send_again(number)}
        case ("callback",):
            return {"GET": desk.callbacks, "POST": desk.set_callback, "DELETE": desk.no_callback}
        case ("seed",):
            return {"POST": desk.seed}
        case ("phones",):
            return {"GET": desk.phones}
        case ("phones", address):
            return {"POST": lambda request: desk.set_phone(address, request)}
        case ("phones", address, act):
            return desk.phone(address, act)
    return {}


class Desk:
    """The handlers, over one emulator."""

    def __init__(self, emulator: Operator) -> None:
        self._emulator = emulator

    def reset(self, _: Request) -> Reply:
        """Be as new."""
        self._emulator.reset()
        return Reply(200, self._emulator.state())

    def log(self, request: Request) -> Reply:
        """The log, newest first: `?call=PHLO/NODE&member=ADDRESS&errors=1&limit=N`."""
        asked = dict(parse_qsl(request.query.decode("latin-1")))
        limit = asked.get("limit", "1000")
        if not (limit.isascii() and limit.isdigit() and len(limit) < 10):
            raise InvalidParameter("limit: give a whole number.")
        errors = asked.get("errors", "") not in ("", "0", "false")
        lines = self._emulator.exchanges(asked.get("call", ""), asked.get("member", ""), errors)
        shown = [line.describe() for line in lines[: int(limit)]]
        return Reply(200, {"entries": shown, "matching": len(lines)})

    # Faults

    def faults(self, _: Request) -> Reply:
        """The rules in force."""
        return Reply(200, {"faults": self._emulator.faults})

    def add_faults(self, request: Request) -> Reply:
        """Put one rule, or a list of them, in force."""
        rules = read_rules(_any_json(request))
        added = [self._emulator.add_fault(rule) for rule in rules]
        return Reply(201, {"faults": self._emulator.faults, "added": added})

    def clear_faults(self, _: Request) -> Reply:
        """Drop every rule."""
        self._emulator.clear_faults()
        return Reply(200, {"faults": []})

    def drop_fault(self, number: str) -> Reply:
        """Drop one rule."""
        if not self._emulator.drop_fault(_number(number)):
            raise UnknownResource("fault")
        return Reply(200, {"faults": self._emulator.faults})

    # Deliveries

    def deliveries(self, _: Request) -> Reply:
        """The deliveries, newest first."""
        return Reply(
            200, {"deliveries": [one.describe() for one in self._emulator.deliveries[::-1]]}
        )

    def send_again(self, number: str) -> Reply:
        """Tell the same once more."""
        found = self._emulator.send_again(_number(number))
        if found is None:
            raise UnknownResource("delivery")
        return Reply(201, found.describe())

    def callbacks(self, _: Request) -> Reply:
        """Where events are told."""
        return Reply(200, self._emulator.callbacks())

    def set_callback(self, request: Request) -> Reply:
        """Tell events of one node, or of all that have none of their own, to a URL."""
        given = dict(request.json())
        place = _place(given.pop("phlo_id", None), given.pop("node_id", None))
        self._emulator.set_callback(read_callback(given), place)
        return Reply(200, self._emulator.callbacks())

    def no_callback(self, request: Request) -> Reply:
        """Tell events nowhere; with a body that names a node, that node's."""
        given = request.json()
        self._emulator.set_callback(None, _place(given.get("phlo_id"), given.get("node_id")))
        return Reply(200, self._emulator.callbacks())

    # What a person does

    def seed(self, request: Request) -> Reply:
        """Start over with what a seed declares."""
        self._emulator.load(read_seed(request.json(), "seed"))
        return Reply(200, self._emulator.board())

    def phones(self, _: Request) -> Reply:
        """The phones something was said about; all others answer at once."""
        return Reply(200, {"phones": self._emulator.phones()})

    def set_phone(self, address: str, request: Request) -> Reply:
        """Say what a phone does: `{"does": "answer", "after": 3}`."""
        self._emulator.set_phone(address, read_phone(request.json(), "phone"))
        return Reply(200, {"phones": self._emulator.phones()})

    def phone(self, address: str, act: str) -> Mapping[str, Handler]:
        """What can be done with a phone, by method."""
        emulator = self._emulator
        acts: dict[str, Callable[[Request], None]] = {
            "answer": lambda _: emulator.answer(address),
            "reject": lambda _: emulator.reject(address),
            "hangup": lambda _: emulator.hang_up(address),
            "ring": lambda request: self._ring_in(address, request),
        }
        if act not in acts:
            return {}

        def do(request: Request) -> Reply:
            acts[act](request)
            return Reply(200, emulator.board())

        return {"POST": do}

    def _ring_in(self, address: str, request: Request) -> None:
        given = request.json()
        role = given.get("role", Role.CUSTOMER)
        if role not in tuple(Role):
            raise InvalidParameter("role: give agent or customer.")
        place = _place(given.get("phlo_id"), given.get("node_id"))
        phlo_id, node_id = place or self._first_node()
        self._emulator.join(phlo_id, node_id, address, Role(str(role)))

    def _first_node(self) -> Place:
        for phlo in self._emulator.phlos:
            for node in phlo.nodes:
                if node.node_type is NodeType.MULTI_PARTY_CALL:
                    return phlo.phlo_id, node.node_id
        raise UnknownResource("node")


def _any_json(request: Request) -> object:
    if request.body is None:
        raise BodyTooLarge
    try:
        return json.loads(request.body.decode("utf-8"))
    except (ValueError, RecursionError) as wrong:
        raise MalformedBody from wrong


def _place(phlo_id: object, node_id: object) -> Place | None:
    if phlo_id is None and node_id is None:
        return None
    if not isinstance(phlo_id, str) or not isinstance(node_id, str):
        raise InvalidParameter("phlo_id, node_id: give both, as texts, or neither.")
    return phlo_id, node_id


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
